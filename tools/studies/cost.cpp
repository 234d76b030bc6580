#include "tools/studies/cost.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <string>

#include "tools/report/number.h"

namespace gradvar {

double Cost::with_threads(int threads) const {
  return std::max(longest_seconds, seconds / std::max(1, threads));
}

Cost expected_cost(const std::vector<Task>& tasks, const std::filesystem::path& directory,
                   double seconds_of_a_trial) {
  std::map<std::string, double> tried;
  Cost cost;
  for (const Task& task : tasks) {
    double seconds = static_cast<double>(task.units) / 1000;
    const nlohmann::json finished = finished_results(task, directory);
    if (!finished.is_null()) {
      cost.each.push_back(finished.value("seconds", seconds));
      continue;
    }
    if (task.trial) {
      const auto [at, is_new] = tried.try_emplace(task.kind, 0.0);
      if (is_new) at->second = task.trial(seconds_of_a_trial);
      seconds = at->second;
    }
    cost.each.push_back(seconds);
    ++cost.tasks;
    cost.seconds += seconds;
    cost.longest_seconds = std::max(cost.longest_seconds, seconds);
  }
  return cost;
}

void announce_cost(const Cost& cost, int threads, ProgressMode mode) {
  if (mode == ProgressMode::kSilent) return;
  const std::string text =
      std::to_string(cost.tasks) + " of " + std::to_string(cost.each.size()) +
      " tasks to do: about " + report::format_duration(cost.with_threads(threads)) + " on " +
      std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") +
      report::format_duration(cost.seconds) +
      " of one core's time (by trials of a few steps, on the machine as busy as it is now)";
  if (mode == ProgressMode::kJson) {
    std::cerr << nlohmann::json{{"event", "message"}, {"task", "reproduce"}, {"text", text}}.dump()
              << '\n';
  } else {
    std::cerr << "reproduce: " << text << '\n';
  }
}

}  // namespace gradvar

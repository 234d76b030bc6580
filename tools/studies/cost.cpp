#include "tools/studies/cost.h"

#include <algorithm>
#include <map>
#include <string>

#include "tools/report/number.h"

namespace gradvar {

double Cost::with_threads(int threads) const {
  return std::max(longest_seconds, seconds / std::max(1, threads));
}

Cost expected_cost(const std::vector<Task>& tasks, const std::filesystem::path& directory) {
  std::map<std::string, double> tried;
  Cost cost;
  for (const Task& task : tasks) {
    if (is_finished(task, directory)) continue;
    double seconds = static_cast<double>(task.units) / 1000;
    if (task.trial) {
      const auto [at, is_new] = tried.try_emplace(task.kind, 0.0);
      if (is_new) at->second = task.trial();
      seconds = at->second;
    }
    ++cost.tasks;
    cost.seconds += seconds;
    cost.longest_seconds = std::max(cost.longest_seconds, seconds);
  }
  return cost;
}

void announce_cost(const std::vector<Task>& tasks, const std::filesystem::path& directory,
                   int threads, ProgressMode mode) {
  const Cost cost = expected_cost(tasks, directory);
  Progress progress(mode, "cost", 0);
  progress.message(std::to_string(cost.tasks) + " of " + std::to_string(tasks.size()) +
                   " tasks to do, by short trials about " + report::format_duration(cost.seconds) +
                   " of one core's time: " + report::format_duration(cost.with_threads(threads)) +
                   " on " + std::to_string(threads) + (threads == 1 ? " thread" : " threads"));
}

}  // namespace gradvar

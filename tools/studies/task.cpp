#include "tools/studies/task.h"

#include <algorithm>
#include <stdexcept>

#include "autograd/lanes.h"
#include "flow/trainer.h"
#include "io/atomic_file.h"
#include "tools/exit_status.h"
#include "tools/interrupt.h"
#include "tools/machine.h"

namespace gradvar {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path results_path(const Task& task, const fs::path& directory) {
  return directory / "cells" / (task.id + ".json");
}

// The task's results when they are there and were made with these settings, else null.
json finished_results(const Task& task, const fs::path& directory) {
  const fs::path path = results_path(task, directory);
  if (!fs::exists(path)) return nullptr;
  json file = json::parse(read_file(path.string()), nullptr, false);
  if (file.is_discarded() || !file.is_object()) return nullptr;
  if (file.value("settings", "") != task.settings || !file.contains("results")) return nullptr;
  return file["results"];
}

json run_task(const Task& task, const fs::path& directory, Progress& progress) {
  json results = finished_results(task, directory);
  if (!results.is_null()) {
    progress.advance(task.units);
    return results;
  }
  try {
    results = task.run(directory, progress);
  } catch (const NonFiniteError& error) {
    throw std::runtime_error(task.id + ": " + error.what());
  }
  results["machine"] = describe_machine().line();
  const fs::path path = results_path(task, directory);
  fs::create_directories(path.parent_path());
  const json file = {{"id", task.id}, {"settings", task.settings}, {"results", results}};
  write_file(path.string(), file.dump() + "\n");
  fs::remove_all(directory / "cells" / (task.id + ".partial"));
  return results;
}

}  // namespace

bool is_finished(const Task& task, const fs::path& directory) {
  return !finished_results(task, directory).is_null();
}

TaskResults run_tasks(const std::vector<Task>& tasks, const fs::path& directory, int threads,
                      ProgressMode mode) {
  std::int64_t total = 0;
  for (const Task& task : tasks) total += task.units;
  std::map<int, std::vector<std::size_t>> stages;
  for (std::size_t k = 0; k < tasks.size(); ++k) stages[tasks[k].stage].push_back(k);
  std::vector<json> results(tasks.size());
  Progress progress(mode, "reproduce", total);
  const InterruptGuard guard(mode == ProgressMode::kBar || mode == ProgressMode::kLines);
  LanePool pool(threads);
  for (auto& stage : stages) {
    std::vector<std::size_t>& order = stage.second;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return tasks[a].units > tasks[b].units; });
    pool.run(static_cast<int>(order.size()), [&](int i) {
      stop_if_interrupted("");
      const std::size_t k = order[i];
      progress.note(tasks[k].id);
      results[k] = run_task(tasks[k], directory, progress);
    });
  }
  progress.finish();
  TaskResults by_id;
  for (std::size_t k = 0; k < tasks.size(); ++k) by_id[tasks[k].id] = std::move(results[k]);
  return by_id;
}

TaskResults read_tasks(const std::vector<Task>& tasks, const fs::path& directory) {
  TaskResults by_id;
  for (const Task& task : tasks) {
    json results = finished_results(task, directory);
    if (results.is_null()) {
      throw std::invalid_argument(
          "'" + directory.string() + "' lacks the results of " + task.id +
          ": run gradvar reproduce again with the same --out, it goes on where it stopped");
    }
    by_id[task.id] = std::move(results);
  }
  return by_id;
}

}  // namespace gradvar

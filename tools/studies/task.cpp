#include "tools/studies/task.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

#include "autograd/lanes.h"
#include "io/atomic_file.h"
#include "tools/exit_status.h"
#include "tools/interrupt.h"
#include "tools/json_text.h"
#include "tools/machine.h"

namespace gradvar {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path results_path(const Task& task, const fs::path& directory) {
  return directory / "cells" / (task.id + ".json");
}

// With the task's name before what went wrong.
[[noreturn]] void fail_with_name(const Task& task) {
  try {
    throw;
  } catch (const Stopped&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const DiskError& error) {
    throw DiskError(task.id + ": " + error.what());
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(task.id + ": " + error.what());
  } catch (const std::exception& error) {
    throw std::runtime_error(task.id + ": " + error.what());
  }
}

json run_task(const Task& task, const fs::path& directory, TaskProgress& progress) {
  json results = task.run(directory, progress);
  results["machine"] = describe_machine().line();
  const fs::path path = results_path(task, directory);
  fs::create_directories(path.parent_path());
  json file = {{"id", task.id}, {"settings", task.settings}, {"results", results}};
  if (!task.made_from.empty()) file["made_from"] = task.made_from;
  write_file(path.string(), json_text(file, -1) + "\n");
  fs::remove_all(directory / "cells" / (task.id + ".partial"));
  return results;
}

// What is asked of all tasks, and how far they are.
class Batch {
 public:
  Batch(const std::vector<Task>& tasks, const fs::path& directory,
        const std::vector<double>& seconds)
      : tasks_(tasks), directory_(directory), results_(tasks.size()) {
    for (std::size_t k = 0; k < tasks.size(); ++k) {
      const double milliseconds =
          seconds.empty() ? static_cast<double>(tasks[k].units) : 1000 * seconds[k];
      shares_.push_back(std::max<std::int64_t>(1, std::llround(milliseconds)));
      total_ += shares_[k];
      stages_[tasks[k].stage].push_back(k);
    }
    for (auto& [stage, order] : stages_) {
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return shares_[a] > shares_[b]; });
    }
  }

  std::vector<json> run(int threads, ProgressMode mode) {
    std::int64_t done = 0;
    for (std::size_t k = 0; k < tasks_.size(); ++k) {
      results_[k] = finished_results(tasks_[k], directory_);
      if (results_[k].is_null()) continue;
      ++finished_;
      done += shares_[k];
    }
    Progress progress(mode, "reproduce", total_, "", done);
    LanePool pool(threads);
    for (const auto& [stage, order] : stages_) {
      pool.run(static_cast<int>(order.size()), [&, &order = order](int i) {
        const std::size_t k = order[static_cast<std::size_t>(i)];
        if (!failed_ && results_[k].is_null()) take(k, progress);
      });
    }
    progress.finish();
    return std::move(results_);
  }

 private:
  void take(std::size_t k, Progress& progress) {
    stop_if_interrupted("");
    const Task& task = tasks_[k];
    progress.note(tasks_text() + ", " + task.id);
    TaskProgress own(progress, task.units, shares_[k]);
    try {
      results_[k] = run_task(task, directory_, own);
    } catch (...) {
      if (!failed_.exchange(true)) {
        progress.message(task.id + " failed; what is under way is brought to its end first");
      }
      fail_with_name(task);
    }
    ++finished_;
    progress.note(tasks_text());
    own.finish();
  }

  [[nodiscard]] std::string tasks_text() const {
    return std::to_string(finished_.load()) + " of " + std::to_string(tasks_.size()) + " tasks";
  }

  const std::vector<Task>& tasks_;
  const fs::path& directory_;
  std::vector<json> results_;
  std::vector<std::int64_t> shares_;  // of the progress, in milliseconds that are expected
  std::int64_t total_ = 0;
  std::map<int, std::vector<std::size_t>> stages_;
  std::atomic<std::size_t> finished_{0};
  std::atomic<bool> failed_{false};
};

}  // namespace

std::int64_t TaskProgress::taken(std::int64_t units) {
  done_ = std::min(done_ + units, units_);
  const double part = units_ == 0 ? 1 : static_cast<double>(done_) / static_cast<double>(units_);
  const std::int64_t now = std::llround(part * static_cast<double>(share_));
  const std::int64_t more = now - told_;
  told_ = now;
  return more;
}

json finished_results(const Task& task, const fs::path& directory) {
  const fs::path path = results_path(task, directory);
  if (!fs::exists(path)) return nullptr;
  json file = json::parse(read_file(path.string()), nullptr, false);
  if (file.is_discarded() || !file.is_object()) return nullptr;
  if (file.value("settings", "") != task.settings || !file.contains("results")) return nullptr;
  // Files from before this was kept do not say what they were made from, and are believed.
  if (file.value("made_from", task.made_from) != task.made_from) return nullptr;
  return file["results"];
}

TaskResults run_tasks(const std::vector<Task>& tasks, const fs::path& directory, int threads,
                      ProgressMode mode, const std::vector<double>& seconds) {
  const InterruptGuard guard(mode == ProgressMode::kBar || mode == ProgressMode::kLines);
  std::vector<json> results = Batch(tasks, directory, seconds).run(threads, mode);
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

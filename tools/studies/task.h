// task: one piece of a study, with its results in one JSON file.
//
// A study is a list of tasks and a way to read their results. A task's results are written when it
// is finished, so that a study that was stopped goes on with the tasks that are missing, and a
// report can be written again without any of the work.
//
//   DIR/cells/<id>.json       finished
//   DIR/cells/<id>.partial/   a training run that was stopped (cell.h)
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/progress.h"

namespace gradvar {

struct Task {
  std::string id;        // "counterexample-sigma-0.05-seed-3": letters, digits, dots, dashes
  std::string settings;  // everything that decides the results; others' results are made again
  std::int64_t units;    // of progress, in proportion to the work
  // Does it, on the calling thread, and returns its results, an object, to which `machine`, the
  // line that describes what it ran on, is added. Advances `progress` by `units` in all.
  // `directory` is for what a stopped task leaves behind. Throws Stopped after saving when an
  // interrupt was requested.
  std::function<nlohmann::json(const std::filesystem::path& directory, Progress& progress)> run;
  // About how many seconds it takes on one thread, found by a short trial; empty: `units` are
  // milliseconds. Tasks of one kind cost the same, so that one of them is tried for all.
  std::function<double()> trial{};
  std::string kind{};
  // Tasks begin when those of all earlier stages are done: they may read what those left behind.
  int stage = 0;
};

// By id.
using TaskResults = std::map<std::string, nlohmann::json>;

// Runs what is missing on `threads` threads, a task a thread, largest first. Progress is on
// standard error. When it is stopped it says nothing but throws Stopped, with the signal's status.
// A number that is not finite ends it with a std::runtime_error that names the task.
[[nodiscard]] TaskResults run_tasks(const std::vector<Task>& tasks,
                                    const std::filesystem::path& directory, int threads,
                                    ProgressMode progress);

// Whether the task's results are there, made with these settings.
[[nodiscard]] bool is_finished(const Task& task, const std::filesystem::path& directory);

// The results that are there. Throws std::invalid_argument naming the first that is missing.
[[nodiscard]] TaskResults read_tasks(const std::vector<Task>& tasks,
                                     const std::filesystem::path& directory);

}  // namespace gradvar

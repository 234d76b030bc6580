// task: one piece of a study, with its results in one JSON file.
//
// A study is a list of tasks and a way to read their results. A task's results are written when it
// is finished, so that a study that was stopped goes on with the tasks that are missing, and a
// report can be written again without any of the work.
//
//   DIR/cells/<id>.json       finished
//   DIR/cells/<id>.partial/   a training run under way (partial.h)
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

// A task's share of the progress of all of them. One thread at a time.
class TaskProgress {
 public:
  // `units` are the task's own, `share` those of `all` that they stand for.
  TaskProgress(Progress& all, std::int64_t units, std::int64_t share)
      : all_(all), units_(units), share_(share) {}
  void advance(std::int64_t units = 1) { all_.advance(taken(units)); }
  // Done when the task was stopped earlier.
  void skip(std::int64_t units) { all_.skip(taken(units)); }
  // Whatever is left.
  void finish() { advance(units_ - done_); }

 private:
  [[nodiscard]] std::int64_t taken(std::int64_t units);

  Progress& all_;
  std::int64_t units_, share_, done_ = 0, told_ = 0;
};

struct Task {
  std::string id;        // "counterexample-sigma-0.05-seed-3": letters, digits, dots, dashes
  std::string settings;  // everything that decides the results; others' results are made again
  std::int64_t units;    // of its own progress, each about the same work
  // Does it, on the calling thread, and returns its results, an object, to which `machine`, the
  // line that describes what it ran on, is added. Advances `progress` by up to `units` in all.
  // `directory` is for what a stopped task leaves behind. Throws Stopped after saving when an
  // interrupt was requested.
  std::function<nlohmann::json(const std::filesystem::path& directory, TaskProgress& progress)> run;
  // About how many seconds it takes on one thread, found by a trial that lasts about `length`
  // seconds; empty: `units` are milliseconds. Tasks of one kind cost the same, so that one of them
  // is tried for all.
  std::function<double(double length)> trial{};
  std::string kind{};
  // Tasks begin when those of all earlier stages are done: they may read what those left behind.
  int stage = 0;
  // The settings of the task whose leavings this one reads, when there is one: results made from
  // leavings of others are made again.
  std::string made_from{};
};

// By id.
using TaskResults = std::map<std::string, nlohmann::json>;

// Runs what is missing on `threads` threads, a task a thread, largest first. `seconds` is what each
// task is expected to take (cost.h), in whose proportion progress goes and tasks are ordered;
// empty: a millisecond a unit. Progress is on standard error. When it is stopped it says nothing
// but throws Stopped, with the signal's status. When a task fails, no other begins, those under way
// are finished, and its error, with its name before it, is a std::invalid_argument if it was one
// and a std::runtime_error otherwise.
[[nodiscard]] TaskResults run_tasks(const std::vector<Task>& tasks,
                                    const std::filesystem::path& directory, int threads,
                                    ProgressMode progress, const std::vector<double>& seconds = {});

// The task's results when they are there and were made with these settings, else null.
[[nodiscard]] nlohmann::json finished_results(const Task& task,
                                              const std::filesystem::path& directory);

// The results that are there. Throws std::invalid_argument naming the first that is missing.
[[nodiscard]] TaskResults read_tasks(const std::vector<Task>& tasks,
                                     const std::filesystem::path& directory);

}  // namespace gradvar

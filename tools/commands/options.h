// options: what several subcommands share.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "tools/progress.h"

namespace gradvar {

struct RuntimeOptions {
  std::int64_t threads = 0;
  std::int64_t lanes = 2;
  std::string precision = "f32";
};
// --threads, --lanes, --precision.
void add_runtime_options(CLI::App& command, RuntimeOptions& options);

struct OutputOptions {
  bool quiet = false;
  bool json = false;
  [[nodiscard]] ProgressMode progress() const { return progress_mode(quiet, json); }
};
// --quiet, --json.
void add_output_options(CLI::App& command, OutputOptions& options);

// What --threads 0 stands for: as many threads as this process may use, at most one a lane.
[[nodiscard]] int resolve_threads(std::int64_t threads, std::int64_t lanes);

// Calls run<float>() or run<double>().
template <class Run>
void with_precision(const std::string& precision, const Run& run) {
  if (precision == "f64") {
    run(double{});
  } else {
    run(float{});
  }
}

}  // namespace gradvar

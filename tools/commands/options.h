// options: what several subcommands share.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tools/progress.h"

namespace gradvar {

// Options that answer a bad value with one sentence, "--lanes is '0', expected a whole number from
// 1 to 4096", as a std::invalid_argument. The present value of `value` is the default in --help.
CLI::Option* add_whole(CLI::App& command, const std::string& name, std::int64_t value,
                       std::int64_t least, std::int64_t most, const std::string& help,
                       std::function<void(std::int64_t)> set);
template <class Integer>
CLI::Option* add_whole(CLI::App& command, const std::string& name, Integer& value,
                       std::int64_t least, std::int64_t most, const std::string& help) {
  return add_whole(command, name, static_cast<std::int64_t>(value), least, most, help,
                   [&value](std::int64_t given) { value = static_cast<Integer>(given); });
}
// A number for which `accepts` holds: "--sigma is '-1', expected a number of 0 or more".
CLI::Option* add_number(CLI::App& command, const std::string& name, double& value,
                        std::function<bool(double)> accepts, const std::string& expected,
                        const std::string& help);
// One of the given words.
CLI::Option* add_choice(CLI::App& command, const std::string& name, std::string& value,
                        const std::vector<std::string>& words, const std::string& help);
// A text of a kind, "SPEC", "FILE", "DIR"; an empty default is not shown.
CLI::Option* add_text(CLI::App& command, const std::string& name, std::string& value,
                      const std::string& kind, const std::string& help);

struct RuntimeOptions {
  std::int64_t threads = 0;
  std::int64_t lanes = 2;
  std::string precision = "f32";
};
// --threads, --lanes, --precision.
void add_runtime_options(CLI::App& command, RuntimeOptions& options);
void add_threads(CLI::App& command, std::int64_t& threads);
void add_lanes(CLI::App& command, std::int64_t& lanes);
void add_precision(CLI::App& command, std::string& precision);

struct OutputOptions {
  bool quiet = false;
  bool json = false;
  [[nodiscard]] ProgressMode progress() const { return progress_mode(quiet, json); }
};
// --quiet, --json.
void add_output_options(CLI::App& command, OutputOptions& options);

// Refuses an option that was given and does not fit: "--angle goes with --coupling rotation".
void only_with(const CLI::App& command, const std::string& option, bool fits,
               const std::string& with);

// What --threads 0 stands for: as many threads as this process may use, at most one a lane.
[[nodiscard]] int resolve_threads(std::int64_t threads, std::int64_t lanes);

// "0.1:0.9". Throws std::invalid_argument unless 0 <= T0 < T1 <= 1.
struct TimeInterval {
  double begin, end;
};
[[nodiscard]] TimeInterval time_interval(const std::string& option, const std::string& text);

// "0,0.05,0.2"; empty for an empty text. Throws std::invalid_argument unless all are 0 or more.
[[nodiscard]] std::vector<double> number_list(const std::string& option, const std::string& text);

// The words a subcommand was given, for reports: "gradvar diagnose --run runs/first", without what
// changes no result.
[[nodiscard]] std::string given_words(const CLI::App& command);

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

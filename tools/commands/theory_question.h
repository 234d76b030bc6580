// theory_question: what `gradvar theory` was asked, from words to a setting of the exact theory.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "tools/commands/options.h"
#include "tools/gaussian_setting.h"

namespace gradvar::commands {

// As typed, with the defaults that --help shows.
struct TheoryOptions {
  std::string theory, planes = "1", coupling = "rotation", field = "optimal", noise = "none";
  std::string covariance, mean = "0", time = "0:1", out;
  std::int64_t dim = 2, per_time = 0;
  double angle = 0, sigma = 0, scale = 1;
  OutputOptions output;
};

// Checked.
struct TheoryQuestion {
  GaussianSetting setting;
  double t_begin = 0, t_end = 1;
};

// `command` knows which options were given. Throws std::invalid_argument when they do not go
// together, or a file does not hold what it should.
[[nodiscard]] TheoryQuestion read_question(const TheoryOptions& options, const CLI::App& command);

}  // namespace gradvar::commands

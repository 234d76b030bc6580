// files: a diagnosis as a directory.
//
//   summary.json          what --json prints
//   by_pair.csv           pair, distance, returned, gradient_norm, loss
//   through_training.csv  a row a snapshot: errors, what is remembered, gradient variances
//   sweep.csv             a row a noise level, where there was a sweep
//   sweep_levels.json     finished levels, written one by one (sweep_levels.h): there before all
//                         else, kept by every later diagnosis, and taken up by the next sweep of
//                         the same settings; .old, .old2, ...: those of other settings
//   figures/, report.html the same to be looked at
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "tools/diagnose/sweep.h"

namespace gradvar {

// Before long work begins; see tools/result_directory.h.
void check_diagnosis_directory(const std::string& option, const std::string& directory);

[[nodiscard]] std::string sweep_levels_file(const std::string& directory);

// What --json prints.
[[nodiscard]] nlohmann::json to_json(const Diagnosis& diagnosis, const std::optional<Sweep>& sweep);

// All of it in one step. `command` is what makes it again.
void write_diagnosis(const std::string& directory, const Diagnosis& diagnosis,
                     const std::optional<Sweep>& sweep, const std::string& command);

}  // namespace gradvar

// identifiability_settings: which networks the study of identifiability trains, on which pairs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/run_config.h"
#include "tools/studies/study.h"

namespace gradvar::identifiability {

struct Setting {
  std::string id, label;
  std::int64_t dim, pairs;
  double spread;
  std::int64_t width;
};

struct Preset {
  int seeds;
  std::int64_t pairs, steps, width;  // the middle of the settings
  std::vector<double> sigmas;        // the first is 0
  std::vector<std::int64_t> dims;
  std::vector<double> pair_factors, spreads, width_factors;  // around the middle
};

[[nodiscard]] Preset preset_of(const StudyOptions& options);
// One thing at a time is moved from the middle, which comes first.
[[nodiscard]] std::vector<Setting> settings_of(const StudyOptions& options);
[[nodiscard]] RunConfig config_of(const StudyOptions& options, const Setting& setting, double sigma,
                                  int seed);
[[nodiscard]] std::string id_of(const Setting& setting, const std::string& what, int seed);

}  // namespace gradvar::identifiability

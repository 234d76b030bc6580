#include "tools/studies/identifiability_settings.h"

#include <cmath>

#include "io/number_text.h"
#include "tools/studies/training_study.h"

namespace gradvar::identifiability {

Preset preset_of(const StudyOptions& options) {
  Preset preset{.seeds = 3,
                .pairs = 64,
                .steps = 1500,
                .width = 64,
                .sigmas = {0, 0.1, 0.3, 1, 3},
                .dims = {2, 32},
                .pair_factors = {0.25},
                .spreads = {1},
                .width_factors = {0.25}};
  if (options.preset == "middle") {
    preset.seeds = 5;
    preset.steps = 5000;
    preset.sigmas = {0, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2};
    preset.pair_factors = {0.25, 4};
    preset.spreads = {1, 8};
    preset.width_factors = {0.25, 3};
  } else if (options.preset == "full") {
    preset = {.seeds = 10,
              .pairs = 200,
              .steps = 30000,
              .width = 128,
              .sigmas = {0, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4},
              .dims = {2, 4, 16, 50},
              .pair_factors = {0.25, 4},
              .spreads = {1, 2, 8},
              .width_factors = {0.25, 0.5, 2}};
  }
  if (options.seeds > 0) preset.seeds = options.seeds;
  return preset;
}

std::vector<Setting> settings_of(const StudyOptions& options) {
  const Preset preset = preset_of(options);
  const Setting middle{"middle", "", 8, preset.pairs, 4, preset.width};
  std::vector<Setting> list = {middle};
  const auto add = [&](const std::string& id, const auto& change) {
    Setting setting = middle;
    change(setting);
    setting.id = id;
    list.push_back(setting);
  };
  for (const std::int64_t dim : preset.dims) {
    add("dim-" + std::to_string(dim), [&](Setting& s) { s.dim = dim; });
  }
  for (const double factor : preset.pair_factors) {
    const std::int64_t pairs = std::llround(factor * static_cast<double>(preset.pairs));
    add("pairs-" + std::to_string(pairs), [&](Setting& s) { s.pairs = pairs; });
  }
  for (const double spread : preset.spreads) {
    add("spread-" + number_text(spread), [&](Setting& s) { s.spread = spread; });
  }
  for (const double factor : preset.width_factors) {
    const std::int64_t width = std::llround(factor * static_cast<double>(preset.width));
    add("width-" + std::to_string(width), [&](Setting& s) { s.width = width; });
  }
  for (Setting& s : list) {
    s.label = "*d* = " + std::to_string(s.dim) + ", " + std::to_string(s.pairs) +
              " pairs, spread " + number_text(s.spread) + ", width " + std::to_string(s.width);
  }
  return list;
}

RunConfig config_of(const StudyOptions& options, const Setting& setting, double sigma, int seed) {
  const std::string dim = std::to_string(setting.dim);
  RunConfig config;
  config.source = "gaussian:dim=" + dim;
  config.target =
      "mixture:dim=" + dim + ",components=5,spread=" + number_text(setting.spread) + ",scale=0.5";
  config.pairs = setting.pairs;
  config.interpolant = interpolant_spec(sigma);
  config.model = "mlp:width=" + std::to_string(setting.width) + ",depth=3,activation=silu";
  config.steps = preset_of(options).steps;
  config.learning_rate = 2e-3;
  config.schedule = "cosine:warmup=100";
  config.seed = static_cast<std::uint64_t>(seed);
  return config;
}

std::string id_of(const Setting& setting, const std::string& what, int seed) {
  return "identifiability-" + setting.id + "-" + what + "-seed-" + std::to_string(seed);
}

}  // namespace gradvar::identifiability

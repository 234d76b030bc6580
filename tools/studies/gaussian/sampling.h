// sampling: gradient variance as a reader with a training loop would measure it, by drawing samples
// and asking the engine for their per-sample gradients; and when that agrees with a closed form.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/statistics.h"
#include "tools/gaussian_setting.h"
#include "tools/studies/gaussian/topic.h"

namespace gradvar::gaussian {

// A target N(m, s^2 I); the pairs rotated in the first `planes` planes, or independent; the optimal
// field, no noise.
[[nodiscard]] GaussianSetting rotated(std::int64_t dim, double angle, std::int64_t planes = 1,
                                      double scale = 1);
[[nodiscard]] GaussianSetting independent(std::int64_t dim, double scale = 1);
// S_ij = rho^|i-j|, the mean `mean` in every coordinate.
[[nodiscard]] GaussianMoments correlated_gaussian(std::int64_t dim, double rho, double mean);
// The same setting with another field, another noise.
[[nodiscard]] GaussianSetting at_field(GaussianSetting setting, GaussianField field);
[[nodiscard]] GaussianSetting with_noise(GaussianSetting setting, InterpolantKind kind,
                                         double sigma);

// The two kinds of noise that are compared.
struct Noise {
  InterpolantKind kind;
  const char* id;
  const char* label;
};
inline constexpr std::array kNoises = {
    Noise{InterpolantKind::kConstantNoise, "constant", "constant noise"},
    Noise{InterpolantKind::kBridge, "bridge", "bridge noise"}};

// A target, and in how many planes pairs turn on the way to it; rotated() as above.
struct RotatedLaw {
  const char* id;
  const char* label;
  GaussianMoments target;
  std::int64_t planes;
};
[[nodiscard]] GaussianSetting rotated(const RotatedLaw& law, double angle);

// Unbiased traces, squared norms of the means, and the mean loss of one batch, in f64.
struct SampledMoments {
  MomentSummary theta, matrix;
  double loss = 0;
  [[nodiscard]] double trace() const { return theta.trace + matrix.trace; }
};
// `count` samples with t uniform on (0, 1), or all at one t. Depends on (seed, setting) alone.
[[nodiscard]] SampledMoments sample_moments(const GaussianSetting& setting, std::int64_t count,
                                            std::uint64_t seed, std::optional<double> t = {});
// The trace of whole batches, one for each seed.
[[nodiscard]] Spread sample_traces(const GaussianSetting& setting, const Preset& preset);

// A closed form beside what was measured, one value for each seed.
struct Comparison {
  double exact = 0;
  Spread measured;
};
[[nodiscard]] Comparison compare(const GaussianSetting& setting, const Preset& preset);
[[nodiscard]] nlohmann::json to_json(const Comparison& comparison);
[[nodiscard]] Comparison comparison_from(const nlohmann::json& json);

// Whether measurements agree with their closed forms: each exact value inside the Student interval
// of its own, at a level so that all intervals hold together with 95 %. Intervals of a few batches
// are wide enough to hold anything, so they must also be narrower than half of what they hold.
struct Agreement {
  int inside = 0, all = 0;
  double farthest = 0;  // standard errors
  double widest = 0;    // half an interval, against the exact value
  [[nodiscard]] bool holds() const { return inside == all && widest <= 0.5; }
  // "24 of 24 inside, the farthest by 2.1 standard errors, the widest ± 8 %".
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] Agreement agreement(const std::vector<Comparison>& comparisons);

}  // namespace gradvar::gaussian

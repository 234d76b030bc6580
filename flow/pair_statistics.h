// pair_statistics: the second pass over the samples of an exact variance, which knows pairs apart.
//
// The first pass (variance.h) gives m = E g. The second takes, for every sample, |g|^2, <m, g> and
// the loss, and for every pair and every (pair, time) the squared norm of its mean gradient
// (GroupNormsCollector). From those follow, with O(parameters) memory and a few numbers a sample:
//
//   by pair        loss, E|g|^2, |E g|^2, trace within the pair, cosine to the mean of all
//   jackknife      intervals over pairs (jackknife.h)
//   attribution    the law of total variance, per layer and whole (attribution.h)
//   alignment      cos(g, m) of every sample, as weighted quantiles
//   noise errors   below
//
// The standard error of the noise. T = E|g|^2 - |m|^2 is a smooth function of means over draws, so
// to first order its error is that of the mean of phi = |g|^2 - 2 <m, g>. Draws are independent
// for every pair and node, hence
//
//   Var T = sum_ik (w_k / N)^2 s^2_ik / R,   s^2_ik = unbiased variance of phi over the R draws
//
// and likewise, by the delta method on (|g|^2, <m, g>), for |m|^2, whose phi is 2 <m, g>, and the
// ratios. It takes two draws or more; what the second order leaves is the bias of |m|^2, of size
// Var / (samples), far below it.
#pragma once

#include <vector>

#include "flow/attribution.h"
#include "flow/jackknife.h"
#include "flow/variance.h"

namespace gradvar {

// Standard errors that come from the noise alone. Zero without noise and with Gauss-Hermite nodes,
// NaN for a single draw, which tells nothing about its error.
struct NoiseErrors {
  double loss = 0, trace = 0, mean_squared_norm = 0, signal_to_noise = 0, noise_scale = 0;
};

// cos(g, m) over the law. Samples whose gradient is zero have no direction and are left out.
struct Alignment {
  std::vector<double> cosines;     // ascending
  std::vector<double> cumulative;  // weight up to and with each, ending at 1
  double mean = 0;
  double share_against = 0;      // weight of cosines below 0
  double without_direction = 0;  // weight of what was left out, of the whole

  // The least cosine with at least this share of the weight at or below it; NaN when there is none.
  // REQUIRES: 0 <= probability <= 1.
  [[nodiscard]] double quantile(double probability) const;
};

struct PairReport {
  std::vector<PairStatistics> by_pair;
  PairJackknife jackknife;
  std::vector<NestedSquares> by_layer;  // in layout.layers() order
  NestedSquares whole;
  NoiseErrors noise_errors;
  Alignment alignment;
  std::int64_t noise_points = 1;
  bool noise_drawn = false;

  // Whether the parts can be freed from the noise of the draws' own means.
  [[nodiscard]] bool has_unbiased_parts() const { return noise_drawn && noise_points >= 2; }
  [[nodiscard]] VarianceParts unbiased_parts(const NestedSquares& squares) const {
    return squares.unbiased_parts(static_cast<double>(by_pair.size()),
                                  static_cast<double>(noise_points));
  }
};

// A pair's samples stay together in a batch, lanes times over, so that is what memory must hold.
inline constexpr std::int64_t kMostSamplesOfAPair = 1 << 16;
// Nodes in time times points of noise, of pairs of d numbers. Throws std::invalid_argument where
// the options do, and when they are more than kMostSamplesOfAPair.
[[nodiscard]] std::int64_t samples_of_a_pair(const Interpolant& interpolant,
                                             const VarianceOptions& options, std::int64_t d);

// `first` is what measure_variance gave for the same arguments. Throws std::invalid_argument as it
// and samples_of_a_pair do. after_batch is called with how many samples each batch had, of pairs x
// samples_of_a_pair in all; what it throws ends the measurement.
template <class Real>
[[nodiscard]] PairReport measure_pairs(Engine<Real>& engine, const Model<Real>& model,
                                       const Interpolant& interpolant, const Tensor<Real>& x0,
                                       const Tensor<Real>& x1, const VarianceOptions& options,
                                       const VarianceReport& first,
                                       const std::function<void(std::int64_t)>& after_batch = {});

}  // namespace gradvar

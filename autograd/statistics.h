// statistics: means, variances and their units.
//
//   N samples with weights w_n, W = sum w_n, W2 = sum w_n^2, mean = sum w_n g_n / W,
//   M2 = sum w_n (g_n - mean)^2, the sum of squared deviations.
//
//   population variance   M2 / W               the variance of the law that has just these samples
//   unbiased variance     M2 / (W - W2 / W)    M2 / (N - 1) when all weights are one
//
// The unbiased form treats weights as reliabilities, not as counts of repeated samples: it does not
// change when all weights are scaled, as quadrature weights that add up to one need it.
// Every variance here is that of one sample's gradient, not of the batch mean's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/lanes.h"
#include "autograd/parameters.h"
#include "autograd/tensor.h"

namespace gradvar {

enum class Estimator { kPopulation, kUnbiased };

[[nodiscard]] std::string_view to_string(Estimator estimator);

// What the weights of a set of samples add up to.
struct Weights {
  std::int64_t samples = 0;
  double sum = 0;          // W
  double sum_squares = 0;  // W2

  // All weights one when `weights` is empty.
  template <class Real>
  [[nodiscard]] static Weights of(std::span<const Real> weights, std::int64_t samples);
  // What M2 is divided by. Throws std::invalid_argument for the unbiased estimator when a single
  // sample carries all the weight.
  [[nodiscard]] double divisor(Estimator estimator) const;
};

// The two numbers kept for a parameter, a layer, or the whole: enough for every ratio below.
struct MomentSummary {
  double trace = 0;              // trace of the covariance of one sample's gradient
  double mean_squared_norm = 0;  // |mean gradient|^2

  // |mean|^2 / trace, and its inverse, the (simple) gradient noise scale of McCandlish et al., "An
  // empirical model of large-batch training" (2018), tr Cov / |mean|^2. Both carry the bias of
  // |mean|^2, which overestimates the squared norm of the true mean by trace / N.
  [[nodiscard]] double signal_to_noise() const { return mean_squared_norm / trace; }
  [[nodiscard]] double noise_scale() const { return trace / mean_squared_norm; }
  MomentSummary& operator+=(const MomentSummary& other);
};

// Sums the entries of `by_parameter` that belong to each layer; layers as in layout.layers().
[[nodiscard]] std::vector<MomentSummary> summarise_layers(
    const ParameterLayout& layout, std::span<const MomentSummary> by_parameter);
[[nodiscard]] MomentSummary summarise_whole(std::span<const MomentSummary> by_parameter);

// Mean and M2 of any number of batches, in f64, merged pairwise (Chan, Golub and LeVeque, "Updating
// formulae and a pairwise algorithm for computing sample variances", 1979). The merge adds
// (mean_b - mean_a)^2 W_a W_b / (W_a + W_b) to M2: no large numbers are subtracted.
class StreamingMoments {
 public:
  StreamingMoments() = default;
  explicit StreamingMoments(const ParameterLayout& layout);

  // Another batch: its mean and M2 as flat arrays over the layout, and its weights. The threads of
  // a pool share the elements; the bits are the same.
  template <class Real>
  void merge(std::span<const Real> mean, std::span<const Real> squared_deviations,
             const Weights& weights, LanePool* pool = nullptr);
  void merge(const StreamingMoments& other);

  [[nodiscard]] const Weights& weights() const { return weights_; }
  [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
  [[nodiscard]] std::span<const double> mean() const { return mean_.values(); }
  [[nodiscard]] std::span<const double> squared_deviations() const { return m2_.values(); }
  // Per element, flat.
  [[nodiscard]] Tensor<double> variance(Estimator estimator) const;
  [[nodiscard]] std::vector<MomentSummary> summaries(Estimator estimator) const;

 private:
  ParameterLayout layout_;
  Weights weights_;
  Tensor<double> mean_;
  Tensor<double> m2_;
};

}  // namespace gradvar

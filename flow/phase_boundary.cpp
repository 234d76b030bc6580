#include <algorithm>
#include <cmath>

#include "autograd/check.h"
#include "flow/gaussian_theory.h"

namespace gradvar {

namespace {

constexpr double kSmallest = 1e-8, kLargest = 1e4, kStep = 1.5;

// The law of A x0 + b.
GaussianMoments pushed(const GaussianMoments& source, const AffineMap& map) {
  const std::int64_t d = map.dim();
  Tensor<double> transposed(Shape{d, d}), mean = source.mean;
  for (std::int64_t i = 0; i < d * d; ++i) transposed[i % d * d + i / d] = map.matrix[i];
  GaussianMoments target{{}, product(product(map.matrix, source.covariance), transposed)};
  for (std::int64_t i = 0; i < d; ++i) {
    for (std::int64_t j = 0; j < i; ++j) {
      target.covariance[i * d + j] = target.covariance[j * d + i];  // equal but for rounding
    }
  }
  mean.reshape({1, d});
  target.mean = map.apply(mean);
  target.mean.reshape({d});
  return target;
}

double trace(const Tensor<double>& matrix) {
  double sum = 0;
  for (std::int64_t i = 0; i < matrix.rows(); ++i) sum += matrix.row(i)[i];
  return sum;
}

}  // namespace

PhaseBoundary phase_boundary(const GaussianMoments& source, const AffineMap& coupling,
                             InterpolantKind kind, BridgeTarget target, double t_begin,
                             double t_end, const std::function<void()>& after_time) {
  check(kind == InterpolantKind::kConstantNoise || kind == InterpolantKind::kBridge,
        "phase boundary", "the interpolant has no noise, expected constant noise or a bridge");
  const GaussianCoupling pairs = GaussianCoupling::mapped(source, coupling);
  const Interpolant noise{.kind = kind, .sigma = 0, .target = target};
  // Refuses a source and a map that do not fit, before they are multiplied.
  const GaussianTheory own_field(pairs, coupling, noise);
  const AffineMap optimal = optimal_map(source, pushed(source, coupling));
  const GaussianTheory optimal_field(pairs, optimal, noise);
  const auto variance = [&](const GaussianTheory& field, double sigma) {
    return field.with_sigma(sigma).over(t_begin, t_end, after_time);
  };
  const double unit = std::sqrt(trace(source.covariance) / static_cast<double>(coupling.dim()));

  const GaussianVariance at_pairs = variance(own_field, unit);
  const GaussianVariance at_optimal = variance(optimal_field, unit);
  if (!at_optimal.finite()) return {std::nullopt, at_optimal.divergence};
  if (!at_pairs.finite()) {
    return {0.0, "with any noise the variance at the coupling's own field is infinite: " +
                     at_pairs.divergence};
  }
  double apart = 0, size = 1;
  for (std::int64_t i = 0; i < coupling.matrix.size(); ++i) {
    apart = std::max(apart, std::abs(coupling.matrix[i] - optimal.matrix[i]));
    size = std::max(size, std::abs(coupling.matrix[i]));
  }
  if (apart <= 1e-10 * size) return {std::nullopt, "the coupling is optimal: the fields are one"};

  const auto excess = [&](double sigma) {
    return variance(optimal_field, sigma).whole().trace - variance(own_field, sigma).whole().trace;
  };
  double low = 0, high = kSmallest * unit;
  if (excess(high) <= 0) return {0.0, "it is below the smallest noise looked at"};
  do {
    low = high;
    high *= kStep;
    if (high > kLargest * unit) {
      return {std::nullopt,
              "the variance at the optimal field is larger for every noise looked at"};
    }
  } while (excess(high) > 0);
  while (high - low > 1e-11 * high) {
    const double middle = (low + high) / 2;
    (excess(middle) > 0 ? low : high) = middle;
  }
  return {(low + high) / 2, {}};
}

}  // namespace gradvar

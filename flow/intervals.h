// intervals: how far a mean may be off.
//
// Student's t for a few numbers, one a seed; the percentile bootstrap for many, one a sample.
#pragma once

#include <cstdint>
#include <span>

namespace gradvar {

struct Interval {
  double low, mean, high;
};

// mean -+ t s / sqrt(n), s the unbiased standard deviation, t the quantile of Student's law with
// n - 1 degrees of freedom: covers the true mean with probability `level` for normal values. Throws
// std::invalid_argument unless there are 2 values or more, all finite, and 0 < level < 1.
[[nodiscard]] Interval student_interval(std::span<const double> values, double level = 0.95);

// The (1 - level) / 2 and (1 + level) / 2 quantiles of the means of `resamples` draws with
// replacement (Efron, "Bootstrap methods", 1979), fixed by the seed. Throws std::invalid_argument
// unless there are values, all finite, 0 < level < 1 and resamples >= 1.
[[nodiscard]] Interval bootstrap_interval(std::span<const double> values, std::uint64_t seed,
                                          double level = 0.95, std::int64_t resamples = 2000);

// I_x(a, b), the regularised incomplete beta function, to about 1e-14. `complement` is 1 - x, given
// apart so that neither end loses digits. Throws std::invalid_argument unless a, b > 0 and both
// x and its complement are in [0, 1].
[[nodiscard]] double incomplete_beta(double a, double b, double x, double complement);
// P(T <= t) for Student's law, and its inverse. Throw std::invalid_argument unless degrees > 0 and,
// for the inverse, 0 < probability < 1.
[[nodiscard]] double student_probability(double t, double degrees);
[[nodiscard]] double student_quantile(double probability, double degrees);

}  // namespace gradvar

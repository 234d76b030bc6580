#include "flow/intervals.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "autograd/check.h"
#include "autograd/random.h"
#include "flow/distances.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

// The continued fraction of I_x(a, b) (DLMF 8.17.22), by the modified Lentz method:
//   1 / (1 + d_1 / (1 + d_2 / (1 + ...)))
//   d_2m = m (b - m) x / ((a + 2m - 1)(a + 2m))
//   d_2m+1 = -(a + m)(a + b + m) x / ((a + 2m)(a + 2m + 1))
// It converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double upper = std::numeric_limits<double>::infinity(), lower = 1, value = 1;
  for (int k = 1; k < 10000; ++k) {
    const int m = k / 2;
    const double d = k % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    lower = 1 / away_from_zero(1 + d * lower);
    upper = away_from_zero(1 + d / upper);
    value *= upper * lower;
    if (std::abs(upper * lower - 1) < std::numeric_limits<double>::epsilon()) break;
  }
  return value;
}

void check_level(std::string_view where, double level) {
  check(level > 0 && level < 1, where,
        "the level is " + number_text(level) + ", expected a number between 0 and 1");
}

void check_degrees(double degrees) {
  check(std::isfinite(degrees) && degrees > 0, "student",
        "the degrees of freedom are " + number_text(degrees) + ", expected a positive number");
}

}  // namespace

double incomplete_beta(double a, double b, double x, double complement) {
  check(a > 0 && b > 0, "incomplete_beta",
        "a is " + number_text(a) + " and b is " + number_text(b) + ", expected positive numbers");
  check(x >= 0 && x <= 1 && complement >= 0 && complement <= 1, "incomplete_beta",
        "x is " + number_text(x) + " and its complement " + number_text(complement) +
            ", expected numbers from 0 to 1");
  if (x == 0) return 0;
  if (complement == 0) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, complement, x);
  const double log_front = a * std::log(x) + b * std::log(complement) + std::lgamma(a + b) -
                           std::lgamma(a) - std::lgamma(b);
  return std::exp(log_front) / a * beta_fraction(a, b, x);
}

double student_probability(double t, double degrees) {
  check_degrees(degrees);
  // P(|T| > |t|) = I_x(degrees / 2, 1 / 2) at x = degrees / (degrees + t^2).
  const double total = degrees + t * t;
  const double x = std::isinf(total) ? 0 : degrees / total;
  const double complement = std::isinf(total) ? 1 : t * t / total;
  const double beyond = incomplete_beta(degrees / 2, 0.5, x, complement) / 2;
  return t > 0 ? 1 - beyond : beyond;
}

double student_quantile(double probability, double degrees) {
  check_degrees(degrees);
  check(probability > 0 && probability < 1, "student",
        "the probability is " + number_text(probability) + ", expected one between 0 and 1");
  if (probability > 0.5) return -student_quantile(1 - probability, degrees);
  if (probability == 0.5) return 0;
  // Bisection in the lower tail, where probabilities keep their relative accuracy.
  double low = -1, high = 0;
  while (student_probability(low, degrees) > probability && std::isfinite(low)) {
    high = low;
    low *= 2;
  }
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    (student_probability(middle, degrees) > probability ? high : low) = middle;
  }
}

Interval student_interval(std::span<const double> values, double level) {
  check_level("student", level);
  check(values.size() >= 2, "student",
        "an interval needs 2 values or more, found " + std::to_string(values.size()));
  const Summary summary = summarise(values);
  const double t = student_quantile((1 + level) / 2, static_cast<double>(summary.n - 1));
  const double half = t * summary.standard_deviation / std::sqrt(static_cast<double>(summary.n));
  return {summary.mean - half, summary.mean, summary.mean + half};
}

Interval bootstrap_interval(std::span<const double> values, std::uint64_t seed, double level,
                            std::int64_t resamples) {
  check_level("bootstrap", level);
  check(resamples >= 1, "bootstrap",
        std::to_string(resamples) + " resamples asked for, expected 1 or more");
  const double mean = summarise(values).mean;
  const RandomStream stream(seed, Purpose::kEvaluation);
  const auto n = static_cast<std::uint32_t>(values.size());
  std::vector<double> means(resamples);
  for (std::int64_t r = 0; r < resamples; ++r) {
    // As deviations from the mean, so that equal values give an interval of no width.
    double sum = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      sum += values[stream.below(n, static_cast<std::uint64_t>(r), i)] - mean;
    }
    means[r] = mean + sum / n;
  }
  std::sort(means.begin(), means.end());
  return {sorted_quantile(means, (1 - level) / 2), mean, sorted_quantile(means, (1 + level) / 2)};
}

}  // namespace gradvar

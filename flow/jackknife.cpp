#include "flow/jackknife.h"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/check.h"
#include "autograd/statistics.h"
#include "flow/intervals.h"

namespace gradvar {

namespace {

constexpr std::size_t kNumbers = 4;
using Numbers = std::array<double, kNumbers>;

Numbers numbers_of(double squared_norm, double mean_squared_norm) {
  const MomentSummary m{squared_norm - mean_squared_norm, mean_squared_norm};
  return {m.trace, m.mean_squared_norm, m.signal_to_noise(), m.noise_scale()};
}

}  // namespace

double PairStatistics::cosine(double whole_mean_squared_norm) const {
  return projection / std::sqrt(mean_squared_norm * whole_mean_squared_norm);
}

PairJackknife jackknife_over_pairs(std::span<const PairStatistics> pairs, double mean_squared_norm,
                                   double level) {
  check(!pairs.empty(), "jackknife", "there are no pairs, expected at least one");
  const auto n = static_cast<double>(pairs.size());
  double squared_norm = 0;
  for (const PairStatistics& pair : pairs) squared_norm += pair.squared_norm / n;
  const Numbers whole = numbers_of(squared_norm, mean_squared_norm);

  // As differences from the whole, so that equal pairs give an error of zero.
  std::vector<Numbers> left(pairs.size());
  Numbers mean{}, spread{}, log_mean{}, log_spread{};
  for (std::size_t i = 0; i < pairs.size() && n > 1; ++i) {
    const PairStatistics& pair = pairs[i];
    const double mean_without =
        (n * n * mean_squared_norm - 2 * n * pair.projection + pair.mean_squared_norm) /
        ((n - 1) * (n - 1));
    left[i] = numbers_of((n * squared_norm - pair.squared_norm) / (n - 1), mean_without);
    for (std::size_t q = 0; q < kNumbers; ++q) {
      mean[q] += (left[i][q] - whole[q]) / n;
      log_mean[q] += std::log(left[i][q] / whole[q]) / n;
    }
  }
  for (const Numbers& one : left) {
    for (std::size_t q = 0; q < kNumbers; ++q) {
      spread[q] += std::pow(one[q] - whole[q] - mean[q], 2);
      log_spread[q] += std::pow(std::log(one[q] / whole[q]) - log_mean[q], 2);
    }
  }
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const double t = n > 1 ? student_quantile((1 + level) / 2, n - 1) : 0;
  std::array<Jackknifed, kNumbers> results;
  for (std::size_t q = 0; q < kNumbers; ++q) {
    Jackknifed& result = results[q];
    result.estimate = whole[q];
    result.standard_error = n > 1 ? std::sqrt((n - 1) / n * spread[q]) : kNone;
    result.bias = n > 1 ? (n - 1) * mean[q] : kNone;
    const double factor = n > 1 ? std::exp(t * std::sqrt((n - 1) / n * log_spread[q])) : kNone;
    result.low = result.estimate / factor;
    result.high = result.estimate * factor;
  }
  return {results[0], results[1], results[2], results[3]};
}

}  // namespace gradvar

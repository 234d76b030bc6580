#include "autograd/statistics.h"

#include <algorithm>
#include <limits>

#include "autograd/check.h"
#include "autograd/kernels.h"

namespace gradvar {

namespace {

// Threads share blocks of so many elements: no element is at the end of a vector for one number of
// threads and within one for another.
constexpr std::int64_t kBlock = 1024;

}  // namespace

std::string_view to_string(Estimator estimator) {
  return estimator == Estimator::kUnbiased ? "unbiased" : "population";
}

template <class Real>
Weights Weights::of(std::span<const Real> weights, std::int64_t samples) {
  if (weights.empty()) {
    const auto n = static_cast<double>(samples);
    return {samples, n, n};
  }
  Weights total{samples, 0, 0};
  for (const Real w : weights) {
    total.sum += static_cast<double>(w);
    total.sum_squares += static_cast<double>(w) * static_cast<double>(w);
  }
  return total;
}

double Weights::divisor(Estimator estimator) const {
  if (estimator == Estimator::kPopulation) return sum;
  const double divisor = sum - sum_squares / sum;
  // For a single sample the difference is 0 up to rounding, which must not pass for a divisor.
  check(divisor > 4 * std::numeric_limits<double>::epsilon() * sum, "statistics", [&] {
    return "the unbiased variance of " + std::to_string(samples) +
           " sample(s) is not defined when one of them carries all the weight; give at least two "
           "or ask for the population variance";
  });
  return divisor;
}

MomentSummary& MomentSummary::operator+=(const MomentSummary& other) {
  trace += other.trace;
  mean_squared_norm += other.mean_squared_norm;
  return *this;
}

std::vector<MomentSummary> summarise_layers(const ParameterLayout& layout,
                                            std::span<const MomentSummary> by_parameter) {
  const std::vector<std::string> layers = layout.layers();
  std::vector<MomentSummary> summaries(layers.size());
  for (int i = 0; i < layout.count(); ++i) {
    const auto layer = std::find(layers.begin(), layers.end(), layout.infos()[i].layer());
    summaries[layer - layers.begin()] += by_parameter[i];
  }
  return summaries;
}

MomentSummary summarise_whole(std::span<const MomentSummary> by_parameter) {
  MomentSummary whole;
  for (const MomentSummary& one : by_parameter) whole += one;
  return whole;
}

StreamingMoments::StreamingMoments(const ParameterLayout& layout)
    : layout_(layout), mean_(Shape{layout.padded_size()}), m2_(Shape{layout.padded_size()}) {}

template <class Real>
void StreamingMoments::merge(std::span<const Real> mean, std::span<const Real> squared_deviations,
                             const Weights& weights, LanePool* pool) {
  check(static_cast<std::int64_t>(mean.size()) == mean_.size() &&
            squared_deviations.size() == mean.size(),
        "statistics", [&] {
          return "moments of " + std::to_string(mean.size()) +
                 " numbers cannot be merged into moments of " + std::to_string(mean_.size());
        });
  if (weights.sum <= 0) return;
  const double total = weights_.sum + weights.sum;
  const double share = weights.sum / total;
  const double between = weights_.sum * share;  // W_a W_b / (W_a + W_b)
  const auto merge_part = [&](int parts, int part) {
    LanePool::Range range = LanePool::piece((mean_.size() + kBlock - 1) / kBlock, parts, part);
    range = {std::min(range.begin * kBlock, mean_.size()),
             std::min(range.end * kBlock, mean_.size())};
    kernels::stream_moments(mean.data() + range.begin, squared_deviations.data() + range.begin,
                            share, between, mean_.data() + range.begin, m2_.data() + range.begin,
                            range.end - range.begin);
  };
  if (pool == nullptr) {
    merge_part(1, 0);
  } else {
    pool->run(pool->threads(), [&](int part) { merge_part(pool->threads(), part); });
  }
  weights_.samples += weights.samples;
  weights_.sum = total;
  weights_.sum_squares += weights.sum_squares;
}

void StreamingMoments::merge(const StreamingMoments& other) {
  merge(other.mean(), other.squared_deviations(), other.weights());
}

Tensor<double> StreamingMoments::variance(Estimator estimator) const {
  const double divisor = weights_.divisor(estimator);
  Tensor<double> variance(m2_.shape());
  for (std::int64_t i = 0; i < m2_.size(); ++i) variance[i] = m2_[i] / divisor;
  return variance;
}

std::vector<MomentSummary> StreamingMoments::summaries(Estimator estimator) const {
  const double divisor = weights_.divisor(estimator);
  std::vector<MomentSummary> summaries;
  for (const ParameterInfo& info : layout_.infos()) {
    MomentSummary& summary = summaries.emplace_back();
    for (std::int64_t i = info.offset; i < info.offset + info.size(); ++i) {
      summary.trace += m2_[i] / divisor;
      summary.mean_squared_norm += mean_[i] * mean_[i];
    }
  }
  return summaries;
}

template Weights Weights::of(std::span<const float>, std::int64_t);
template Weights Weights::of(std::span<const double>, std::int64_t);
template void StreamingMoments::merge(std::span<const float>, std::span<const float>,
                                      const Weights&, LanePool*);
template void StreamingMoments::merge(std::span<const double>, std::span<const double>,
                                      const Weights&, LanePool*);

}  // namespace gradvar

#include "flow/distances.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "autograd/check.h"
#include "autograd/random.h"
#include "flow/pairwise.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

double distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

// The two nearest targets of a point.
struct TwoNearest {
  std::int64_t first = -1;
  double first_squared = std::numeric_limits<double>::infinity();
  double second_squared = std::numeric_limits<double>::infinity();

  void offer(std::int64_t row, double squared) {
    if (squared < first_squared) {
      second_squared = first_squared;
      first = row;
      first_squared = squared;
    } else if (squared < second_squared) {
      second_squared = squared;
    }
  }
};

}  // namespace

std::vector<double> row_distances(const Tensor<double>& a, const Tensor<double>& b) {
  check_same_shape("distances", "one set", a.shape(), "the other", b.shape());
  std::vector<double> distances(a.rows());
  for (std::int64_t n = 0; n < a.rows(); ++n) distances[n] = distance(a.row(n), b.row(n));
  return distances;
}

double sorted_quantile(std::span<const double> sorted, double level) {
  const double place = level * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return std::lerp(sorted[below], sorted[below + 1], place - static_cast<double>(below));
}

Summary summarise(std::span<const double> values, std::span<const double> levels) {
  check(!values.empty(), "summary", "there are no values, expected 1 or more");
  for (std::size_t i = 0; i < values.size(); ++i) {
    check(std::isfinite(values[i]), "summary", [&] {
      return "value " + std::to_string(i) + " is " + number_text(values[i]) +
             ", expected a finite number";
    });
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  Summary summary;
  summary.n = static_cast<std::int64_t>(values.size());
  const auto n = static_cast<double>(values.size());
  summary.mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / n;
  double squares = 0;
  for (const double value : sorted) squares += (value - summary.mean) * (value - summary.mean);
  summary.standard_deviation =
      values.size() > 1 ? std::sqrt(squares / (n - 1)) : std::numeric_limits<double>::quiet_NaN();
  summary.median = sorted_quantile(sorted, 0.5);
  for (const double level : levels) {
    check(level >= 0 && level <= 1, "summary",
          "the quantile level is " + number_text(level) + ", expected 0 to 1");
    summary.quantiles.push_back({level, sorted_quantile(sorted, level)});
  }
  return summary;
}

double random_partner_distance(const Tensor<double>& a, const Tensor<double>& b, std::uint64_t seed,
                               LanePool* pool) {
  check_same_shape("distances", "one set", a.shape(), "the other", b.shape());
  check(a.rows() >= 2, "distances",
        "random partners need 2 rows or more, found " + std::to_string(a.rows()));
  if (a.rows() > kExactRows) {
    const std::vector<std::int64_t> rows = random_subset(a.rows(), kExactRows, seed);
    return random_partner_distance(select_rows(a, rows), select_rows(b, rows), seed, pool);
  }
  const double sum = PairwiseDistances(a, b).sum(
      [](const PairwiseDistances::Block& block) {
        double partial = 0;
        for (std::int64_t i = 0; i < block.x_count; ++i) {
          for (std::int64_t j = 0; j < block.y_count; ++j) {
            if (block.x_begin + i == block.y_begin + j) continue;
            partial += std::sqrt(block.squared[i * block.y_count + j]);
          }
        }
        return partial;
      },
      pool);
  const auto n = static_cast<double>(a.rows());
  return sum / (n * (n - 1));
}

NearestTargets nearest_targets(const Tensor<double>& generated, const Tensor<double>& targets,
                               LanePool* pool) {
  check(generated.rows() >= 1, "nearest", "there are no generated points, expected 1 or more");
  check(targets.rows() >= 2, "nearest",
        "a second nearest target needs 2 targets or more, found " + std::to_string(targets.rows()));
  std::vector<TwoNearest> best(generated.rows());
  (void)PairwiseDistances(generated, targets)
      .sum(
          [&](const PairwiseDistances::Block& block) {
            for (std::int64_t i = 0; i < block.x_count; ++i) {
              for (std::int64_t j = 0; j < block.y_count; ++j) {
                best[block.x_begin + i].offer(block.y_begin + j,
                                              block.squared[i * block.y_count + j]);
              }
            }
            return 0.0;
          },
          pool);
  NearestTargets result;
  std::int64_t memorised = 0;
  for (std::int64_t n = 0; n < generated.rows(); ++n) {
    const double first = std::sqrt(best[n].first_squared);
    const double second = std::sqrt(best[n].second_squared);
    result.nearest.push_back(best[n].first);
    result.distance.push_back(first);
    result.ratio.push_back(second > 0 ? first / second : 1);
    if (result.ratio.back() < kMemorisedRatio) ++memorised;
  }
  result.memorised_share = static_cast<double>(memorised) / static_cast<double>(generated.rows());
  return result;
}

Tensor<double> select_rows(const Tensor<double>& tensor, std::span<const std::int64_t> rows) {
  Tensor<double> selected(tensor.shape().with_rows(static_cast<std::int64_t>(rows.size())));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::span<const double> row = tensor.row(rows[i]);
    std::copy(row.begin(), row.end(), selected.row(static_cast<std::int64_t>(i)).begin());
  }
  return selected;
}

std::vector<std::int64_t> random_subset(std::int64_t total, std::int64_t count,
                                        std::uint64_t seed) {
  std::vector<std::int64_t> order(total);
  RandomStream(seed, Purpose::kEvaluation).permutation(0, order);
  order.resize(std::min(total, count));
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace gradvar

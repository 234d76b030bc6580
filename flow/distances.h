// distances: how far generated points are from where memorisation or generalisation would put them.
//
// Everything is Euclidean, in f64, over a sample's coordinates flattened: images count as vectors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/lanes.h"
#include "autograd/tensor.h"

namespace gradvar {

// |a_n - b_n| for every row. a, b [N, ...]. Throws std::invalid_argument when the shapes differ.
[[nodiscard]] std::vector<double> row_distances(const Tensor<double>& a, const Tensor<double>& b);

struct Quantile {
  double level;  // in [0, 1]
  double value;
};

struct Summary {
  std::int64_t n = 0;
  double mean = 0;
  double standard_deviation = 0;  // unbiased, of one value, not of the mean; NaN for n = 1
  double median = 0;
  std::vector<Quantile> quantiles;
};

// Throws std::invalid_argument when there are no values, one is not finite, or a level is outside
// [0, 1].
[[nodiscard]] Summary summarise(std::span<const double> values,
                                std::span<const double> levels = {});
// Linear between order statistics: level p stands at place p (n - 1) of the ascending values.
// REQUIRES: sorted ascending, not empty, 0 <= level <= 1.
[[nodiscard]] double sorted_quantile(std::span<const double> sorted, double level);

// The mean of |a_i - b_j| over all i != j: what a distance to the partner is to be compared with.
// Exact up to kExactRows rows; with more, over a random subset of that many, fixed by the seed.
// Throws std::invalid_argument when the shapes differ or there are fewer than 2 rows.
inline constexpr std::int64_t kExactRows = 4096;
[[nodiscard]] double random_partner_distance(const Tensor<double>& a, const Tensor<double>& b,
                                             std::uint64_t seed = 0, LanePool* pool = nullptr);

// For every generated point, the nearest training target and the ratio of its distance to that of
// the second nearest: small when the point sits on one target, near 1 when it belongs to none.
struct NearestTargets {
  std::vector<std::int64_t> nearest;  // row of the targets
  std::vector<double> distance;       // to it
  std::vector<double> ratio;          // 1 when both distances are 0: a repeated target
  double memorised_share = 0;         // of points whose ratio is below kMemorisedRatio
};
inline constexpr double kMemorisedRatio = 1.0 / 3;
// generated [N, ...], N >= 1, targets [M, ...], M >= 2, all finite. Throws
// std::invalid_argument otherwise.
[[nodiscard]] NearestTargets nearest_targets(const Tensor<double>& generated,
                                             const Tensor<double>& targets,
                                             LanePool* pool = nullptr);

// Rows of a tensor in the order given, repeats allowed. REQUIRES: 0 <= rows < tensor.rows().
[[nodiscard]] Tensor<double> select_rows(const Tensor<double>& tensor,
                                         std::span<const std::int64_t> rows);
// `count` distinct rows of 0 .. total - 1, uniform, fixed by the seed, ascending; all of them when
// count >= total.
[[nodiscard]] std::vector<std::int64_t> random_subset(std::int64_t total, std::int64_t count,
                                                      std::uint64_t seed);

}  // namespace gradvar

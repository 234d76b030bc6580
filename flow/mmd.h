// mmd: the squared maximum mean discrepancy between two samples (Gretton et al., "A kernel
// two-sample test", 2012), with a mixture of Gaussian kernels
//
//   k(x, y) = mean over multipliers c of exp(-|x - y|^2 / (2 (c h)^2)),    k(x, x) = 1
//
//   biased     mean_ij k(x_i,x_j) + mean_ij k(y_i,y_j) - 2 mean_ij k(x_i,y_j)     V-statistic
//   unbiased   the same with i != j in the first two means, divided by n (n - 1)  U-statistic
//
// The biased value is never negative and has a floor of order 1/n + 1/m; the unbiased one has
// expectation 0 for equal laws and may be negative. Report the value between two fresh target
// samples beside any other.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/lanes.h"
#include "autograd/tensor.h"

namespace gradvar {

enum class MmdEstimator { biased, unbiased };

[[nodiscard]] std::string_view to_string(MmdEstimator estimator);
// Throws std::invalid_argument for another name.
[[nodiscard]] MmdEstimator parse_mmd_estimator(std::string_view name);

struct MmdOptions {
  MmdEstimator estimator = MmdEstimator::unbiased;
  std::vector<double> multipliers = {0.25, 0.5, 1, 2, 4};
  double bandwidth = 0;           // h; 0 takes the median heuristic of the reference
  std::int64_t block_rows = 256;  // bounds memory: a block of distances a thread
};

// "mean over c = 0.25, 0.5, 1, 2, 4 of exp(-|x - y|^2 / (2 (c h)^2)), h the median |y_i - y_j|".
[[nodiscard]] std::string describe_kernel(const MmdOptions& options = {});

struct MmdResult {
  double value = 0;  // squared, of the estimator asked for
  // Both of them, which differ by the diagonal alone.
  double biased = 0;
  double unbiased = std::numeric_limits<double>::quiet_NaN();  // with a single row on a side
  double bandwidth = 0;                                        // the h used
  MmdEstimator estimator = MmdEstimator::unbiased;
  std::int64_t n = 0, m = 0;
};

// x [n, ...] against the reference y [m, ...]. Throws std::invalid_argument when the samples differ
// in shape, a set is too small (2 rows for unbiased and for the median, 1 for biased), an option is
// outside its range, or the median distance is 0 or not finite.
[[nodiscard]] MmdResult mmd(const Tensor<double>& x, const Tensor<double>& y,
                            const MmdOptions& options = {}, LanePool* pool = nullptr);

// The median of |y_i - y_j| over i < j: the median heuristic. Exact up to kMedianRows rows; with
// more, over a random subset of that many, fixed by the seed. Needs 2 rows or more.
inline constexpr std::int64_t kMedianRows = 2048;
[[nodiscard]] double median_distance(const Tensor<double>& y, std::uint64_t seed = 0);

}  // namespace gradvar

#include "flow/mmd.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "autograd/check.h"
#include "autograd/vector_math.h"
#include "flow/distances.h"
#include "flow/pairwise.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

// kernel[i] = sum over the rates of exp(-rate squared[i]); absolute error below 1e-15 a rate.
GRADVAR_MULTIVERSION
void sum_of_exponentials(std::span<const double> squared, std::span<const double> rates,
                         std::span<double> kernel) {
  const std::size_t count = squared.size();
  const double* from = squared.data();
  double* to = kernel.data();
  for (std::size_t i = 0; i < count; ++i) to[i] = 0;
  for (const double rate : rates) {
    for (std::size_t i = 0; i < count; ++i) to[i] += vector_math::exp_fast(-rate * from[i]);
  }
}

// The sum of k(x_i, y_j) over all i, j, or over all i != j, when x and y are the same set.
double kernel_sum(const PairwiseDistances& distances, std::span<const double> rates,
                  bool skip_diagonal, LanePool* pool) {
  const double sum = distances.sum(
      [&](const PairwiseDistances::Block& block) {
        std::vector<double> kernel(block.squared.size());
        sum_of_exponentials(block.squared, rates, kernel);
        double partial = 0;
        for (std::int64_t i = 0; i < block.x_count; ++i) {
          double row = 0;
          for (std::int64_t j = 0; j < block.y_count; ++j) {
            if (skip_diagonal && block.x_begin + i == block.y_begin + j) continue;
            row += kernel[i * block.y_count + j];
          }
          partial += row;
        }
        return partial;
      },
      pool);
  return sum / static_cast<double>(rates.size());
}

void check_options(const MmdOptions& options, std::int64_t n, std::int64_t m) {
  const std::int64_t least = options.estimator == MmdEstimator::unbiased ? 2 : 1;
  check(n >= least && m >= least, "mmd",
        "the samples have " + std::to_string(n) + " and " + std::to_string(m) + " rows, the " +
            std::string(to_string(options.estimator)) + " estimator needs " +
            std::to_string(least) + " or more");
  check(!options.multipliers.empty(), "mmd", "there are no multipliers, expected 1 or more");
  for (const double c : options.multipliers) {
    check(std::isfinite(c) && c > 0, "mmd",
          "a multiplier is " + number_text(c) + ", expected a positive number");
  }
  check(std::isfinite(options.bandwidth) && options.bandwidth >= 0, "mmd",
        "the bandwidth is " + number_text(options.bandwidth) +
            ", expected a positive number, or 0 for the median heuristic");
}

}  // namespace

std::string_view to_string(MmdEstimator estimator) {
  return estimator == MmdEstimator::biased ? "biased" : "unbiased";
}

MmdEstimator parse_mmd_estimator(std::string_view name) {
  if (name == "biased") return MmdEstimator::biased;
  if (name == "unbiased") return MmdEstimator::unbiased;
  fail("mmd", "the estimator is '" + std::string(name) + "', expected biased or unbiased");
}

std::string describe_kernel(const MmdOptions& options) {
  std::string text = "mean over c =";
  for (std::size_t i = 0; i < options.multipliers.size(); ++i) {
    text += (i == 0 ? " " : ", ") + number_text(options.multipliers[i]);
  }
  text += " of exp(-|x - y|^2 / (2 (c h)^2)), h ";
  return text + (options.bandwidth == 0 ? "the median |y_i - y_j|"
                                        : "= " + number_text(options.bandwidth));
}

double median_distance(const Tensor<double>& y, std::uint64_t seed) {
  check(y.rows() >= 2, "mmd",
        "the median distance needs 2 rows or more, found " + std::to_string(y.rows()));
  if (y.rows() > kMedianRows) {
    return median_distance(select_rows(y, random_subset(y.rows(), kMedianRows, seed)), seed);
  }
  std::vector<double> squared;
  squared.reserve(y.rows() * (y.rows() - 1) / 2);
  (void)PairwiseDistances(y, y).sum([&](const PairwiseDistances::Block& block) {
    for (std::int64_t i = 0; i < block.x_count; ++i) {
      for (std::int64_t j = 0; j < block.y_count; ++j) {
        if (block.x_begin + i >= block.y_begin + j) continue;
        squared.push_back(block.squared[i * block.y_count + j]);
      }
    }
    return 0.0;
  });
  const auto middle = squared.begin() + static_cast<std::ptrdiff_t>(squared.size() / 2);
  std::nth_element(squared.begin(), middle, squared.end());
  const double upper = std::sqrt(*middle);
  if (squared.size() % 2 == 1) return upper;
  return (std::sqrt(*std::max_element(squared.begin(), middle)) + upper) / 2;
}

MmdResult mmd(const Tensor<double>& x, const Tensor<double>& y, const MmdOptions& options,
              LanePool* pool) {
  check_options(options, x.rows(), y.rows());
  MmdResult result{.value = 0,
                   .bandwidth = options.bandwidth,
                   .estimator = options.estimator,
                   .n = x.rows(),
                   .m = y.rows()};
  const PairwiseDistances between(x, y, options.block_rows);
  if (options.bandwidth == 0) {
    result.bandwidth = median_distance(y);
    check(std::isfinite(result.bandwidth) && result.bandwidth > 0, "mmd",
          "the median distance of the reference is " + number_text(result.bandwidth) +
              ": give a bandwidth");
  }
  std::vector<double> rates;
  for (const double c : options.multipliers) {
    const double width = c * result.bandwidth;
    rates.push_back(1 / (2 * width * width));
  }
  const double across = kernel_sum(between, rates, false, pool) /
                        (static_cast<double>(x.rows()) * static_cast<double>(y.rows()));
  result.biased = -2 * across;
  result.unbiased = -2 * across;
  for (const Tensor<double>* set : {&x, &y}) {
    const auto rows = static_cast<double>(set->rows());
    const double apart =  // i != j
        kernel_sum(PairwiseDistances(*set, *set, options.block_rows), rates, true, pool);
    result.biased += (apart + rows) / (rows * rows);
    result.unbiased += apart / (rows * (rows - 1));
  }
  result.value = options.estimator == MmdEstimator::unbiased ? result.unbiased : result.biased;
  return result;
}

}  // namespace gradvar

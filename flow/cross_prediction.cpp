#include "flow/cross_prediction.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "flow/mmd.h"
#include "flow/pairwise.h"

namespace gradvar {

namespace {

constexpr double kBandwidths[] = {0.5, 1, 2, 4, 8};
constexpr double kRidges[] = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1};

// Squared leave-one-out errors for every ridge, by one decomposition of the kernel matrix.
class LeaveOneOut {
 public:
  LeaveOneOut(const Tensor<double>& squared, double bandwidth, const Tensor<double>& y)
      : n_(y.rows()), d_(y.row_size()), vectors_(n_ * n_), values_(n_), coordinates_(n_ * d_) {
    for (std::int64_t i = 0; i < n_ * n_; ++i) {
      vectors_[i] = std::exp(-squared[i] / (2 * bandwidth * bandwidth));
    }
    blas::symmetric_eigen(n_, vectors_.data(), values_.data());
    blas::gemm<double>(blas::Transpose::kNo, blas::Transpose::kNo, n_, d_, n_, 1, vectors_.data(),
                       n_, y.data(), d_, 0, coordinates_.data(), d_);
  }

  [[nodiscard]] std::vector<double> squared_errors(double ridge) const {
    std::vector<double> diagonal(n_, 0.0), scaled = coordinates_, alpha(n_ * d_);
    for (std::int64_t k = 0; k < n_; ++k) {
      const double inverse = 1 / (std::max(values_[k], 0.0) + ridge);
      for (std::int64_t j = 0; j < d_; ++j) scaled[k * d_ + j] *= inverse;
      for (std::int64_t i = 0; i < n_; ++i) {
        diagonal[i] += inverse * vectors_[k * n_ + i] * vectors_[k * n_ + i];
      }
    }
    blas::gemm<double>(blas::Transpose::kYes, blas::Transpose::kNo, n_, d_, n_, 1, vectors_.data(),
                       n_, scaled.data(), d_, 0, alpha.data(), d_);
    std::vector<double> squares(n_, 0.0);
    for (std::int64_t i = 0; i < n_; ++i) {
      for (std::int64_t j = 0; j < d_; ++j) {
        const double error = alpha[i * d_ + j] / diagonal[i];
        squares[i] += error * error;
      }
    }
    return squares;
  }

 private:
  std::int64_t n_, d_;
  std::vector<double> vectors_;  // rows
  std::vector<double> values_, coordinates_;
};

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

}  // namespace

CrossPrediction predict_across(const Pairs& pairs, LanePool* pool) {
  blas::use_one_thread();  // LAPACK on many threads waits for itself on a busy machine
  const std::int64_t n = std::min(pairs.x0.rows(), kMostPredicted);
  check(n >= 3, "cross prediction",
        "there are " + std::to_string(n) + " pairs, expected 3 or more");
  check_same_shape("cross prediction", "x0", pairs.x0.shape(), "x1", pairs.x1.shape());
  const Tensor<double> x0 = pairs.x0.rows_copy(0, n), x1 = pairs.x1.rows_copy(0, n);
  check_samples("cross prediction", x1, x1);
  const std::int64_t d = x1.row_size();
  Tensor<double> y(Shape{n, d});
  for (std::int64_t j = 0; j < d; ++j) {
    double mean = 0;
    for (std::int64_t i = 0; i < n; ++i) mean += x1[i * d + j] / static_cast<double>(n);
    for (std::int64_t i = 0; i < n; ++i) y[i * d + j] = x1[i * d + j] - mean;
  }
  const Tensor<double> squared = squared_distances(x0, x0, pool);
  const double median = median_distance(x0);
  check(median > 0, "cross prediction", "most sources are one point, expected different ones");

  std::vector<double> best;
  double least = std::numeric_limits<double>::infinity();
  for (const double width : kBandwidths) {
    const LeaveOneOut kernel(squared, width * median, y);
    for (const double ridge : kRidges) {
      std::vector<double> squares = kernel.squared_errors(ridge * static_cast<double>(n));
      const double sum = sum_of(squares);
      if (!(sum < least)) continue;
      least = sum;
      best = std::move(squares);
    }
  }
  // The mean of the others misses by n / (n - 1) times the distance to the mean of all.
  const double ratio = static_cast<double>(n) / static_cast<double>(n - 1);
  double of_mean = 0;
  for (const double value : y.values()) of_mean += ratio * ratio * value * value;
  CrossPrediction result;
  result.explained = of_mean > 0 ? 1 - least / of_mean : 0;
  for (const double square : best) result.errors.push_back(std::sqrt(square));
  return result;
}

}  // namespace gradvar

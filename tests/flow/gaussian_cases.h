// gaussian_cases: Gaussians in general position, and the little linear algebra tests of maps need.
#pragma once

#include <gtest/gtest.h>

#include "flow/affine_map.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::testing {

inline Tensor<double> transposed(const Tensor<double>& a) {
  Tensor<double> t(Shape{a.row_size(), a.rows()});
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j < a.row_size(); ++j) t.row(j)[i] = a.row(i)[j];
  }
  return t;
}

inline Tensor<double> identity(std::int64_t d, double scale = 1) {
  Tensor<double> matrix(Shape{d, d});
  for (std::int64_t i = 0; i < d; ++i) matrix.row(i)[i] = scale;
  return matrix;
}

inline double trace(const Tensor<double>& a) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.rows(); ++i) sum += a.row(i)[i];
  return sum;
}

inline void expect_near(const Tensor<double>& a, const Tensor<double>& b, double bound) {
  ASSERT_EQ(a.shape(), b.shape());
  for (std::int64_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], bound) << "entry " << i;
}

// G G^T / d + 0.2 I with normal entries, exactly symmetric; another one for each `which`.
inline Tensor<double> random_covariance(std::uint64_t which, std::int64_t d) {
  const Tensor<double> g = normal_rows(7000 + which, d, d);
  Tensor<double> matrix = identity(d, 0.2);
  for (std::int64_t i = 0; i < d; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < d; ++k) sum += g.row(i)[k] * g.row(j)[k];
      matrix.row(i)[j] += sum / static_cast<double>(d);
      matrix.row(j)[i] = matrix.row(i)[j];
    }
  }
  return matrix;
}

inline Tensor<double> normal_vector(std::uint64_t which, std::int64_t d) {
  Tensor<double> vector = normal_rows(8000 + which, 1, d);
  vector.reshape({d});
  return vector;
}

inline GaussianMoments random_gaussian(std::uint64_t which, std::int64_t d) {
  return {normal_vector(which, d), random_covariance(which, d)};
}

inline GaussianMoments standard_gaussian(std::int64_t d) {
  return {Tensor<double>(Shape{d}), identity(d)};
}

}  // namespace gradvar::testing

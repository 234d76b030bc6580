// Coordinates that keep to themselves are taken apart, and what comes out is the same; scales far
// from one keep their digits.

#include "flow/gaussian_block.h"

#include <cmath>
#include <complex>
#include <gtest/gtest.h>
#include <numbers>

#include "flow/gaussian_theory.h"
#include "tests/flow/gaussian_cases.h"

namespace gradvar::gaussian_block_test {
namespace {

using testing::identity;
using testing::transposed;

GaussianMoments isotropic(std::int64_t d, double scale) {
  return {Tensor<double>(Shape{d}), identity(d, scale * scale)};
}

// Rows of a random matrix, made orthonormal one after another.
Tensor<double> random_orthogonal(std::int64_t d) {
  Tensor<double> q = testing::normal_rows(3, d, d);
  const auto dot = [&](std::int64_t i, std::int64_t j) {
    double sum = 0;
    for (std::int64_t k = 0; k < d; ++k) sum += q.row(i)[k] * q.row(j)[k];
    return sum;
  };
  for (std::int64_t i = 0; i < d; ++i) {
    for (int again = 0; again < 2; ++again) {
      for (std::int64_t j = 0; j < i; ++j) {
        const double along = dot(i, j);
        for (std::int64_t k = 0; k < d; ++k) q.row(i)[k] -= along * q.row(j)[k];
      }
    }
    const double length = std::sqrt(dot(i, i));
    for (double& x : q.row(i)) x /= length;
  }
  return q;
}

// Rotations are one plane's business; a map that links all is one block. Identical problems but for
// an orthogonal change of coordinates, which no trace sees.
TEST(GaussianBlock, PlanesTakenApartAreTheWholeOfADenseProblem) {
  const std::int64_t d = 6;
  const Tensor<double> q = random_orthogonal(d), q_inverse = transposed(q);
  const auto turned = [&](const Tensor<double>& m) { return product(product(q, m), q_inverse); };
  const GaussianMoments source = isotropic(d, 1), target = isotropic(d, 0.5);
  const AffineMap coupling = rotated_map(source, target, rotation_matrix(d, 120, 2));
  const AffineMap field = rotated_map(source, target, rotation_matrix(d, 30, 3));
  const Interpolant noise{.kind = InterpolantKind::kBridge, .sigma = 0.3};
  const GaussianVariance apart =
      GaussianTheory(GaussianCoupling::mapped(source, coupling), field, noise).over(0, 0.8);
  const GaussianVariance dense =
      GaussianTheory(GaussianCoupling::mapped(source, {turned(coupling.matrix), coupling.offset}),
                     {turned(field.matrix), field.offset}, noise)
          .over(0, 0.8);
  EXPECT_GT(apart.theta.trace, 1);
  EXPECT_NEAR(apart.theta.trace, dense.theta.trace, 1e-10 * dense.theta.trace);
  EXPECT_NEAR(apart.matrix.trace, dense.matrix.trace, 1e-10 * dense.matrix.trace);
  EXPECT_NEAR(apart.matrix.mean_squared_norm, dense.matrix.mean_squared_norm,
              1e-10 * dense.matrix.trace);
  EXPECT_NEAR(apart.loss, dense.loss, 1e-10 * dense.loss);
}

// With d = 1000 every time of the integral cost products of 1000 x 1000 matrices.
TEST(GaussianBlock, ARotationInPlanesHasBlocksOfTwo) {
  const std::int64_t d = 101;
  const GaussianMoments source = isotropic(d, 1);
  const AffineMap map = rotated_map(source, isotropic(d, 3), rotation_matrix(d, 70, 50));
  Tensor<double> x0(Shape{2 * d + 1, d});
  for (std::int64_t i = 0; i < d; ++i) x0[i * d + i] = 1;
  const std::vector<GaussianBlock> blocks = gaussian_blocks(map.offset, map.matrix, x0, x0, false);
  ASSERT_EQ(blocks.size(), 2u) << "planes that are alike are computed once";
  EXPECT_EQ(blocks[0].dim(), 2);
  EXPECT_EQ(blocks[0].copies(), 50);
  EXPECT_EQ(blocks[1].dim(), 1);
  EXPECT_EQ(gaussian_blocks(map.offset, map.matrix, x0, x0, true).size(), 1u);
}

// The optimal field of N(0, I) to N(0, c^2 I) in the plane, pairs turned by an angle. In complex
// numbers, with e = exp(i angle), A = (1-t) + t c and g = c (e - 1) / (1 - c): the residual is
// c (e - 1) / A w and x_t = (g + (1 - g) A) w, so that all integrals over t are of powers of A,
// from c to 1.
double trace_of_scale(double c, double degrees) {
  const double angle = std::remainder(degrees, 360.0) * std::numbers::pi / 180;
  const std::complex<double> e_less_1(-2 * std::pow(std::sin(angle / 2), 2), std::sin(angle));
  const std::complex<double> k = c * e_less_1, g = k / (1 - c);
  const auto power = [c](int n) {  // the integral of A^-n over t
    return (std::pow(c, 1 - n) - 1) / (n - 1) / (1 - c);
  };
  const double theta = 8 * std::norm(k) * power(4);
  const double squares = std::norm(g) * power(6) +
                         2 * std::real(std::conj(g) * (1.0 - g)) * power(5) +
                         std::norm(1.0 - g) * power(4);
  const std::complex<double> mean = k * (std::conj(g) * power(3) + std::conj(1.0 - g) * power(2));
  return theta + 32 * std::norm(k) * squares - 8 * std::norm(mean);
}

// I + t Th, with Th = M - I, had lost the digits of M where it is small, and 1 - t its own near t =
// 1: 2e-10 at c = 1e-6.
TEST(GaussianBlock, ScalesFarFromOneKeepTheirDigits) {
  for (const double c : {1e-6, 1e-4, 0.01, 0.5, 2.0, 1e3, 1e6}) {
    for (const double degrees : {1e-3, 120.0, 1e6}) {
      GaussianMoments source = isotropic(2, 1), target = isotropic(2, c);
      target.mean[0] = 1e6;
      const GaussianTheory theory(
          GaussianCoupling::mapped(source,
                                   rotated_map(source, target, rotation_matrix(2, degrees, 1))),
          optimal_map(source, target), {});
      const double expected = trace_of_scale(c, degrees);
      EXPECT_NEAR(theory.over(0, 1).whole().trace / expected, 1, 1e-10) << c << " " << degrees;
    }
  }
}

}  // namespace
}  // namespace gradvar::gaussian_block_test

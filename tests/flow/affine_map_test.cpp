// Affine maps between Gaussians: exact pushforwards, rotations, refusals.

#include "flow/affine_map.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

#include "tests/flow/gaussian_cases.h"

namespace gradvar::affine_map_test {
namespace {

using testing::expect_near;
using testing::identity;
using testing::normal_rows;
using testing::random_covariance;
using testing::random_gaussian;
using testing::sentence;
using testing::standard_gaussian;
using testing::trace;
using testing::transposed;

// A S0 A^T = S1 and A m0 + b = m1.
void expect_pushes(const AffineMap& map, const GaussianMoments& from, const GaussianMoments& to) {
  const std::int64_t d = map.dim();
  const Tensor<double> pushed =
      product(product(map.matrix, from.covariance), transposed(map.matrix));
  expect_near(pushed, to.covariance, 1e-11);
  Tensor<double> mean = from.mean;
  mean.reshape({1, d});
  mean = map.apply(mean);
  mean.reshape({d});
  expect_near(mean, to.mean, 1e-12);
}

// E |T(x) - x|^2 but for the means: tr (A - I) S0 (A - I)^T.
double transport_cost(const AffineMap& map, const GaussianMoments& from) {
  Tensor<double> move = map.matrix;
  for (std::int64_t i = 0; i < map.dim(); ++i) move.row(i)[i] -= 1;
  return trace(product(product(move, from.covariance), transposed(move)));
}

TEST(AffineMap, OptimalAndRotatedMapsPushTheSourceIntoTheTarget) {
  for (const std::int64_t d : {1, 2, 3, 6}) {
    const GaussianMoments from = random_gaussian(2 * d, d), to = random_gaussian(2 * d + 1, d);
    expect_pushes(optimal_map(from, to), from, to);
    if (d < 2) continue;
    for (const double degrees : {0.0, 37.0, 120.0, 180.0, -90.0}) {
      for (std::int64_t planes = 1; planes <= d / 2; ++planes) {
        expect_pushes(rotated_map(from, to, rotation_matrix(d, degrees, planes)), from, to);
      }
    }
  }
}

TEST(AffineMap, TheOptimalMatrixIsSymmetricAndPositiveAsBrenierSays) {
  const GaussianMoments from = random_gaussian(1, 4), to = random_gaussian(2, 4);
  const Tensor<double> a = optimal_map(from, to).matrix;
  expect_near(a, transposed(a), 1e-12);
  EXPECT_GT(trace(symmetric_power(random_covariance(3, 4), 1, "test")), 0);
  Tensor<double> symmetric = a;
  for (std::int64_t i = 0; i < 4; ++i) {
    for (std::int64_t j = 0; j < i; ++j) symmetric.row(i)[j] = symmetric.row(j)[i];
  }
  EXPECT_NO_THROW((void)symmetric_power(symmetric, 1, "test"));  // which refuses eigenvalues <= 0
}

TEST(AffineMap, RotationByZeroIsOptimalAndEveryOtherCostsMore) {
  const GaussianMoments from = random_gaussian(1, 4), to = random_gaussian(2, 4);
  const AffineMap optimal = optimal_map(from, to);
  expect_near(rotated_map(from, to, rotation_matrix(4, 0, 2)).matrix, optimal.matrix, 1e-12);
  double last = transport_cost(optimal, from);
  for (const double degrees : {10.0, 60.0, 120.0, 180.0}) {
    const AffineMap rotated = rotated_map(from, to, rotation_matrix(4, degrees, 2));
    EXPECT_GT(transport_cost(rotated, from), last + 1e-3) << degrees;
    last = transport_cost(rotated, from);
  }
}

// Lemma 1: from N(0, I) the matrices are M^1/2 and M^1/2 R.
TEST(AffineMap, FromTheStandardNormalItIsTheRootOfTheCovariance) {
  const GaussianMoments from = standard_gaussian(3), to = random_gaussian(4, 3);
  const Tensor<double> root = symmetric_power(to.covariance, 0.5, "test");
  expect_near(optimal_map(from, to).matrix, root, 1e-12);
  const Tensor<double> rotation = rotation_matrix(3, 75, 1);
  expect_near(rotated_map(from, to, rotation).matrix, product(root, rotation), 1e-12);
}

// Counter-example 1: R_180 x + 5.
TEST(AffineMap, HalfATurnBetweenStandardNormalsIsExactlyMinusTheIdentity) {
  GaussianMoments to = standard_gaussian(2);
  to.mean[0] = to.mean[1] = 5;
  const AffineMap map = rotated_map(standard_gaussian(2), to, rotation_matrix(2, 180, 1));
  expect_near(map.matrix, identity(2, -1), 1e-15);
  expect_near(map.offset, to.mean, 0);
}

TEST(AffineMap, RotationsTurnTheFirstPlanesAndLeaveTheRest) {
  const Tensor<double> r = rotation_matrix(5, 30, 2);
  const double c = std::cos(std::numbers::pi / 6);
  const double expected[25] = {c,   -.5, 0, 0, 0,  .5, c, 0, 0, 0, 0, 0, c,
                               -.5, 0,   0, 0, .5, c,  0, 0, 0, 0, 0, 1};
  expect_near(r, Tensor<double>(Shape{5, 5}, expected), 1e-15);
  expect_near(product(r, transposed(r)), identity(5), 1e-15);
}

TEST(AffineMap, QuarterTurnsAreExact) {
  const double quarter[4] = {0, -1, 1, 0};
  for (const double degrees : {90.0, 450.0, -270.0}) {
    expect_near(rotation_matrix(2, degrees, 1), Tensor<double>(Shape{2, 2}, quarter), 0);
  }
  expect_near(rotation_matrix(4, 180, 2), identity(4, -1), 0);
  expect_near(rotation_matrix(4, -360, 2), identity(4), 0);
}

TEST(AffineMap, AppliesToEveryRowOfAnyShape) {
  const AffineMap map{Tensor<double>(Shape{2, 2}, std::vector<double>{1, 2, 3, 4}),
                      Tensor<double>(Shape{2}, std::vector<double>{10, 20})};
  const Tensor<double> x(Shape{2, 2, 1}, std::vector<double>{1, 0, 1, -1});
  expect_near(map.apply(x), Tensor<double>(x.shape(), std::vector<double>{11, 23, 9, 19}), 0);
  EXPECT_EQ(map.apply(Tensor<double>(Shape{0, 2})).size(), 0);
  EXPECT_EQ(sentence([&] {
              (void)map.apply(Tensor<double>(Shape{4, 3}));
            }),
            "[affine map] a point has 3 coordinates, the map 2");
}

TEST(AffineMap, PowersOfASymmetricMatrixMultiply) {
  const Tensor<double> s = random_covariance(1, 5);
  expect_near(symmetric_power(s, 1, "test"), s, 1e-13);
  const Tensor<double> root = symmetric_power(s, 0.5, "test");
  expect_near(product(root, root), s, 1e-13);
  expect_near(product(symmetric_power(s, -1, "test"), s), identity(5), 1e-12);
}

TEST(AffineMap, RefusesWhatIsNoCovariance) {
  const auto refusal = [](const std::vector<double>& values) {
    const std::int64_t d = values.size() == 1 ? 1 : 2;
    return sentence([&] { (void)symmetric_power(Tensor<double>(Shape{d, d}, values), 0.5, "x"); });
  };
  EXPECT_EQ(refusal({1, 0.5, 0.4, 1}),
            "[x] the covariance is not symmetric: entries (2, 1) and (1, 2) differ");
  EXPECT_EQ(refusal({1, 0, 0, -2}),
            "[x] the covariance is not positive definite: its smallest eigenvalue is -2, its "
            "largest 1");
  EXPECT_EQ(refusal({0}),
            "[x] the covariance is not positive definite: its smallest eigenvalue is 0, its "
            "largest 0");
  EXPECT_NE(refusal({NAN}), "nothing was thrown");
  EXPECT_NE(refusal({1, NAN, NAN, 1}), "nothing was thrown");
  EXPECT_EQ(sentence([] {
              (void)symmetric_power(Tensor<double>(Shape{2, 3}), 1, "x");
            }),
            "[x] the covariance is 2x3, expected a square matrix");
  EXPECT_EQ(sentence([] {
              (void)symmetric_power(Tensor<double>(Shape{0, 0}), 1, "x");
            }),
            "[x] the covariance is 0x0, expected a square matrix");
}

// Rounding gave its zero eigenvalue a sign: with the positive one its inverse root was noise.
TEST(AffineMap, RefusesASingularCovarianceWhoseEigenvalueRoundsAboveZero) {
  Tensor<double> thirds(Shape{3, 3});
  for (double& value : thirds.values()) value = 1.0 / 3;
  EXPECT_NE(sentence([&] { (void)symmetric_power(thirds, -0.5, "x"); }), "nothing was thrown");
}

// Only the means were compared: a covariance of another size was read beyond its end.
TEST(AffineMap, RefusesCovariancesOfAnotherSizeThanTheMean) {
  const GaussianMoments good = standard_gaussian(2);
  const GaussianMoments bad{Tensor<double>(Shape{2}), identity(3)};
  EXPECT_EQ(sentence([&] { (void)optimal_map(bad, good); }),
            "[source] the covariance is 3x3, expected 2x2 for a mean of 2 coordinates");
  EXPECT_EQ(sentence([&] { (void)optimal_map(good, bad); }),
            "[target] the covariance is 3x3, expected 2x2 for a mean of 2 coordinates");
}

TEST(AffineMap, RefusesDimensionsAndRotationsThatDoNotFit) {
  const GaussianMoments two = standard_gaussian(2), three = standard_gaussian(3);
  EXPECT_EQ(sentence([&] { (void)optimal_map(two, three); }),
            "[coupling] the source has 2 coordinates, the target 3: a map between them needs "
            "equally many");
  EXPECT_EQ(sentence([&] { (void)rotated_map(two, two, identity(3)); }),
            "[coupling] the rotation is 3x3, expected 2x2");
  EXPECT_EQ(sentence([&] { (void)rotated_map(two, two, identity(2, 2)); }),
            "[coupling] the rotation R is not orthogonal: entry (1, 1) of R R^T is 4");
  EXPECT_EQ(sentence([] { (void)rotation_matrix(1, 10, 1); }),
            "[rotation] there is no plane to rotate in 1 dimension, expected 2 or more");
  EXPECT_EQ(sentence([] { (void)rotation_matrix(5, 10, 3); }),
            "[rotation] planes is 3, expected 1 to 2 in 5 dimensions");
  EXPECT_EQ(sentence([] { (void)rotation_matrix(2, INFINITY, 1); }),
            "[rotation] the angle is inf, expected a finite number of degrees");
}

}  // namespace
}  // namespace gradvar::affine_map_test

#include "data/planar.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <numbers>
#include <utility>

#include "tests/data/sample_moments.h"
#include "tests/io/error_of.h"

namespace gradvar::planar_test {
namespace {

using testing::error_of;
using testing::kManySamples;
using testing::many_samples;
using testing::moments_of;

constexpr double kPi = std::numbers::pi;

// Five standard errors of a count that is binomial with this probability.
double five_errors(double probability) {
  return 5 * std::sqrt(static_cast<double>(kManySamples) * probability * (1 - probability));
}

TEST(EightGaussians, WithoutNoiseAreEightPointsOnACircle) {
  const Tensor<double> x = many_samples(EightGaussians({.radius = 3, .scale = 0}));
  std::map<int, int> hits;
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    const double eighths = std::atan2(x[2 * n + 1], x[2 * n]) / (kPi / 4);
    EXPECT_NEAR(std::hypot(x[2 * n], x[2 * n + 1]), 3, 1e-12);
    ASSERT_NEAR(eighths, std::round(eighths), 1e-12);
    ++hits[(static_cast<int>(std::round(eighths)) + 8) % 8];
  }
  ASSERT_EQ(hits.size(), 8u);
  for (const auto& [k, count] : hits) EXPECT_NEAR(count, kManySamples / 8, five_errors(0.125));
}

TEST(EightGaussians, HaveTheVarianceOfCircleAndNoise) {
  const testing::Moments found = moments_of(many_samples(EightGaussians({})));
  // Centres on a circle of radius 5 have variance 25/2 a coordinate; the noise adds 0.1.
  EXPECT_NEAR(found.mean[0], 0, 0.1);
  EXPECT_NEAR(found.mean[1], 0, 0.1);
  EXPECT_NEAR(found.covariance[0], 12.6, 0.25);
  EXPECT_NEAR(found.covariance[3], 12.6, 0.25);
  EXPECT_NEAR(found.covariance[1], 0, 0.25);
}

TEST(Moons, WithoutNoiseLieOnTwoHalfCircles) {
  const Tensor<double> x = many_samples(Moons({.noise = 0}));
  int upper = 0;
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    const double p = (x[2 * n] + 1) / 3, q = (x[2 * n + 1] + 1) / 3;
    const bool on_upper = std::abs(std::hypot(p, q) - 1) < 1e-12 && q >= 0;
    const bool on_lower = std::abs(std::hypot(p - 1, q - 0.5) - 1) < 1e-12 && q <= 0.5;
    ASSERT_TRUE(on_upper || on_lower) << p << " " << q;
    upper += on_upper;
  }
  EXPECT_NEAR(upper, kManySamples / 2, five_errors(0.5));
}

TEST(Moons, HaveTheirKnownMoments) {
  const testing::Moments found = moments_of(many_samples(Moons({.noise = 0.2})));
  // p has mean (1/2, 1/4); of its first coordinate, cos^2 gives 1/2 and the two centres 1/4.
  EXPECT_NEAR(found.mean[0], 3 * 0.5 - 1, 0.08);
  EXPECT_NEAR(found.mean[1], 3 * 0.25 - 1, 0.05);
  EXPECT_NEAR(found.covariance[0], 9 * (0.75 + 0.04), 0.2);
}

TEST(Checkerboard, FillsEverySecondSquareEvenly) {
  const Tensor<double> x = many_samples(Checkerboard({.side = 0.5}));
  std::map<std::pair<int, int>, int> hits;
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    ++hits[{static_cast<int>(std::floor(x[2 * n] / 0.5)),
            static_cast<int>(std::floor(x[2 * n + 1] / 0.5))}];
  }
  ASSERT_EQ(hits.size(), 8u);
  for (const auto& [square, count] : hits) {
    const auto [column, row] = square;
    EXPECT_TRUE(column >= -2 && column < 2 && row >= -2 && row < 2) << column << " " << row;
    EXPECT_EQ((column + row + 4) % 2, 0) << column << " " << row;
    EXPECT_NEAR(count, kManySamples / 8, five_errors(0.125));
  }
}

TEST(Checkerboard, IsUniformWithinASquare) {
  const Tensor<double> x = many_samples(Checkerboard({.side = 1}));
  double sums[2] = {0, 0}, product = 0;
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    const double u = x[2 * n] - std::floor(x[2 * n]), v = x[2 * n + 1] - std::floor(x[2 * n + 1]);
    sums[0] += u;
    sums[1] += v;
    product += u * v;
  }
  const double count = static_cast<double>(kManySamples);
  EXPECT_NEAR(sums[0] / count, 0.5, 5 * std::sqrt(1 / 12.0 / count));
  EXPECT_NEAR(sums[1] / count, 0.5, 5 * std::sqrt(1 / 12.0 / count));
  EXPECT_NEAR(product / count, 0.25, 0.006);  // variance 1/9 - 1/16
}

TEST(Pinwheel, WithoutNoiseIsOnePointAnArm) {
  const Tensor<double> x =
      many_samples(Pinwheel({.arms = 3, .radial = 0, .tangential = 0, .rate = 0.25, .scale = 2}));
  std::map<int, int> hits;
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    EXPECT_NEAR(std::hypot(x[2 * n], x[2 * n + 1]), 2, 1e-12);
    const double angle = std::atan2(x[2 * n + 1], x[2 * n]) + 0.25 * std::numbers::e;
    const double thirds = -angle / (2 * kPi / 3);
    ASSERT_NEAR(thirds, std::round(thirds), 1e-12);
    ++hits[(static_cast<int>(std::round(thirds)) + 3) % 3];
  }
  ASSERT_EQ(hits.size(), 3u);
  for (const auto& [arm, count] : hits) {
    EXPECT_NEAR(count, kManySamples / 3.0, five_errors(1.0 / 3.0));
  }
}

TEST(Pinwheel, RotatesTheNoiseWithoutStretchingIt) {
  const Tensor<double> x = many_samples(Pinwheel({}));
  double squares = 0;
  for (const double coordinate : x.values()) squares += coordinate * coordinate;
  // |x|^2 = 4 ((1 + 0.3 z)^2 + 0.01 z^2), mean 4 (1 + 0.09 + 0.01).
  EXPECT_NEAR(squares / static_cast<double>(kManySamples), 4.4, 0.07);
}

TEST(Spiral, WithoutNoiseLiesOnItsArms) {
  const Tensor<double> x = many_samples(Spiral({.arms = 2, .turns = 1.5, .radius = 4, .noise = 0}));
  int first = 0, inside = 0;
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    const double r = std::hypot(x[2 * n], x[2 * n + 1]);
    ASSERT_LT(r, 4 + 1e-12);
    const double turned = std::atan2(x[2 * n + 1], x[2 * n]) - 2 * kPi * 1.5 * r / 4;
    const double halves = turned / kPi;
    ASSERT_NEAR(halves, std::round(halves), 1e-9);
    first += static_cast<int>(std::round(halves)) % 2 == 0;
    inside += r < 2;
  }
  EXPECT_NEAR(first, kManySamples / 2, five_errors(0.5));
  EXPECT_NEAR(inside, kManySamples / 4, five_errors(0.25)) << "u = s^2 is uniform";
}

TEST(Planar, SpecsWriteEveryKey) {
  EXPECT_EQ(EightGaussians({}).spec(), "eight-gaussians:radius=5,scale=0.31622776601683794");
  EXPECT_EQ(Moons({}).spec(), "moons:noise=0.1");
  EXPECT_EQ(Checkerboard({}).spec(), "checkerboard:side=2");
  EXPECT_EQ(Pinwheel({}).spec(), "pinwheel:arms=5,radial=0.3,tangential=0.1,rate=0.25,scale=2");
  EXPECT_EQ(Spiral({}).spec(), "spiral:arms=2,turns=1.5,radius=4,noise=0.1");
}

TEST(Planar, RefusesNumbersOutsideTheirRange) {
  EXPECT_EQ(error_of([] { EightGaussians({.radius = 0}); }),
            "[eight-gaussians] radius is 0, expected a number above 0");
  EXPECT_EQ(error_of([] { EightGaussians({.scale = -1}); }),
            "[eight-gaussians] scale is -1, expected a number of 0 or more");
  EXPECT_EQ(error_of([] { Moons({.noise = -0.5}); }),
            "[moons] noise is -0.5, expected a number of 0 or more");
  EXPECT_EQ(error_of([] { Checkerboard({.side = -2}); }),
            "[checkerboard] side is -2, expected a number above 0");
  EXPECT_EQ(error_of([] { Pinwheel({.arms = 0}); }), "[pinwheel] arms is 0, expected 1 to 1000000");
  EXPECT_EQ(error_of([] { Pinwheel({.rate = std::numeric_limits<double>::infinity()}); }),
            "[pinwheel] rate is inf, expected a finite number");
  EXPECT_EQ(error_of([] { Spiral({.arms = 2'000'000}); }),
            "[spiral] arms is 2000000, expected 1 to 1000000");
  EXPECT_EQ(error_of([] { Spiral({.radius = 0}); }),
            "[spiral] radius is 0, expected a number above 0");
}

}  // namespace
}  // namespace gradvar::planar_test

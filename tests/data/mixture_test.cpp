#include "data/mixture.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "tests/data/sample_moments.h"
#include "tests/io/error_of.h"

namespace gradvar::mixture_test {
namespace {

using testing::error_of;

TEST(Mixture, HasTheMeanAndCovarianceOfItsParts) {
  const MixtureOptions options{.dim = 3, .components = 5, .spread = 2, .scale = 0.7};
  const Mixture mixture(options);
  const testing::Moments found = testing::moments_of(testing::many_samples(mixture));
  const testing::Moments centres = testing::moments_of(mixture.centres());
  const double n = static_cast<double>(testing::kManySamples);
  for (int i = 0; i < 3; ++i) {
    const double variance = centres.covariance[4 * i] + 0.49;
    EXPECT_NEAR(found.mean[i], centres.mean[i], 5 * std::sqrt(variance / n));
    for (int j = 0; j < 3; ++j) {
      const double expected = centres.covariance[3 * i + j] + (i == j ? 0.49 : 0);
      EXPECT_NEAR(found.covariance[3 * i + j], expected, 0.15);
    }
  }
}

TEST(Mixture, UsesEveryComponentEquallyOftenAndWithItsScale) {
  const Mixture mixture({.dim = 2, .components = 4, .spread = 100, .scale = 0.1});
  const Tensor<double> x = testing::many_samples(mixture);
  std::vector<double> hits(4), squares(4);
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    int near = 0;
    for (int k = 0; k < 4; ++k) {
      const double dx = x[2 * n] - mixture.centres()[2 * k];
      const double dy = x[2 * n + 1] - mixture.centres()[2 * k + 1];
      if (dx * dx + dy * dy > 1) continue;
      ++near;
      ++hits[k];
      squares[k] += dx * dx + dy * dy;
    }
    ASSERT_EQ(near, 1);
  }
  for (int k = 0; k < 4; ++k) {
    EXPECT_NEAR(hits[k], 10'000, 5 * std::sqrt(7'500));
    // |z|^2 of two coordinates has mean 2 and variance 4.
    EXPECT_NEAR(squares[k] / hits[k] / 0.01, 2, 5 * 2 / std::sqrt(hits[k]));
  }
}

TEST(Mixture, NoiseDoesNotDependOnTheComponent) {
  // The correlation of the picked centre with the noise around it vanishes.
  const Mixture mixture({.dim = 1, .components = 2, .spread = 1, .scale = 1e-3});
  const Tensor<double> x = testing::many_samples(mixture);
  double sums[2] = {0, 0};
  double counts[2] = {0, 0};
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    const int k =
        std::abs(x[n] - mixture.centres()[0]) < std::abs(x[n] - mixture.centres()[1]) ? 0 : 1;
    sums[k] += (x[n] - mixture.centres()[k]) / 1e-3;
    ++counts[k];
  }
  for (int k = 0; k < 2; ++k) EXPECT_NEAR(sums[k] / counts[k], 0, 5 / std::sqrt(counts[k]));
}

TEST(Mixture, CentresDependOnTheSeedAlone) {
  const Mixture few({.dim = 3, .components = 4}), many({.dim = 3, .components = 9});
  const Mixture wide({.dim = 3, .components = 4, .spread = 8}), other({.dim = 3, .seed = 1});
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(few.centres()[i], many.centres()[i]);
    EXPECT_EQ(2 * few.centres()[i], wide.centres()[i]);
    EXPECT_NE(few.centres()[i], other.centres()[i]);
  }
}

TEST(Mixture, CentresHaveTheSpread) {
  const Mixture mixture({.dim = 1, .components = 20'000, .spread = 3});
  const testing::Moments centres = testing::moments_of(mixture.centres());
  EXPECT_NEAR(centres.mean[0], 0, 5 * 3 / std::sqrt(20'000));
  EXPECT_NEAR(centres.covariance[0], 9, 5 * 9 * std::sqrt(2.0 / 20'000));
}

TEST(Mixture, SpecWritesEveryKey) {
  EXPECT_EQ(Mixture({}).spec(), "mixture:dim=2,components=8,spread=4,scale=0.5,seed=0");
}

TEST(Mixture, RefusesNumbersThatMakeNoMixture) {
  const auto refusal = [](const MixtureOptions& options) {
    return error_of([&] { const Mixture refused(options); });
  };
  EXPECT_EQ(refusal({.dim = 0}), "[mixture] dim is 0, expected 1 or more");
  EXPECT_EQ(refusal({.components = 0}), "[mixture] components is 0, expected 1 or more");
  EXPECT_EQ(refusal({.spread = -1}),
            "[mixture] spread is -1, expected a standard deviation of 0 or more");
  EXPECT_EQ(refusal({.scale = 0}), "[mixture] scale is 0, expected a standard deviation above 0");
}

}  // namespace
}  // namespace gradvar::mixture_test

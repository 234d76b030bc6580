// The law of a training sample as weighted samples: order, weights, noise.

#include "flow/nested_design.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

#include "tests/flow/solver_cases.h"

namespace gradvar::nested_design_test {
namespace {

using testing::normal_rows;

constexpr Interpolant kNoisy{.kind = InterpolantKind::kConstantNoise, .sigma = 0.4};

TEST(NestedDesign, GoesPairByPairNodeByNodeDrawByDraw) {
  const Tensor<double> x0 = normal_rows(1, 3, 2), x1 = normal_rows(2, 3, 2);
  const VarianceOptions options{.time_bins = 2, .nodes_per_bin = 2, .noise_draws = 5, .seed = 3};
  const NoiseRule noise = NoiseRule::make(kNoisy, options, 2);
  NestedDesign<double> design(x0, x1, noise, options, 0, 2);
  EXPECT_EQ(design.size(), 3 * 4 * 5);
  const Quadrature times = options.times();
  design.select(17, 30);
  const FlowRows<double> rows = design.rows(4, 20);
  for (std::int64_t n = 0; n < 20; ++n) {
    const std::int64_t sample = 17 + 4 + n, pair = sample / 20, node = sample / 5 % 4;
    EXPECT_EQ(rows.x0[n * 2 + 1], x0[pair * 2 + 1]);
    EXPECT_EQ(rows.x1[n * 2], x1[pair * 2]);
    EXPECT_EQ(rows.t[n], times.nodes[node]);
    EXPECT_NEAR(design.weights()[4 + n], times.weights[node] / 5, 1e-16);
    std::vector<double> z(2);
    RandomStream(3, Purpose::kNoise)
        .normals<double>(node * 5 + sample % 5, static_cast<std::uint32_t>(pair), z);
    EXPECT_EQ(rows.z[n * 2], z[0]);
  }
}

TEST(NestedDesign, ABinHasTheNoiseItHasInTheWhole) {
  const Tensor<double> x0 = normal_rows(1, 2, 1), x1 = normal_rows(2, 2, 1);
  const VarianceOptions options{.time_bins = 3, .nodes_per_bin = 2, .noise_draws = 2};
  const NoiseRule noise = NoiseRule::make(kNoisy, options, 1);
  NestedDesign<double> whole(x0, x1, noise, options, 0, 3), bin(x0, x1, noise, options, 1, 1);
  whole.select(0, whole.size());
  bin.select(0, bin.size());
  const FlowRows<double> all = whole.rows(0, whole.size()), part = bin.rows(0, bin.size());
  for (std::int64_t n = 0; n < 4; ++n) {
    EXPECT_EQ(part.z[n], all.z[4 + n]);
    EXPECT_EQ(part.t[n], all.t[4 + n]);
  }
}

TEST(NestedDesign, WhatIsPastTheEndWeighsNothing) {
  const Tensor<double> x0 = normal_rows(1, 2, 1), x1 = normal_rows(2, 2, 1);
  const VarianceOptions options{.time_bins = 1, .nodes_per_bin = 2};
  const NoiseRule noise = NoiseRule::make({}, options, 1);
  NestedDesign<double> design(x0, x1, noise, options, 0, 1);
  design.select(2, 4);
  EXPECT_GT(design.weights()[1], 0);
  EXPECT_EQ(design.weights()[2], 0);
  EXPECT_EQ(design.rows(0, 4).x0[3], x0[1]);
}

TEST(NestedDesign, TimesCoverTheIntervalWithWeightsAddingUpToOne) {
  const VarianceOptions options{.time_bins = 7, .nodes_per_bin = 3, .t_begin = 0.25, .t_end = 0.75};
  const Quadrature times = options.times();
  double total = 0, mean = 0;
  for (std::size_t k = 0; k < times.nodes.size(); ++k) {
    total += times.weights[k];
    mean += times.weights[k] * times.nodes[k];
  }
  EXPECT_NEAR(total, 1, 1e-14);
  EXPECT_NEAR(mean, 0.5, 1e-14);
}

TEST(NoiseRule, GaussHermiteNodesHaveTheCovarianceOfTheNormalLaw) {
  for (const std::int64_t d : {1, 2, 3}) {
    const NoiseRule rule = NoiseRule::make(kNoisy, {.noise_nodes = 40}, d);
    EXPECT_FALSE(rule.drawn);
    EXPECT_LT(rule.points, std::pow(40, d)) << "the corners weigh nothing and are left out";
    EXPECT_NEAR(std::accumulate(rule.weights.begin(), rule.weights.end(), 0.0), 1, 1e-13);
    for (std::int64_t i = 0; i < d; ++i) {
      for (std::int64_t j = 0; j <= i; ++j) {
        double covariance = 0, fourth = 0;
        for (std::int64_t r = 0; r < rule.points; ++r) {
          const double a = rule.nodes[r * d + i], b = rule.nodes[r * d + j];
          covariance += rule.weights[r] * a * b;
          fourth += rule.weights[r] * a * a * b * b;
        }
        EXPECT_NEAR(covariance, i == j ? 1 : 0, 1e-12);
        EXPECT_NEAR(fourth, i == j ? 3 : 1, 1e-11);
      }
    }
  }
}

TEST(NoiseRule, WithoutNoiseThereIsOnePoint) {
  const NoiseRule rule = NoiseRule::make({}, {.noise_draws = 9, .noise_nodes = 9}, 100);
  EXPECT_EQ(rule.points, 1);
  EXPECT_FALSE(rule.drawn);
}

// Points as ever; images by their pixels, never too few.
TEST(UsualMicrobatch, TakesFewerOfWhatIsLarger) {
  EXPECT_EQ(usual_microbatch(Shape{2}), VarianceOptions{}.microbatch);
  EXPECT_EQ(usual_microbatch(Shape{128}), VarianceOptions{}.microbatch);
  EXPECT_EQ(usual_microbatch(Shape{3, 32, 32}), 42);
  EXPECT_EQ(usual_microbatch(Shape{3, 512, 512}), 16);
}

}  // namespace
}  // namespace gradvar::nested_design_test

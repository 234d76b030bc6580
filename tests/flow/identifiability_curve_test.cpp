// Noise levels at once: against an integral over the line, and where half of log N is lost.

#include "flow/identifiability_curve.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

#include "tests/flow/solver_cases.h"

namespace gradvar::identifiability_curve_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

constexpr Interpolant kConstant{.kind = InterpolantKind::kConstantNoise, .sigma = 1};

// Two lines that stay `apart`: log 2 - E log(1 + e^-L), L = apart^2 / 2 c^2 + (apart / c) z.
double of_two_lines(double apart, double c) {
  double lost = 0;
  const double step = 1e-3;
  for (double z = -12; z <= 12; z += step) {
    const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
    const double l = apart * apart / (2 * c * c) + apart / c * z;
    lost += step * density * (l < -700 ? -l : std::log1p(std::exp(-l)));
  }
  return std::log(2.0) - lost;
}

TEST(IdentifiabilityCurve, OfTwoParallelLinesIsAnIntegralOverTheLine) {
  const IdentifiabilityCurve curve =
      measure_curve(column({-1, 1}), column({4, 6}), kConstant, {0.1, 0.5, 1, 2, 10},
                    {.nodes = 4, .replicates = 4000});
  ASSERT_EQ(curve.at.size(), 5u);
  for (std::size_t i = 0; i < curve.at.size(); ++i) {
    const Estimate& found = curve.at[i].information;
    EXPECT_NEAR(found.value, of_two_lines(2, curve.sigmas[i]), 4 * found.standard_error + 1e-9)
        << curve.sigmas[i];
    EXPECT_LT(found.standard_error, 0.01);
  }
  ASSERT_TRUE(curve.half);
  EXPECT_NEAR(of_two_lines(2, curve.half->value), std::log(2.0) / 2, 0.01);
}

TEST(IdentifiabilityCurve, IsHalfAtTheLevelThatIsSaidToBeHalf) {
  const Tensor<double> x0 = normal_rows(1, 40, 3), x1 = normal_rows(2, 40, 3);
  const IdentifiabilityOptions options{.nodes = 6, .replicates = 4};
  const IdentifiabilityCurve curve = measure_curve(x0, x1, {}, {}, options);
  ASSERT_TRUE(curve.half);
  Interpolant there = kConstant;
  there.sigma = curve.half->value;
  const PairIdentifiability at = measure_identifiability(x0, x1, there, options);
  EXPECT_NEAR(at.information.value, std::log(40.0) / 2, 1e-4);
  EXPECT_GT(curve.half->standard_error, 0);
  EXPECT_LT(curve.half->standard_error, 0.1 * curve.half->value);
}

TEST(IdentifiabilityCurve, UsualLevelsGoFromAllToNothing) {
  const Tensor<double> x0 = normal_rows(1, 50, 4), x1 = normal_rows(2, 50, 4);
  const IdentifiabilityCurve curve = measure_curve(x0, x1, kConstant, {}, {.replicates = 2});
  EXPECT_GT(curve.at.front().information.value, 0.97 * curve.log_pairs());
  EXPECT_LT(curve.at.back().information.value, 0.03 * curve.log_pairs());
  EXPECT_TRUE(std::is_sorted(curve.sigmas.begin(), curve.sigmas.end()));
  for (std::size_t i = 0; i + 1 < curve.at.size(); ++i) {
    EXPECT_GE(curve.at[i].information.value, curve.at[i + 1].information.value);
    EXPECT_LE(curve.at[i].loss_floor.value, curve.at[i + 1].loss_floor.value);
  }
}

// Near t = 0, where these lines lie a hundred times closer than at their far ends, little noise is
// enough: levels meant for the whole way would lie above all of it.
TEST(IdentifiabilityCurve, UsualLevelsKnowTheTimesAskedFor) {
  Tensor<double> x0 = normal_rows(1, 50, 2);
  for (double& value : x0.values()) value *= 0.01;
  const Tensor<double> x1 = normal_rows(2, 50, 2);
  const IdentifiabilityCurve curve =
      measure_curve(x0, x1, kConstant, {}, {.replicates = 2, .t_begin = 0, .t_end = 0.001});
  EXPECT_GT(curve.at.front().information.value, 0.97 * curve.log_pairs());
  EXPECT_LT(curve.at.back().information.value, 0.03 * curve.log_pairs());
  ASSERT_TRUE(curve.half);
  EXPECT_GT(curve.half->value, curve.sigmas.front());
  EXPECT_LT(curve.half->value, curve.sigmas.back());
}

// Where all lines meet halfway, they are told apart before and after.
TEST(IdentifiabilityCurve, OfAHalfTurnHasItsLevels) {
  const Tensor<double> x0 = normal_rows(1, 50, 2);
  Tensor<double> x1 = x0;
  for (double& value : x1.values()) value = -value;
  const IdentifiabilityCurve curve = measure_curve(x0, x1, kConstant, {}, {.replicates = 2});
  EXPECT_GT(curve.at.front().information.value, 0.9 * curve.log_pairs());
  EXPECT_LT(curve.at.back().information.value, 0.03 * curve.log_pairs());
  ASSERT_TRUE(curve.half);
  EXPECT_GT(curve.half->value, 0);
}

// More noise than the pairs are apart: all that is left is the variance of the target.
TEST(IdentifiabilityCurve, TheFloorEndsAtTheVarianceOfTheTarget) {
  const PairIdentifiability found =
      measure_curve(column({0, 0}), column({1, 3}), kConstant, {1e4}, {.replicates = 2}).at[0];
  EXPECT_NEAR(found.loss_floor.value, 1, 1e-6);
  EXPECT_NEAR(found.information.value, 0, 1e-6);
}

TEST(IdentifiabilityCurve, ALevelDoesNotDependOnItsNeighbours) {
  const Tensor<double> x0 = normal_rows(1, 150, 2), x1 = normal_rows(2, 150, 2);
  const std::vector<double> one = {0.3}, three = {0.1, 0.3, 0.9};
  const IdentifiabilityOptions options{.nodes = 2, .replicates = 2};
  const PairIdentifiability alone = measure_identifiability(x0, x1, kConstant, one, options)[0];
  const PairIdentifiability among = measure_identifiability(x0, x1, kConstant, three, options)[1];
  EXPECT_EQ(alone.information.value, among.information.value);
  EXPECT_EQ(alone.loss_floor.value, among.loss_floor.value);
}

TEST(IdentifiabilityCurve, ThereIsNoHalfWherePairsRepeat) {
  const IdentifiabilityCurve curve =
      measure_curve(column({0, 0, 0, 0, 0, 0, 5}), column({1, 1, 1, 1, 1, 1, 9}), kConstant, {0.1},
                    {.replicates = 2});
  EXPECT_FALSE(curve.half);
}

TEST(IdentifiabilityCurve, TicksReachTheirTotal) {
  std::int64_t last = 0, all = 0;
  (void)measure_curve(normal_rows(1, 300, 1), normal_rows(2, 300, 1), kConstant, {},
                      {.nodes = 3, .replicates = 2}, nullptr,
                      [&](std::int64_t done, std::int64_t total) {
                        EXPECT_GE(done, last);
                        last = done;
                        all = total;
                      });
  EXPECT_EQ(last, all);
  EXPECT_GT(all, 0);
}

TEST(IdentifiabilityCurve, RefusesWhatHasNoAnswer) {
  const auto refusal = [&](const Tensor<double>& x, const Interpolant& interpolant) {
    return sentence([&] { (void)measure_curve(x, x, interpolant, {}, {.replicates = 2}); });
  };
  EXPECT_EQ(refusal(column({1, 2}), {.kind = InterpolantKind::kTrigonometric}),
            "[identifiability] the trigonometric interpolant takes no noise, expected constant or "
            "bridge");
  EXPECT_EQ(refusal(column({1}), kConstant),
            "[identifiability] N is 1, expected 2 or more pairs to tell apart");
  EXPECT_EQ(refusal(column({1, 1}), kConstant),
            "[identifiability] all pairs are one line: there is nothing to tell apart");
}

}  // namespace
}  // namespace gradvar::identifiability_curve_test

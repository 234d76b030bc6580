// Straightness of paths with known bends.

#include "flow/straightness.h"

#include <gtest/gtest.h>

#include "tests/flow/solver_cases.h"

namespace gradvar::straightness_test {
namespace {

using testing::column;
using testing::power_field;
using testing::sentence;

TEST(Straightness, IsZeroOnLinesAtConstantSpeed) {
  const FunctionField<double> field = power_field<double>(0);
  const SolverOptions options = {.method = SolverMethod::euler, .steps = 8};
  const Solution<double> solution =
      solve(field, options, column({0, 3}), 0, 1, {.every_step = true});
  EXPECT_EQ(straightness(field, solution.trajectory), (std::vector<double>{0, 0}));
}

// v = 2 t and u = 1: the integral of (2 t - 1)^2 is 1/3; on [0, 2], of (2 t - 2)^2, is 8/3.
TEST(Straightness, MatchesTheIntegralForwardsAndBackwards) {
  const FunctionField<double> field = power_field<double>(1);
  const SolverOptions options = {.method = SolverMethod::midpoint, .steps = 1000};
  const auto bend = [&](double t0, double t1) {
    const Solution<double> solution =
        solve(field, options, column({0.5}), t0, t1, {.every_step = true});
    return straightness(field, solution.trajectory)[0];
  };
  EXPECT_NEAR(bend(0, 1), 1.0 / 3, 1e-6);
  EXPECT_NEAR(bend(1, 0), 1.0 / 3, 1e-6);
  EXPECT_NEAR(bend(0, 2), 8.0 / 3, 1e-5);
}

TEST(Straightness, AddsUpCoordinatesAndWorksInF32) {
  const FunctionField<float> field({2}, [](std::span<const float>, float t, std::span<float> v) {
    v[0] = 2 * t;
    v[1] = 2 - 4 * t;  // and u = 0: the integral of (2 - 4 t)^2 is 4/3
  });
  const SolverOptions options = {.method = SolverMethod::midpoint, .steps = 200};
  const Solution<float> solution =
      solve(field, options, Tensor<float>(Shape{1, 2}), 0, 1, {.every_step = true});
  EXPECT_NEAR(straightness(field, solution.trajectory)[0], 5.0 / 3, 1e-4);
}

TEST(Straightness, TakesUnevenTimesFromAnAdaptiveSolver) {
  const FunctionField<double> field = power_field<double>(1);
  const SolverOptions options = {.method = SolverMethod::dopri5};
  // Trapezoids over (2 t - 1)^2 = 1, 1/4, 0, 1 at 0, 1/4, 1/2, 1.
  const Solution<double> solution =
      solve(field, options, column({0}), 0, 1, {.times = {0, 0.25, 0.5, 1}});
  EXPECT_NEAR(straightness(field, solution.trajectory)[0], 0.625 / 4 + 0.125 / 4 + 0.5 / 2, 1e-10);
}

TEST(Straightness, RefusesWhatIsNoPath) {
  const FunctionField<double> field = power_field<double>(0);
  const Tensor<double> three(Shape{3, 1, 1}), wide(Shape{3, 1, 2});
  EXPECT_EQ(sentence([&] { (void)straightness<double>(field, {}); }),
            "[straightness] the trajectory has 0 times, expected 2 or more");
  EXPECT_EQ(sentence([&] {
              (void)straightness<double>(field, {{0, 0.5, 0.5}, three});
            }),
            "[straightness] the time 0.5 follows 0.5 on the way from 0 to 0.5, expected times "
            "strictly in order");
  EXPECT_EQ(sentence([&] {
              (void)straightness<double>(field, {{0, 0.5, 1}, wide});
            }),
            "[straightness] the states are 3x1x2, expected 3 times, rows, then samples of shape 1");
}

}  // namespace
}  // namespace gradvar::straightness_test

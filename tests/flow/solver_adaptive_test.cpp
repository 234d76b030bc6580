// Dormand-Prince: every row keeps its own tolerance, steps and count.

#include <gtest/gtest.h>
#include <limits>

#include "flow/solver.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::solver_adaptive_test {
namespace {

using testing::bell;
using testing::bell_field;
using testing::column;
using testing::power_field;
using testing::sentence;

SolverOptions dopri5(double tolerance) {
  return {.method = SolverMethod::dopri5, .rtol = tolerance, .atol = tolerance};
}

TEST(Dopri5, ErrorStaysNearTheTolerance) {
  double previous = 1;
  for (const double tolerance : {1e-3, 1e-5, 1e-7, 1e-9, 1e-11}) {
    const Solution<double> solution =
        solve(bell_field<double>(1), dopri5(tolerance), column({1.5}), 0, 2);
    const double error = std::abs(solution.end[0] - bell(1.5, 2));
    EXPECT_LT(error, 10 * tolerance) << tolerance;
    EXPECT_LT(error, previous);
    previous = error;
  }
}

// An error per step of order h^6 spent against h^5 of the estimate: work grows as tolerance^(-1/5).
TEST(Dopri5, StepsGrowWithTheFifthRootOfTheTolerance) {
  const auto steps = [](double tolerance) {
    const Solution<double> solution =
        solve(bell_field<double>(1), dopri5(tolerance), column({1.5}), 0, 4);
    return static_cast<double>(solution.accepted_steps);
  };
  EXPECT_NEAR(std::log10(steps(1e-13) / steps(1e-8)), 1, 0.15);
}

TEST(Dopri5, IntegratesPolynomialsOfDegreeFourExactly) {
  for (int degree = 0; degree <= 4; ++degree) {
    const Solution<double> solution =
        solve(power_field<double>(degree), dopri5(1e-2), column({0.25}));
    EXPECT_NEAR(solution.end[0], 1.25, 1e-14) << degree;
  }
}

TEST(Dopri5, CountsEveryEvaluation) {
  std::int64_t calls = 0;
  const FunctionField<double> field({1},
                                    [&](std::span<const double> x, double t, std::span<double> v) {
                                      ++calls;
                                      v[0] = -2 * t * x[0] * x[0];
                                    });
  const Solution<double> one = solve(field, dopri5(1e-8), column({2}));
  EXPECT_EQ(calls, one.max_evaluations);
  EXPECT_EQ(one.mean_evaluations, static_cast<double>(one.max_evaluations));
  // Two to begin with; then the last stage of a step is the first of the next.
  EXPECT_EQ(one.max_evaluations, 2 + 6 * (one.accepted_steps + one.rejected_steps));

  calls = 0;
  const Solution<double> many = solve(field, dopri5(1e-8), column({2, 0.01, 7}));
  EXPECT_EQ(static_cast<double>(calls), 3 * many.mean_evaluations);
  EXPECT_EQ(calls, 2 * 3 + 6 * (many.accepted_steps + many.rejected_steps));
  EXPECT_GT(static_cast<double>(many.max_evaluations), many.mean_evaluations);
}

TEST(Dopri5, ASampleDoesNotDependOnItsBatchMates) {
  const FunctionField<double> field = bell_field<double>(2);
  Tensor<double> x(Shape{5, 2}, std::vector<double>{1, 2, 0.01, 0, 8, 9, -0.3, 0.2, 30, 1});
  const TrajectoryRequest request{.times = {0.3, 0.7}};
  const Solution<double> together = solve(field, dopri5(1e-6), x, 0, 1, request);
  std::int64_t accepted = 0;
  for (std::int64_t n = 0; n < 5; ++n) {
    const Solution<double> alone = solve(field, dopri5(1e-6), x.rows_copy(n, 1), 0, 1, request);
    accepted += alone.accepted_steps;
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(alone.end[i], together.end[2 * n + i]) << n;
      for (int k = 0; k < 2; ++k) {
        EXPECT_EQ(alone.trajectory.states[2 * k + i],
                  together.trajectory.states[10 * k + 2 * n + i]);
      }
    }
  }
  EXPECT_EQ(accepted, together.accepted_steps);
}

TEST(Dopri5, BackwardsInvertsForwards) {
  const FunctionField<double> field = bell_field<double>(1);
  const Tensor<double> x = column({1, -0.4, 3});
  const Tensor<double> end = solve(field, dopri5(1e-10), x, 0.25, 1.5).end;
  const Tensor<double> back = solve(field, dopri5(1e-10), end, 1.5, 0.25).end;
  for (int n = 0; n < 3; ++n) EXPECT_NEAR(back[n], x[n], 1e-7);
}

TEST(Dopri5, RejectsStepsAtAKinkAndStillArrives) {
  const FunctionField<double> field({1}, [](std::span<const double>, double t,
                                            std::span<double> v) { v[0] = t < 0.37 ? 0 : 100; });
  const Solution<double> solution = solve(field, dopri5(1e-6), column({0}));
  EXPECT_GT(solution.rejected_steps, 0);
  EXPECT_NEAR(solution.end[0], 63, 1e-3);
}

TEST(Dopri5, GivesStatesAtTheTimesAskedFor) {
  const std::vector<double> times = {2, 1.9, 1.234, 1.234, 0.5, 0.1};
  const Solution<double> solution =
      solve(bell_field<double>(1), dopri5(1e-9), column({bell(1.5, 2), bell(0.2, 2)}), 2, 0.1,
            {.times = times});
  EXPECT_EQ(solution.trajectory.times, times);
  ASSERT_EQ(solution.trajectory.states.shape(), (Shape{6, 2, 1}));
  for (std::size_t k = 0; k < times.size(); ++k) {
    EXPECT_NEAR(solution.trajectory.states[2 * k], bell(1.5, times[k]), 1e-7) << times[k];
    EXPECT_NEAR(solution.trajectory.states[2 * k + 1], bell(0.2, times[k]), 1e-7) << times[k];
  }
  EXPECT_EQ(solution.trajectory.states[10], solution.end[0]);
}

TEST(Dopri5, TheInterpolantIsExactForPolynomialsOfDegreeFour) {
  const std::vector<double> times = {0.1, 0.2, 0.35, 0.5, 0.77};
  const Solution<double> solution =
      solve(power_field<double>(3), dopri5(1e-2), column({0}), 0, 1, {.times = times});
  EXPECT_LT(solution.accepted_steps, 6);
  for (std::size_t k = 0; k < times.size(); ++k) {
    EXPECT_NEAR(solution.trajectory.states[k], std::pow(times[k], 4), 1e-13);
  }
}

TEST(Dopri5, WorksInF32) {
  const Tensor<float> x(Shape{2, 1}, std::vector<float>{1.5F, 0.2F});
  const Solution<float> solution = solve(bell_field<float>(1), dopri5(1e-5), x);
  EXPECT_NEAR(solution.end[0], bell(1.5, 1), 1e-4);
  EXPECT_NEAR(solution.end[1], bell(0.2, 1), 1e-4);
}

TEST(Dopri5, SaysWhereItCannotGoOn) {
  // dx/dt = x^2 from 2 has a pole at t = 1/2.
  const FunctionField<double> pole(
      {1}, [](std::span<const double> x, double, std::span<double> v) { v[0] = x[0] * x[0]; });
  const std::string at_pole = sentence<std::runtime_error>([&] {
    (void)solve(pole, dopri5(1e-6), column({0.1, 2}));
  });
  EXPECT_NE(at_pole.find("[solver] row 1 "), std::string::npos) << at_pole;
  EXPECT_NE(at_pole.find(" at t = 0.5"), std::string::npos) << at_pole;

  const FunctionField<double> broken(
      {1}, [](std::span<const double> x, double, std::span<double> v) {
        v[0] = x[0] > 0 ? std::numeric_limits<double>::quiet_NaN() : 0;
      });
  EXPECT_EQ(sentence<std::runtime_error>([&] {
              (void)solve(broken, dopri5(1e-6), column({0, 1}), 3, 4);
            }),
            "[solver] row 1 has a velocity that is not finite at t = 3");

  const FunctionField<double> wall({1}, [](std::span<const double>, double t, std::span<double> v) {
    v[0] = t < 0.5 ? 1 : std::numeric_limits<double>::quiet_NaN();
  });
  const std::string at_wall =
      sentence<std::runtime_error>([&] { (void)solve(wall, dopri5(1e-6), column({0})); });
  EXPECT_NE(at_wall.find("[solver] row 0 is not finite at t = 0.49999"), std::string::npos)
      << at_wall;

  SolverOptions few = dopri5(1e-12);
  few.max_steps = 5;
  const std::string too_few =
      sentence<std::runtime_error>([&] { (void)solve(bell_field<double>(1), few, column({2})); });
  EXPECT_NE(too_few.find("[solver] row 0 has used its max-steps of 5 at t = 0."), std::string::npos)
      << too_few;
}

}  // namespace
}  // namespace gradvar::solver_adaptive_test

// Equal steps: orders, exactness, counts, both directions; and what every solver refuses.

#include "flow/solver.h"

#include <gtest/gtest.h>
#include <limits>

#include "tests/flow/solver_cases.h"

namespace gradvar::solver_test {
namespace {

using testing::bell;
using testing::bell_field;
using testing::column;
using testing::power_field;
using testing::sentence;

struct Case {
  SolverMethod method;
  int order, stages;
};
constexpr Case kCases[] = {{SolverMethod::euler, 1, 1},
                           {SolverMethod::midpoint, 2, 2},
                           {SolverMethod::heun, 2, 2},
                           {SolverMethod::rk4, 4, 4}};

SolverOptions fixed(SolverMethod method, std::int64_t steps) {
  return {.method = method, .steps = steps};
}

double bell_error(SolverMethod method, std::int64_t steps) {
  const Solution<double> solution =
      solve(bell_field<double>(1), fixed(method, steps), column({1.5}));
  return std::abs(solution.end[0] - bell(1.5, 1));
}

TEST(Solver, ErrorFallsWithTheOrderOfTheMethod) {
  for (const Case& c : kCases) {
    for (const std::int64_t steps : {64, 128}) {
      const double slope = std::log2(bell_error(c.method, steps) / bell_error(c.method, 2 * steps));
      EXPECT_NEAR(slope, c.order, 0.1) << to_string(c.method) << " " << steps;
    }
  }
}

TEST(Solver, IntegratesPolynomialsOfTimeBelowItsOrderExactly) {
  for (const Case& c : kCases) {
    for (int degree = 0; degree < c.order; ++degree) {
      const Solution<double> solution =
          solve(power_field<double>(degree), fixed(c.method, 3), column({0.25}));
      EXPECT_NEAR(solution.end[0], 1.25, 1e-15) << to_string(c.method) << " " << degree;
    }
    const Solution<double> beyond =
        solve(power_field<double>(c.order), fixed(c.method, 3), column({0.25}));
    EXPECT_GT(std::abs(beyond.end[0] - 1.25), 1e-4) << to_string(c.method);
  }
}

TEST(Solver, OneEulerStepIsExactOnAStraightField) {
  const FunctionField<double> field({2}, [](std::span<const double>, double, std::span<double> v) {
    v[0] = 3;
    v[1] = -0.5;
  });
  const Tensor<double> x(Shape{1, 2}, std::vector<double>{1, 2});
  const Solution<double> solution = solve(field, fixed(SolverMethod::euler, 1), x);
  EXPECT_EQ(solution.end[0], 4);
  EXPECT_EQ(solution.end[1], 1.5);
}

// One step h of a linear field dx/dt = x multiplies by the Taylor polynomial of e^h.
TEST(Solver, OneStepOfALinearFieldIsTheTaylorPolynomial) {
  const FunctionField<double> field(
      {1}, [](std::span<const double> x, double, std::span<double> v) { v[0] = x[0]; });
  for (const Case& c : kCases) {
    double expected = 1, term = 1;
    for (int k = 1; k <= c.order; ++k) expected += term *= 0.5 / k;
    const Solution<double> solution = solve(field, fixed(c.method, 1), column({1}), 0, 0.5);
    EXPECT_DOUBLE_EQ(solution.end[0], expected) << to_string(c.method);
  }
}

TEST(Solver, CountsStepsTimesStages) {
  for (const Case& c : kCases) {
    std::int64_t calls = 0;
    const FunctionField<double> field({1},
                                      [&](std::span<const double>, double, std::span<double> v) {
                                        ++calls;
                                        v[0] = 1;
                                      });
    const Solution<double> solution = solve(field, fixed(c.method, 7), column({0, 1, 2}));
    EXPECT_EQ(calls, 3 * 7 * c.stages);
    EXPECT_EQ(solution.mean_evaluations, 7 * c.stages);
    EXPECT_EQ(solution.max_evaluations, 7 * c.stages);
    EXPECT_EQ(solution.accepted_steps, 3 * 7);
    EXPECT_EQ(solution.rejected_steps, 0);
  }
}

TEST(Solver, BackwardsInvertsForwards) {
  for (const Case& c : kCases) {
    const FunctionField<double> field = bell_field<double>(2);
    const Tensor<double> x(Shape{2, 2}, std::vector<double>{1, 0.5, -0.4, 2});
    const SolverOptions options = fixed(c.method, 4000);
    const Tensor<double> end = solve(field, options, x, 0.25, 1.5).end;
    const Tensor<double> back = solve(field, options, end, 1.5, 0.25).end;
    const double bound = c.order == 1 ? 6e-3 : 1e-6;
    for (std::int64_t i = 0; i < x.size(); ++i) EXPECT_NEAR(back[i], x[i], bound);
    EXPECT_GT(std::abs(end[0] - x[0]), 0.1);
  }
}

TEST(Solver, BackwardsIsTheReversedFieldForwards) {
  const FunctionField<double> reversed(
      {1}, [](std::span<const double> x, double t, std::span<double> v) {
        v[0] = 2 * (1 - t) * x[0] * x[0];
      });
  for (const Case& c : kCases) {
    const SolverOptions options = fixed(c.method, 8);
    EXPECT_DOUBLE_EQ(solve(bell_field<double>(1), options, column({0.6}), 1, 0).end[0],
                     solve(reversed, options, column({0.6}), 0, 1).end[0]);
  }
}

TEST(Solver, KeepsTheStateAfterEveryStep) {
  const Solution<double> solution = solve(power_field<double>(0), fixed(SolverMethod::heun, 4),
                                          column({1, 5}), 1, 0, {.every_step = true});
  EXPECT_EQ(solution.trajectory.times, (std::vector<double>{1, 0.75, 0.5, 0.25, 0}));
  ASSERT_EQ(solution.trajectory.states.shape(), (Shape{5, 2, 1}));
  for (int k = 0; k < 5; ++k) {
    EXPECT_DOUBLE_EQ(solution.trajectory.states[2 * k], 1 - 0.25 * k);
    EXPECT_DOUBLE_EQ(solution.trajectory.states[2 * k + 1], 5 - 0.25 * k);
  }
  EXPECT_EQ(solve(power_field<double>(0), fixed(SolverMethod::heun, 4), column({1}))
                .trajectory.states.size(),
            0);
}

TEST(Solver, WorksInF32) {
  const Tensor<float> x(Shape{1, 1}, std::vector<float>{1.5F});
  const Solution<float> solution = solve(bell_field<float>(1), fixed(SolverMethod::rk4, 50), x);
  EXPECT_NEAR(solution.end[0], bell(1.5, 1), 1e-6);
}

TEST(Solver, NothingMovesInNoTimeAndWithoutRows) {
  for (const std::string spec : {"rk4:steps=5", "dopri5"}) {
    const SolverOptions options = SolverOptions::parse(spec);
    const Solution<double> still = solve(bell_field<double>(1), options, column({1.5}), 0.5, 0.5);
    EXPECT_EQ(still.end[0], 1.5);
    EXPECT_EQ(still.max_evaluations, 0);
    const Solution<double> none =
        solve(bell_field<double>(3), options, Tensor<double>(Shape{0, 3}));
    EXPECT_EQ(none.end.shape(), (Shape{0, 3}));
    EXPECT_EQ(none.mean_evaluations, 0);
    EXPECT_EQ(none.accepted_steps, 0);
  }
}

TEST(Solver, NamesRowAndTimeOfAStateThatIsNotFinite) {
  const FunctionField<double> field(
      {1}, [](std::span<const double> x, double t, std::span<double> v) {
        v[0] = x[0] > 0 && t >= 0.5 ? std::numeric_limits<double>::infinity() : 0;
      });
  EXPECT_EQ(sentence<std::runtime_error>([&] {
              (void)solve(field, fixed(SolverMethod::euler, 4), column({-1, 1}));
            }),
            "[solver] row 1 is not finite at t = 0.75");
  EXPECT_EQ(sentence<std::runtime_error>([&] {
              (void)solve(field, fixed(SolverMethod::euler, 4), column({0, 0, std::nan("")}), 2, 3);
            }),
            "[solver] row 2 is not finite at t = 2");
}

TEST(Solver, SpecsReadBack) {
  for (const std::string spec : {"euler:steps=100", "midpoint:steps=1", "heun:steps=3",
                                 "rk4:steps=20", "dopri5:rtol=1e-06,atol=1e-09,max-steps=50"}) {
    EXPECT_EQ(SolverOptions::parse(spec).spec(), spec);
  }
  EXPECT_EQ(SolverOptions::parse("dopri5").spec(), "dopri5:rtol=1e-06,atol=1e-06,max-steps=10000");
  EXPECT_EQ(SolverOptions::parse("euler").spec(), "euler:steps=100");
}

TEST(Solver, RefusesOptionsOutsideTheirRange) {
  const auto refusal = [](const std::string& spec) {
    return sentence([&] { (void)SolverOptions::parse(spec); });
  };
  EXPECT_EQ(refusal("rk5"),
            "[solver] 'rk5' is no solver, expected euler, midpoint, heun, rk4 or dopri5");
  EXPECT_EQ(refusal("euler:steps=0"), "[euler] steps is 0, expected 1 to 10000000");
  EXPECT_EQ(refusal("dopri5:rtol=0"), "[dopri5] rtol is 0, expected a positive number");
  EXPECT_EQ(refusal("dopri5:atol=-1"), "[dopri5] atol is -1, expected a positive number");
  EXPECT_EQ(refusal("dopri5:rtol=nan"), "[dopri5] rtol is 'nan', expected a finite number");
  EXPECT_EQ(refusal("dopri5:max-steps=0"), "[dopri5] max-steps is 0, expected 1 to 10000000");
  EXPECT_EQ(refusal("rk4:rtol=1"), "[rk4] unknown key 'rtol', expected only keys of: steps");
}

TEST(Solver, RefusesArgumentsThatDoNotFit) {
  const FunctionField<double> field = bell_field<double>(2);
  const Tensor<double> x(Shape{1, 2});
  const SolverOptions euler = fixed(SolverMethod::euler, 2);
  const SolverOptions dopri5 = {.method = SolverMethod::dopri5};
  EXPECT_EQ(sentence([&] {
              (void)solve(field, euler, Tensor<double>(Shape{4, 3}));
            }),
            "[solver] x is 4x3, expected rows of shape 2");
  EXPECT_EQ(sentence([&] { (void)solve(field, euler, x, 0.0, std::nan("")); }),
            "[solver] the times are 0 to nan, expected finite ones");
  EXPECT_EQ(sentence([&] { (void)solve(field, euler, x, 0, 1, {.times = {0.5}}); }),
            "[solver] euler keeps the states after its steps, it was asked for them at 1 given "
            "times: only dopri5 has those");
  EXPECT_EQ(sentence([&] { (void)solve(field, dopri5, x, 0, 1, {.every_step = true}); }),
            "[solver] dopri5 was asked for the states after every step, but its rows have steps of "
            "their own: ask for given times");
  EXPECT_EQ(sentence([&] {
              (void)solve(field, dopri5, x, 1, 0, {.times = {0.5, 0.6}});
            }),
            "[solver] the output time 0.6 follows 0.5, expected times in order from 1 to 0");
}

}  // namespace
}  // namespace gradvar::solver_test

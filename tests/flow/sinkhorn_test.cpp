// The entropic plan: a closed form between two points, marginals, both limits of epsilon, bad
// input.

#include "flow/sinkhorn.h"

#include <cmath>
#include <gtest/gtest.h>

#include "flow/assignment.h"
#include "flow/pairwise.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::sinkhorn_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

double marginal_error(const Tensor<double>& plan) {
  const std::int64_t n = plan.rows(), m = plan.row_size();
  double error = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (const double share : plan.row(i)) sum += share;
    error += std::abs(sum - 1.0 / static_cast<double>(n));
  }
  for (std::int64_t j = 0; j < m; ++j) {
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += plan.row(i)[j];
    error += std::abs(sum - 1.0 / static_cast<double>(m));
  }
  return error;
}

// Costs 0 on the diagonal and 1 beside it, of mean 1/2: P_11 = 1 / (2 (1 + exp(-1 / eps))).
TEST(Sinkhorn, BetweenTwoPointsThePlanIsALogistic) {
  const Tensor<double> cost(Shape{2, 2}, std::vector<double>{0, 1, 1, 0});
  for (const double eps : {2.0, 0.5, 0.1, 0.01}) {
    const SinkhornPlan found = sinkhorn(cost, {.epsilon = eps / 0.5, .tolerance = 1e-12});
    EXPECT_DOUBLE_EQ(found.epsilon, eps);
    EXPECT_NEAR(found.plan[0], 0.5 / (1 + std::exp(-1 / eps)), 1e-12);
    EXPECT_NEAR(found.plan[1], 0.5 / (1 + std::exp(1 / eps)), 1e-12);
    EXPECT_NEAR(found.cost, 1 / (1 + std::exp(1 / eps)), 1e-12);
  }
}

TEST(Sinkhorn, MarginalsAreRightFromTheMeanCostDownToATenThousandthOfIt) {
  const Tensor<double> x = normal_rows(1, 60, 2), y = normal_rows(2, 60, 2);
  const Tensor<double> cost = squared_distances(x, y);
  const double least = solve_assignment(cost).cost / 60;
  double before = INFINITY;
  for (const double epsilon : {1.0, 0.1, 1e-2, 1e-3, 1e-4}) {
    const SinkhornPlan found = sinkhorn(cost, {.epsilon = epsilon});
    EXPECT_LT(marginal_error(found.plan), 1e-6);
    EXPECT_NEAR(found.marginal_error, marginal_error(found.plan), 1e-12);
    EXPECT_GT(found.cost, least - 1e-4);
    EXPECT_LT(found.cost, before + 1e-4);
    before = found.cost;
  }
  EXPECT_NEAR(before, least, 1e-3 * least);
}

TEST(Sinkhorn, AWideEpsilonPairsIndependently) {
  const Tensor<double> cost = squared_distances(normal_rows(1, 5, 1), normal_rows(2, 7, 1));
  const SinkhornPlan found = sinkhorn(cost, {.epsilon = 1e6});
  for (const double share : found.plan.values()) EXPECT_NEAR(share, 1.0 / 35, 1e-6);
}

// Equal points: nothing but ties; and costs that are all 0.
TEST(Sinkhorn, TiesAreShared) {
  const SinkhornPlan ties =
      sinkhorn(squared_distances(column({1, 1, 4}), column({1, 1, 4})), {.epsilon = 1e-4});
  EXPECT_NEAR(ties.plan[0], 1.0 / 6, 1e-9);
  EXPECT_NEAR(ties.plan[8], 1.0 / 3, 1e-9);
  const SinkhornPlan nothing = sinkhorn(Tensor<double>(Shape{2, 2}));
  EXPECT_NEAR(nothing.plan[1], 0.25, 1e-12);
}

// A translation with little entropy: everyone's partner is itself, moved.
TEST(Sinkhorn, PartnersFollowATranslation) {
  const Tensor<double> x = normal_rows(1, 40, 3);
  Tensor<double> y = x;
  for (double& value : y.values()) value += 2;
  const SinkhornPlan plan = sinkhorn(squared_distances(x, y), {.epsilon = 1e-4});
  const Tensor<double> mean = barycentric_partners(plan, y);
  for (std::int64_t i = 0; i < mean.size(); ++i) EXPECT_NEAR(mean[i], x[i] + 2, 1e-3);
  const std::vector<std::int64_t> drawn =
      sampled_partners(plan, RandomStream(1, Purpose::kPairing));
  for (std::int64_t i = 0; i < 40; ++i) EXPECT_EQ(drawn[i], i);
}

TEST(Sinkhorn, PartnersAreDrawnAsOftenAsTheirShare) {
  SinkhornPlan plan;
  plan.plan = Tensor<double>(Shape{4000, 3});
  for (std::int64_t i = 0; i < 4000; ++i) {
    plan.plan.row(i)[0] = 1e-4;
    plan.plan.row(i)[2] = 3e-4;
  }
  double last = 0;
  for (const std::int64_t j : sampled_partners(plan, RandomStream(1, Purpose::kPairing))) {
    EXPECT_NE(j, 1);
    if (j == 2) last += 1.0 / 4000;
  }
  EXPECT_NEAR(last, 0.75, 0.03);
}

TEST(Sinkhorn, ThreadsChangeNothing) {
  const Tensor<double> cost = squared_distances(normal_rows(1, 150, 2), normal_rows(2, 130, 2));
  LanePool pool(3);
  const SinkhornPlan alone = sinkhorn(cost), together = sinkhorn(cost, {}, &pool);
  EXPECT_TRUE(std::equal(alone.plan.values().begin(), alone.plan.values().end(),
                         together.plan.values().begin()));
}

TEST(Sinkhorn, StopsWhereItsTickThrows) {
  struct Enough {};
  const Tensor<double> cost = squared_distances(normal_rows(1, 60, 2), normal_rows(2, 60, 2));
  std::int64_t ticks = 0;
  const SinkhornPlan plan = sinkhorn(cost, {.epsilon = 1e-3}, nullptr, [&] { ++ticks; });
  EXPECT_GE(ticks, plan.iterations);
  std::int64_t left = ticks;
  EXPECT_THROW((void)sinkhorn(cost, {.epsilon = 1e-3}, nullptr,
                              [&] {
                                if (--left == 0) throw Enough();
                              }),
               Enough);
}

TEST(Sinkhorn, RefusesWhatIsNoProblem) {
  const auto refusal = [](const Tensor<double>& cost, const SinkhornOptions& options) {
    return sentence([&] { (void)sinkhorn(cost, options); });
  };
  const Tensor<double> good = squared_distances(column({0, 1}), column({0, 3}));
  EXPECT_EQ(refusal(Tensor<double>(Shape{4}), {}), "[sinkhorn] the cost matrix is 4, expected nxm");
  Tensor<double> bad = good;
  bad[2] = -1;
  EXPECT_EQ(refusal(bad, {}),
            "[sinkhorn] the cost in row 2, column 1 is -1, expected a finite number, 0 or more");
  EXPECT_EQ(refusal(good, {.epsilon = 0}), "[sinkhorn] epsilon is 0, expected a number above 0");
  EXPECT_EQ(refusal(good, {.tolerance = 0}),
            "[sinkhorn] the tolerance is 0, expected a number above 0");
  EXPECT_THROW((void)sinkhorn(good, {.epsilon = 1e-3, .max_iterations = 1}), std::runtime_error);
  EXPECT_EQ(sentence([&] { (void)barycentric_partners(sinkhorn(good), column({1})); }),
            "[sinkhorn] there are 1 targets, the plan has 2 columns");
}

}  // namespace
}  // namespace gradvar::sinkhorn_test

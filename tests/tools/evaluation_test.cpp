#include "tools/evaluation.h"

#include <cmath>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tools/choices.h"

namespace gradvar::evaluation_test {
namespace {

// v(x, t) = u, the same everywhere: x ends at x + u.
FunctionField<double> shift_by(double u) {
  return FunctionField<double>({2}, [u](std::span<const double>, double, std::span<double> v) {
    std::fill(v.begin(), v.end(), u);
  });
}

const EvaluationOptions kFewSteps = {.solver = {.method = SolverMethod::euler, .steps = 4},
                                     .fresh = 200};

TEST(Evaluation, TheOptimalShiftGeneralises) {
  const Problem problem({.coupling = "independent", .pairs = 60});
  const Evaluation e = evaluate<double>(shift_by(5), problem, kFewSteps);
  EXPECT_EQ(e.mean_evaluations, 4);
  EXPECT_EQ(e.to_optimal_partner.n, 60);
  EXPECT_NEAR(e.to_optimal_partner.mean, 0, 1e-12);
  EXPECT_NEAR(e.fresh_to_optimal->mean, 0, 1e-12);
  EXPECT_GT(e.to_training_partner.mean, 1);
  EXPECT_FALSE(e.fresh_to_coupling.has_value());
  EXPECT_LT(std::abs(e.mmd), 0.05);  // the law is right
}

TEST(Evaluation, TheMapOfACouplingIsMemorisedByItsOwnField) {
  const Problem problem({.coupling = "affine:offset=3", .pairs = 60});
  const Evaluation e = evaluate<double>(shift_by(3), problem, kFewSteps);
  EXPECT_NEAR(e.to_training_partner.mean, 0, 1e-12);
  EXPECT_EQ(e.memorised_share, 1);
  EXPECT_NEAR(e.fresh_to_coupling->mean, 0, 1e-12);
  EXPECT_NEAR(e.to_optimal_partner.mean, 2 * std::sqrt(2.0), 1e-12);
  EXPECT_GT(e.mmd, 10 * std::abs(e.mmd_floor));  // the law is not
}

TEST(Evaluation, DistancesAreMeansOverPairs) {
  const Problem problem({.coupling = "affine:offset=3", .pairs = 10});
  const Evaluation e = evaluate<double>(shift_by(3 + 4), problem, kFewSteps);
  EXPECT_NEAR(e.to_training_partner.mean, 4 * std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(e.to_training_partner.standard_deviation, 0, 1e-7);
}

TEST(Evaluation, FollowsTheFirstPairsOnlyWhereThereAreMany) {
  const Problem problem({.pairs = 50});
  EvaluationOptions options = kFewSteps;
  options.most_pairs = 7;
  const Evaluation e = evaluate<double>(shift_by(5), problem, options);
  EXPECT_EQ(e.to_training_partner.n, 7);
  EXPECT_EQ(e.to_optimal_partner.n, 7);
}

TEST(Evaluation, OnePairHasNoOthersToCompareWith) {
  const Problem problem({.pairs = 1});
  EvaluationOptions options = kFewSteps;
  options.fresh = 0;
  const Evaluation e = evaluate<double>(shift_by(5), problem, options);
  EXPECT_EQ(e.between_random_partners, 0);
  const nlohmann::json json = to_json(e);
  EXPECT_TRUE(json["to_training_partner"]["standard_deviation"].is_null());
  EXPECT_FALSE(json.contains("fresh_to_optimal"));
}

// Two laws far apart: the MMD follows the targets that are held out, not those trained on.
TEST(Evaluation, HeldOutTargetsTakeTheTargetsPlace) {
  const Problem problem({.coupling = "affine:offset=3", .pairs = 10});
  const auto far = make_distribution("--held-out", "gaussian:dim=2,mean=50");
  EvaluationOptions options = kFewSteps;
  options.fresh = 200;
  EXPECT_GT(evaluate<double>(shift_by(50), problem, options).mmd, 0.5);
  options.held_out = far.get();
  const Evaluation e = evaluate<double>(shift_by(50), problem, options);
  EXPECT_NEAR(e.mmd, 0, 0.02);
  EXPECT_NEAR(e.mmd_floor, 0, 0.02);
}

TEST(Evaluation, JsonHoldsWhatWasMeasured) {
  const Problem problem({.target = "moons", .pairs = Problem::kMostAssigned + 1});
  EvaluationOptions options = kFewSteps;
  options.most_pairs = 10;
  const nlohmann::json json = to_json(evaluate<double>(shift_by(0), problem, options));
  EXPECT_EQ(json["solver"], "euler:steps=4");
  EXPECT_TRUE(json["to_optimal_partner"].is_null());
  EXPECT_EQ(json["to_training_partner"]["n"], 10);
  EXPECT_TRUE(json["mmd"].is_number());
}

}  // namespace
}  // namespace gradvar::evaluation_test

#include "tools/evaluation.h"

#include <cmath>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "../io/scratch_directory.h"
#include "io/atomic_file.h"
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
  EXPECT_TRUE(std::isnan(e.memorised_share));
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

// A shift is straight and right: distances of laws lie at their floors, and nothing bends.
TEST(Evaluation, SetsGiveLawsTheirIntervalsAndFloors) {
  const Problem problem({.pairs = 40});
  EvaluationOptions options = kFewSteps;
  options.fresh = 60;
  options.sets = 3;
  const nlohmann::json right = to_json(evaluate<double>(shift_by(5), problem, options));
  const nlohmann::json wrong = to_json(evaluate<double>(shift_by(8), problem, options));
  for (const char* name : {"mmd", "energy", "sliced", "wasserstein"}) {
    const nlohmann::json &at = right["laws"][name], &off = wrong["laws"][name];
    EXPECT_EQ(at["sets"], 3);
    EXPECT_LT(at["low"], at["floor"]["high"]) << name;
    EXPECT_GT(at["high"], at["floor"]["low"]) << name;
    EXPECT_GT(off["low"], off["floor"]["high"]) << name;
  }
  // A shift by (3, 3): 3 root 2 in the plane, 3 along a mean direction.
  EXPECT_NEAR(wrong["laws"]["wasserstein"]["mean"], 3 * std::sqrt(2.0), 0.3);
  EXPECT_NEAR(wrong["laws"]["sliced"]["mean"], 3, 0.3);
  EXPECT_NEAR(right["straightness"]["mean"], 0, 1e-20);
  EXPECT_LT(right["to_training_partner"]["mean_low"], right["to_training_partner"]["mean"]);
  EXPECT_GT(right["to_training_partner"]["mean_high"], right["to_training_partner"]["mean"]);
  EXPECT_LE(right["memorised_share_interval"]["low"], right["memorised_share"]);
  options.sets = 1;
  EXPECT_TRUE(
      to_json(evaluate<double>(shift_by(5), problem, options))["laws"]["mmd"]["low"].is_null());
}

// Both were once done a second time for the straightness and for the laws.
TEST(Evaluation, TrainingSourcesAreFollowedOnceAndTheFirstSetIsTheMmd) {
  std::int64_t rows = 0;
  const FunctionField<double> counting(
      {2}, [&rows](std::span<const double>, double, std::span<double> v) {
        ++rows;
        v[0] = v[1] = 5;
      });
  const Problem problem({.pairs = 40});
  EvaluationOptions options = kFewSteps;
  options.fresh = 0;
  options.sets = 1;
  (void)evaluate<double>(counting, problem, options);
  EXPECT_EQ(rows, 40 * (4 + 5)) << "four steps, and the velocity at five times for the bend";
  options.fresh = 50;
  const Evaluation with = evaluate<double>(counting, problem, options);
  options.sets = 0;
  const Evaluation without = evaluate<double>(counting, problem, options);
  EXPECT_EQ(with.mmd, without.mmd);
  EXPECT_EQ(with.mmd_floor, without.mmd_floor);
  EXPECT_EQ(with.mmd_biased, without.mmd_biased);
  EXPECT_EQ(with.mmd_floor_biased, without.mmd_floor_biased);
  EXPECT_EQ(with.mmd_bandwidth, without.mmd_bandwidth);
  EXPECT_EQ(with.laws[0].values[0], with.mmd);
}

// All targets come back, each to its own source: the biased MMD is 0, the unbiased one below it.
TEST(Evaluation, AMemorisedSetHasABiasedMmdOfZero) {
  const Problem problem({.coupling = "affine:offset=3", .pairs = 60});
  const Evaluation back = evaluate<double>(shift_by(3), problem, kFewSteps);
  EXPECT_NEAR(back.training_mmd->biased, 0, 1e-12);
  EXPECT_LT(back.training_mmd->unbiased, 0);
  EXPECT_GT(back.training_mmd->floor_biased, 1e-3);
  const Evaluation off = evaluate<double>(shift_by(4), problem, kFewSteps);
  EXPECT_GT(off.training_mmd->biased, 1e-2);
  EXPECT_GT(off.mmd_biased, off.mmd);  // by the diagonal
  EXPECT_EQ(to_json(off)["training_mmd"]["biased"], off.training_mmd->biased);
}

TEST(Evaluation, OtherOptimalPartnersTakeThePlaceOfTheProblemsOwn) {
  const Problem problem({.coupling = "affine:offset=3", .pairs = 10});
  const Tensor<double> mine = problem.pairs().x1;
  EvaluationOptions options = kFewSteps;
  options.optimal_partners = &mine;
  EXPECT_NEAR(evaluate<double>(shift_by(3), problem, options).to_optimal_partner.mean, 0, 1e-12);
}

TEST(Evaluation, PathsOfAnAdaptiveSolverHaveTheirBend) {
  // x(t) = x + t^2: v = 2 t, of mean 1, so the integral of (2 t - 1)^2 is 1/3 in each coordinate.
  const FunctionField<double> field(
      {2}, [](std::span<const double>, double t, std::span<double> v) { v[0] = v[1] = 2 * t; });
  const Problem problem({.pairs = 5});
  const Evaluation e = evaluate<double>(
      field, problem, {.solver = {.method = SolverMethod::dopri5}, .fresh = 0, .sets = 1});
  EXPECT_NEAR(e.straightness->mean, 2.0 / 3, 2e-3);
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

// Of a repeated target the nearest and the second nearest are one point: nothing counted.
TEST(Evaluation, ARepeatedTargetIsOneTarget) {
  const testing::ScratchDirectory scratch;
  const std::string path = scratch / "four.csv";
  write_file(path, "0,0\n4,0\n0,4\n4,4\n");
  const Problem problem({.source = "gaussian:dim=2", .target = "csv:" + path, .pairs = 60});
  // The first of four steps takes every source to the target (4, 0), whoever its partner is.
  const FunctionField<double> to_one({2},
                                     [](std::span<const double> x, double, std::span<double> v) {
                                       v[0] = 4 * (4 - x[0]);
                                       v[1] = -4 * x[1];
                                     });
  EvaluationOptions options = kFewSteps;
  options.sets = 2;
  const nlohmann::json copies = to_json(evaluate<double>(to_one, problem, options));
  EXPECT_EQ(copies["memorised_share"], 1);
  EXPECT_EQ(copies["fresh_memorised_share"], 1);
  EXPECT_EQ(copies["memorised_floor"], 0) << "points of the file are no luck";
  EXPECT_EQ(copies["memorised_floor_of"], "halves of the training targets");
  EXPECT_EQ(copies["fresh_memorised_share_interval"]["low"], 1);
}

// Solvers share it; the halves of many targets are of some of them, as near to each other.
TEST(Evaluation, TheYardstickIsTheSameForEverySolverAndCapped) {
  const testing::ScratchDirectory scratch;
  const std::string path = scratch / "many.csv";
  std::string rows;
  for (std::int64_t i = 0; i < kMostInHalves + 1; ++i) {
    rows += std::to_string(i % 71) + "," + std::to_string(i / 71) + "\n";
  }
  write_file(path, rows);
  const Problem problem({.source = "gaussian:dim=2",
                         .target = "csv:" + path,
                         .coupling = "permutation",
                         .pairs = kMostInHalves + 1});
  const Yardstick yardstick = yardstick_of(problem, 100);
  EXPECT_EQ(yardstick.targets.rows(), kMostInHalves + 1);
  EXPECT_FALSE(yardstick.luck_of_held_out);
  EXPECT_EQ(yardstick.luck.size(), static_cast<std::size_t>(kMostInHalves / 2));
  EXPECT_TRUE(yardstick_of(problem, 0).luck.empty());

  const Problem few({.pairs = 30});
  const Yardstick shared = yardstick_of(few, kFewSteps.fresh);
  EvaluationOptions options = kFewSteps;
  options.yardstick = &shared;
  EXPECT_EQ(to_json(evaluate<double>(shift_by(5), few, options)),
            to_json(evaluate<double>(shift_by(5), few, kFewSteps)));
}

// Fresh sources of the right shift end where other targets would: as often near one by luck.
TEST(Evaluation, WithoutMemoryTheFreshShareIsItsFloor) {
  const Problem problem({.pairs = 30});
  EvaluationOptions options = kFewSteps;
  options.fresh = 1000;
  const Evaluation e = evaluate<double>(shift_by(5), problem, options);
  EXPECT_GT(e.memorised_floor, 0.02);
  EXPECT_EQ(to_json(e)["memorised_floor_of"], "held-out targets");
  EXPECT_NEAR(e.fresh_memorised_share, e.memorised_floor, 0.05);
}

}  // namespace
}  // namespace gradvar::evaluation_test

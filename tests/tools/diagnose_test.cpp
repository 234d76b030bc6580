// The parts of a diagnosis: held-out pairs, since when, the choice of a noise level.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "../io/error_of.h"
#include "../io/scratch_directory.h"
#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "tools/diagnose/diagnosis.h"
#include "tools/diagnose/json.h"
#include "tools/diagnose/sweep.h"
#include "tools/diagnose/words.h"
#include "tools/pairs_file.h"

namespace gradvar::diagnose_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;
using Verdict = MemorisationVerdict;

Snapshot judged(std::int64_t step, Verdict verdict) {
  Snapshot snapshot;
  snapshot.step = step;
  snapshot.judgement.verdict = verdict;
  return snapshot;
}

SweepPoint point(double sigma, Verdict verdict, const std::vector<double>& energy) {
  return {.sigma = sigma, .snapshot = judged(0, verdict), .energy = energy};
}

TEST(HeldOut, PairsOfAMapAreFreshAndOfThatMap) {
  const RunConfig config{.coupling = "rotation:angle=180", .pairs = 30};
  const Problem problem(config);
  const HeldOut held_out = held_out_pairs(problem, config, 50);
  ASSERT_EQ(held_out.pairs.x0.rows(), 50);
  EXPECT_TRUE(held_out.fresh_sources && held_out.fresh_targets);
  EXPECT_EQ(held_out.origin, "50 fresh pairs of the coupling 'rotation:angle=180,planes=1'");
  for (std::int64_t i = 0; i < held_out.pairs.x0.size(); ++i) {
    EXPECT_NEAR(held_out.pairs.x1[i], 5 - held_out.pairs.x0[i], 1e-12);
    EXPECT_NE(held_out.pairs.x0[i], problem.pairs().x0[i % problem.pairs().x0.size()]);
  }
}

// An assignment among more points would be a nearer one: sets are of the training's size.
TEST(HeldOut, AnAssignmentIsMadeAgainInSetsOfAsManyPairs) {
  const RunConfig config{.coupling = "assignment", .pairs = 20};
  const Problem problem(config);
  const HeldOut held_out = held_out_pairs(problem, config, 50);
  EXPECT_EQ(held_out.pairs.x0.rows(), 40) << "two whole sets";
  const double held_out_cost = mean_cost(held_out.pairs), cost = mean_cost(problem.pairs());
  EXPECT_LT(held_out_cost, 1.3 * cost);
  EXPECT_GT(held_out_cost, 0.7 * cost);
}

// 100 of 400 points assigned by themselves would lie farther from their partners.
TEST(HeldOut, AFewPairsOfAnAssignmentAreTheFirstOfAsManyAsWereTrained) {
  const RunConfig config{.target = "gaussian:dim=2", .coupling = "assignment", .pairs = 400};
  const Problem problem(config);
  const HeldOut held_out = held_out_pairs(problem, config, 100);
  ASSERT_EQ(held_out.pairs.x0.rows(), 100);
  const double held_out_cost = mean_cost(held_out.pairs), cost = mean_cost(problem.pairs());
  EXPECT_LT(held_out_cost, 1.5 * cost);
  EXPECT_GT(held_out_cost, 0.6 * cost);
}

// As many pairs of random sources and a few targets, again and again, as the rows of a file.
std::string few_targets_file(const ScratchDirectory& scratch, std::int64_t rows) {
  const Problem drawn({.pairs = rows});
  Tensor<double> x1 = drawn.pairs().x1;
  for (std::int64_t i = 0; i < rows; ++i) {
    std::ranges::copy(drawn.pairs().x1.row(i % 5), x1.row(i).begin());
  }
  SafetensorsWriter writer;
  writer.add("x0", drawn.pairs().x0);
  writer.add("x1", x1);
  writer.write(scratch / "few.safetensors");
  return scratch / "few.safetensors";
}

// Held-out targets that training has too lie on training targets by themselves: as luck they would
// explain any copying.
TEST(HeldOut, RowsWhoseTargetsRepeatAreNoFreshTargets) {
  const ScratchDirectory scratch;
  RunConfig config{.pairs_file = few_targets_file(scratch, 60)};
  adopt_pairs_file(config, [](const std::string&) { return false; });
  config.pairs = 40;
  const Problem problem(config);
  const HeldOut held_out = held_out_pairs(problem, config, 100);
  EXPECT_TRUE(held_out.fresh_sources);
  EXPECT_FALSE(held_out.fresh_targets);
  const Reference reference = make_reference(problem, config, 100, 100);
  EXPECT_EQ(reference.targets.rows(), 5);
  EXPECT_EQ(reference.luck_ratio.size(), 2u);
  for (const double ratio : reference.luck_ratio) EXPECT_GT(ratio, 0);
}

TEST(SplitPairs, AreTheFileInARandomOrderForAWhile) {
  const ScratchDirectory scratch;
  const std::string file = few_targets_file(scratch, 50);
  const Tensor<double> whole = read_pairs_file(file).pairs.x0;
  std::string path;
  {
    const SplitPairs pairs(file, 3);
    path = pairs.path();
    const Pairs split = read_pairs_file(path).pairs;
    std::vector<std::int64_t> rows = pairs.split().rows;
    ASSERT_EQ(rows.size(), 50u);
    for (std::int64_t i = 0; i < 50; ++i) EXPECT_EQ(split.x0.row(i)[0], whole.row(rows[i])[0]);
    EXPECT_EQ(SplitPairs(file, 3).split().rows, rows);
    EXPECT_NE(SplitPairs(file, 4).split().rows, rows);
    EXPECT_FALSE(std::ranges::is_sorted(rows));
    std::ranges::sort(rows);
    for (std::int64_t i = 0; i < 50; ++i) EXPECT_EQ(rows[i], i);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(HeldOut, RowsThatTrainingDidNotTakeComeFirst) {
  const ScratchDirectory scratch;
  const std::string path = scratch / "pairs.safetensors";
  RunConfig config{.pairs = 30};
  pairs_writer(Problem(config), config).write(path);
  config.pairs_file = path;
  config.pairs = 25;
  const Problem problem(config);
  const HeldOut held_out = held_out_pairs(problem, config, 100);
  ASSERT_EQ(held_out.pairs.x0.rows(), 5);
  EXPECT_EQ(held_out.pairs.x0[0], read_pairs_file(path).pairs.x0[50]);
  EXPECT_EQ(held_out.origin, "rows 26 to 30 of '" + path + "', which training did not take");
  EXPECT_EQ(held_out_pairs(problem, config, 3).pairs.x0.rows(), 3);
}

TEST(HeldOut, PairsOfUnknownOriginHaveNone) {
  const ScratchDirectory scratch;
  const std::string path = scratch / "pairs.safetensors";
  RunConfig config{.pairs = 30};
  const Problem drawn(config);
  SafetensorsWriter bare;
  bare.add("x0", drawn.pairs().x0);
  bare.add("x1", drawn.pairs().x1);
  bare.write(path);
  config.pairs_file = path;
  adopt_pairs_file(config, [](const std::string&) { return false; });
  const Problem problem(config);
  EXPECT_FALSE(held_out_pairs(problem, config, 100).any());
  const Reference reference = make_reference(problem, config, 100, 100);
  ASSERT_TRUE(reference.prediction.has_value());
  EXPECT_EQ(reference.prediction->errors.size(), 30u);
  EXPECT_TRUE(reference.luck_ratio.empty());
}

TEST(Onset, IsTheFirstSnapshotFromWhichOnAllMemorise) {
  const Onset onset = onset_of({judged(0, Verdict::kDoesNot), judged(100, Verdict::kMemorises),
                                judged(200, Verdict::kUndecided), judged(300, Verdict::kMemorises),
                                judged(400, Verdict::kMemorises)});
  EXPECT_EQ(onset.kind, Onset::Kind::kBetween);
  EXPECT_EQ(onset.after, 200);
  EXPECT_EQ(onset.by, 300);
}

TEST(Onset, IsUnknownWithTheLastCheckpointAlone) {
  EXPECT_EQ(onset_of({judged(0, Verdict::kDoesNot), judged(400, Verdict::kMemorises)}).kind,
            Onset::Kind::kUnknown);
  EXPECT_EQ(onset_of({judged(0, Verdict::kDoesNot), judged(400, Verdict::kRule)}).kind,
            Onset::Kind::kNever);
  EXPECT_EQ(onset_of({}).kind, Onset::Kind::kNever);
}

// Weights that have seen no pair remember none: the held-out pairs are of another kind.
TEST(Onset, FromTheStartMeansThatThePairsDiffer) {
  Diagnosis diagnosis;
  diagnosis.through_training = {judged(0, Verdict::kMemorises), judged(300, Verdict::kMemorises)};
  diagnosis.onset = onset_of(diagnosis.through_training);
  EXPECT_EQ(diagnosis.onset.kind, Onset::Kind::kFromTheStart);
  EXPECT_EQ(onset_of({judged(0, Verdict::kMemorises), judged(100, Verdict::kUndecided),
                      judged(300, Verdict::kMemorises)})
                .kind,
            Onset::Kind::kFromTheStart);
  for (Snapshot& snapshot : diagnosis.through_training) {
    snapshot.judgement.probability = 1;
    snapshot.variance = {.training = 1, .held_out = 50};
  }
  diagnosis.through_training[0].variance = {.training = 100, .held_out = 100};
  diagnosis.reference.held_out.pairs = {Tensor<double>(Shape{1, 2}), Tensor<double>(Shape{1, 2})};
  EXPECT_FALSE(diagnosis.memorises());
  const std::string text = plain_words(diagnosis);
  for (const char* claim : {"memorises its pairs", "over 0.99", "because these pairs were seen"}) {
    EXPECT_EQ(text.find(claim), std::string::npos) << text;
  }
  EXPECT_NE(text.find("undecided"), std::string::npos) << text;
  EXPECT_NE(onset_sentence(diagnosis).find("not of one kind"), std::string::npos);
  const nlohmann::json json = to_json(diagnosis);
  EXPECT_EQ(json["verdict"], "not comparable");
  EXPECT_TRUE(json["memorises"].is_null() && json["probability"].is_null());
  EXPECT_EQ(json["since"]["kind"], "from the start");
  EXPECT_EQ(json["through_training"][1]["verdict"], "not comparable");
}

TEST(SweepChoice, IsTheSmallestSigmaThatBreaksAndIsAsGoodAsTheBest) {
  Sweep sweep;
  sweep.points = {point(0, Verdict::kMemorises, {0.10, 0.12, 0.11}),
                  point(0.1, Verdict::kDoesNot, {0.50, 0.52, 0.51}),
                  point(0.2, Verdict::kDoesNot, {0.11, 0.11, 0.12}),
                  point(0.4, Verdict::kDoesNot, {0.10, 0.11, 0.11})};
  recommend(sweep);
  EXPECT_EQ(*sweep.best, 3u);
  EXPECT_EQ(*sweep.breaks, 1u);
  EXPECT_EQ(*sweep.recommended, 2u) << "0 memorises, 0.1 is worse than the best for sure";
  EXPECT_TRUE(sweep.points[0].within);
  EXPECT_FALSE(sweep.points[1].within);
}

TEST(SweepChoice, NamesThePriceWhereNoSigmaDoesBoth) {
  Sweep sweep;
  sweep.points = {point(0, Verdict::kMemorises, {0.10, 0.12, 0.11}),
                  point(0.1, Verdict::kUndecided, {0.10, 0.12, 0.11}),
                  point(0.2, Verdict::kDoesNot, {0.50, 0.52, 0.51})};
  recommend(sweep);
  EXPECT_EQ(*sweep.recommended, 2u);
  EXPECT_FALSE(sweep.points[2].within);
}

TEST(SweepChoice, IsNoneWhereNothingBreaksIt) {
  Sweep sweep;
  sweep.points = {point(0, Verdict::kMemorises, {}), point(0.1, Verdict::kMemorises, {})};
  recommend(sweep);
  EXPECT_FALSE(sweep.best || sweep.breaks || sweep.recommended);
}

TEST(Sweep, NoiseKeepsTheKindOfTheInterpolant) {
  EXPECT_EQ(with_sigma("linear", 0.5), "constant:sigma=0.5");
  EXPECT_EQ(with_sigma("bridge-full:sigma=0.1", 0.5), "bridge-full:sigma=0.5");
  EXPECT_EQ(error_of([] { (void)with_sigma("trigonometric", 0.5); }),
            "--sigmas: the run's interpolant is trigonometric, which takes no noise; use "
            "--no-sweep");
  EXPECT_EQ(usual_sigmas(1.41421356, 2), (std::vector<double>{0, 0.02, 0.05, 0.1, 0.2, 0.5}));
}

TEST(Words, BreakLinesBetweenWords) {
  EXPECT_EQ(wrapped(std::string(60, 'a') + " " + std::string(39, 'b') + " c"),
            std::string(60, 'a') + " " + std::string(39, 'b') + "\nc\n");
  EXPECT_EQ(probability_text(1), "over 0.99");
  EXPECT_EQ(probability_text(0.5), "0.50");
}

// Proposition 1: a field that has learned a map has no variance either, and only held-out pairs
// tell.
TEST(Words, SayWhereLowVarianceAloneWouldMislead) {
  Diagnosis diagnosis;
  diagnosis.through_training.resize(2);
  diagnosis.through_training[0].variance = {.training = 100, .held_out = 100};
  Snapshot& last = diagnosis.through_training[1];
  const auto says = [&](double training, double held_out, const char* what) {
    last.variance = {.training = training, .held_out = held_out};
    return variance_sentence(diagnosis).find(what) != std::string::npos;
  };
  last.judgement.held_out_error.mean = 1.25;
  last.judgement.verdict = Verdict::kMemorises;
  EXPECT_TRUE(says(1, 50, "alone, the low variance would mislead"));
  EXPECT_TRUE(says(1, 50, "held-out points end 1.25 from their partners"));
  EXPECT_TRUE(says(60, 200, "the field fits the pairs it has seen better than others."));
  EXPECT_TRUE(says(1, 1.5, "It does not show the memory, for the run returns its pairs"));
  last.judgement.verdict = Verdict::kCopies;
  EXPECT_TRUE(says(60, 70, "It does not show the memory, for the run copies its targets"));
  EXPECT_FALSE(says(60, 70, "no sign of memory"));
  last.judgement.verdict = Verdict::kUndecided;
  EXPECT_FALSE(says(60, 70, "no sign of memory"));
  last.judgement.verdict = Verdict::kRule;
  EXPECT_TRUE(says(1, 1.5, "low on both, so here it does mean that the field matches"));
  EXPECT_TRUE(says(1, 50, "a rule was learned"));
  last.judgement.verdict = Verdict::kDoesNot;
  EXPECT_TRUE(says(60, 70, "no sign of memory"));
  EXPECT_TRUE(says(1, NAN, "there are no held-out pairs to tell memory from a rule by"));
}

TEST(Diagnosis, AFewPairsAreLearntByHeartAndTheSweepLeavesTheRunAlone) {
  const RunConfig config{.source = "gaussian:dim=10",
                         .target = "gaussian:dim=10,mean=2",
                         .pairs = 12,
                         .model = "mlp:width=64,depth=2,activation=silu",
                         .steps = 500,
                         .batch = 64,
                         .learning_rate = 3e-3};
  TrainingRun<float> run(config);
  const DiagnoseOptions options{.snapshot = {.solver = SolverOptions::parse("euler:steps=20")},
                                .held_out = 100};
  std::int64_t ticks = 0;
  const Diagnosis diagnosis =
      diagnose_training(run, "a run", options, [&](std::int64_t, std::int64_t) { ++ticks; });
  EXPECT_EQ(ticks, 500);
  ASSERT_EQ(diagnosis.through_training.size(), 11u);
  EXPECT_EQ(diagnosis.last().step, 500);
  EXPECT_EQ(diagnosis.last().judgement.verdict, Verdict::kMemorises);
  EXPECT_EQ(diagnosis.onset.kind, Onset::Kind::kBetween);
  EXPECT_GT(diagnosis.last().variance.held_out, 3 * diagnosis.last().variance.training);
  ASSERT_EQ(diagnosis.pairs.size(), 12u);

  const std::vector<float> before(run.model().parameters().flat().begin(),
                                  run.model().parameters().flat().end());
  const Sweep sweep = sweep_noise(run, diagnosis, {.sigmas = {2, 0, 2}, .steps = 20},
                                  options.snapshot, [](std::int64_t, std::int64_t) {});
  ASSERT_EQ(sweep.points.size(), 2u) << "in rising order, once each";
  EXPECT_EQ(sweep.points[1].sigma, 2);
  EXPECT_EQ(sweep.points[0].energy.size(), 5u);
  EXPECT_EQ(sweep.points[0].snapshot.step, 520);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), run.model().parameters().flat().begin()));
}

TEST(Sweep, HasHalfTheStepsThatTheRunHasTaken) {
  EXPECT_EQ(sweep_steps({}, 5000), 2500);
  EXPECT_EQ(sweep_steps({}, 100), 200);
  EXPECT_EQ(sweep_steps({.steps = 7}, 5000), 7);
}

class SweepThatStops : public ::testing::Test {
 protected:
  const RunConfig config_{.pairs = 12, .model = "mlp:width=8,depth=1", .steps = 20, .batch = 16};
  const DiagnoseOptions options_{.snapshot = {.solver = SolverOptions::parse("euler:steps=5")},
                                 .held_out = 50};
  const ScratchDirectory scratch_;
  TrainingRun<float> run_{config_};
  const Diagnosis diagnosis_ =
      diagnose_training(run_, "a run", options_, [](std::int64_t, std::int64_t) {});

  Sweep sweep(SweepOptions how, const Tick& tick) {
    how.sigmas = {0, 1};
    return sweep_noise(run_, diagnosis_, how, options_.snapshot, tick);
  }
};

TEST_F(SweepThatStops, GoesOnAfterTheLevelsThatWereFinished) {
  const std::string levels = scratch_ / "d/levels.json";
  const Sweep straight = sweep({.steps = 15}, [](std::int64_t, std::int64_t) {});
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "d"));
  struct Stop {};
  EXPECT_THROW((void)sweep({.steps = 15, .levels = levels},
                           [](std::int64_t done, std::int64_t) {
                             if (done == 20) throw Stop();
                           }),
               Stop);
  std::int64_t ticks = 0, last_total = 0;
  std::string said;
  const auto count = [&](std::int64_t, std::int64_t total) {
    ++ticks;
    last_total = total;
  };
  const Sweep resumed =
      sweep({.steps = 15, .levels = levels, .note = [&](const std::string& text) { said = text; }},
            count);
  EXPECT_EQ(ticks, 15) << "the second level alone";
  EXPECT_EQ(last_total, 15);
  EXPECT_TRUE(
      said.starts_with("sweep: 2 noise levels of 15 training steps each, 1 of them done "
                       "before; about "))
      << said;
  ASSERT_EQ(resumed.points.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const Snapshot &a = straight.points[i].snapshot, &b = resumed.points[i].snapshot;
    EXPECT_EQ(straight.points[i].energy, resumed.points[i].energy);
    EXPECT_EQ(a.step, b.step);
    EXPECT_EQ(a.evidence.training, b.evidence.training);
    EXPECT_EQ(a.judgement.remembered.low, b.judgement.remembered.low);
    EXPECT_EQ(a.judgement.verdict, b.judgement.verdict);
    EXPECT_EQ(a.variance.held_out, b.variance.held_out);
  }
  ticks = 0;
  const std::string first = read_file(levels);
  const auto note = [&](const std::string& text) { said += text; };
  said.clear();
  (void)sweep({.steps = 16, .levels = levels, .note = note}, count);
  EXPECT_EQ(ticks, 32) << "other settings are begun anew";
  EXPECT_EQ(read_file(levels + ".old"), first) << "and lose nothing";
  EXPECT_NE(said.find("of other settings: kept as '" + levels + ".old'"), std::string::npos)
      << said;
  nlohmann::json broken = nlohmann::json::parse(read_file(levels));
  broken["levels"][0].erase("energy");
  write_file(levels, broken.dump());
  ticks = 0;
  (void)sweep({.steps = 16, .levels = levels, .note = note}, count);
  EXPECT_EQ(ticks, 32) << "what cannot be read is not there";
  EXPECT_EQ(read_file(levels + ".old2"), broken.dump());
  run_.trainer().step();
  ticks = 0;
  (void)sweep({.steps = 16, .levels = levels}, count);
  EXPECT_EQ(ticks, 32) << "and so are other weights";
}

}  // namespace
}  // namespace gradvar::diagnose_test

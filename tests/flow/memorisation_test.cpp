// The rule of `gradvar diagnose`, on numbers made up so that the answer is known.

#include "flow/memorisation.h"

#include <cmath>
#include <gtest/gtest.h>

#include "autograd/random.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::memorisation_test {
namespace {

using testing::column;
using testing::sentence;
using Verdict = MemorisationVerdict;

// Uniform on (low, high), different for every `set`.
std::vector<double> between(double low, double high, int count, std::uint64_t set) {
  const RandomStream stream(7, Purpose::kTest);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(low + (high - low) * stream.uniform(set, i));
  return values;
}

MemorisationEvidence evidence_of(std::vector<double> training, std::vector<double> held_out) {
  return {.training = std::move(training), .held_out = std::move(held_out), .random_partner = 4};
}

TEST(Memorisation, PairsThatAllComeBackAreMemorised) {
  const MemorisationJudgement j =
      judge_memorisation(evidence_of(between(0, 0.1, 200, 0), between(0, 8, 300, 1)));
  EXPECT_EQ(j.verdict, Verdict::kMemorises);
  EXPECT_TRUE(j.memorises());
  EXPECT_EQ(j.probability, 1);
  EXPECT_EQ(j.returned, 1);
  EXPECT_NEAR(j.returned_by_luck, 1.0 / 6, 0.05) << "a third of the median of a uniform law";
  EXPECT_EQ(j.remembered.mean, 1);
  EXPECT_NEAR(j.held_out_error.mean, 1, 0.1);
  EXPECT_LT(j.held_out_error.low, j.held_out_error.mean);
  EXPECT_TRUE(std::isnan(j.copied.mean));
}

// Small errors are not memory: the same errors on pairs never seen.
TEST(Memorisation, ARuleThatHoldsForOtherPairsIsNone) {
  const MemorisationJudgement j =
      judge_memorisation(evidence_of(between(0, 0.02, 200, 0), between(0, 0.4, 300, 1)));
  EXPECT_EQ(j.verdict, Verdict::kRule);
  EXPECT_FALSE(j.memorises());
  EXPECT_EQ(j.probability_of_rule, 1);
  EXPECT_GT(j.remembered.mean, 0.7) << "ten times nearer, of a distance that does not matter";
}

TEST(Memorisation, PairsLikeAnyOthersAreNotMemorised) {
  const MemorisationJudgement j =
      judge_memorisation(evidence_of(between(0, 8, 200, 0), between(0, 8, 300, 1)));
  EXPECT_EQ(j.verdict, Verdict::kDoesNot);
  EXPECT_EQ(j.probability, 0);
  EXPECT_NEAR(j.remembered.mean, 0, 0.15);
  EXPECT_LT(j.remembered.low, 0) << "luck may be larger than what it is taken off from";
}

TEST(Memorisation, ABorderlineShareIsUndecided) {
  std::vector<double> training = between(7.9, 8, 75, 0);
  training.resize(100, 0.01);  // a quarter comes back
  const MemorisationJudgement j = judge_memorisation(evidence_of(training, between(7, 8, 100, 1)));
  EXPECT_EQ(j.verdict, Verdict::kUndecided);
  EXPECT_FALSE(j.memorises());
  EXPECT_GT(j.probability, 0.05);
  EXPECT_LT(j.probability, 0.95);
}

TEST(Memorisation, TargetsThatComeBackFromFreshSourcesAreCopied) {
  MemorisationEvidence evidence = evidence_of(between(0, 8, 200, 0), between(0, 8, 300, 1));
  evidence.fresh_ratio = between(0, 0.3, 200, 2);
  evidence.luck_ratio = between(0, 1, 300, 3);
  const MemorisationJudgement j = judge_memorisation(evidence);
  EXPECT_EQ(j.verdict, Verdict::kCopies);
  EXPECT_EQ(j.copied.mean, 1);
  evidence.fresh_ratio = between(0, 1, 200, 2);
  EXPECT_EQ(judge_memorisation(evidence).verdict, Verdict::kDoesNot) << "as often as by luck";
}

TEST(Memorisation, TooFewPairsAreNoAnswer) {
  EXPECT_EQ(judge_memorisation(evidence_of(between(0, 0.1, 9, 0), between(4, 8, 300, 1))).verdict,
            Verdict::kTooFew);
  EXPECT_EQ(judge_memorisation(evidence_of(between(0, 0.1, 300, 0), between(4, 8, 9, 1))).verdict,
            Verdict::kTooFew);
  EXPECT_EQ(judge_memorisation(evidence_of(between(0, 0.1, 10, 0), between(4, 8, 10, 1))).verdict,
            Verdict::kMemorises);
}

TEST(Memorisation, ReturnedPairsAreThoseWithinAThirdOfTheHeldOutMedian) {
  EXPECT_EQ(returned_pairs(evidence_of({0.9, 1.1, 0, 5}, {3, 3, 3})),
            (std::vector<bool>{true, false, true, false}));
}

TEST(Memorisation, UnitsDoNotMatterAndTheSeedFixesEverything) {
  MemorisationEvidence small = evidence_of(between(0, 1, 50, 0), between(0, 8, 60, 1));
  MemorisationEvidence large = small;
  for (auto* values : {&large.training, &large.held_out}) {
    for (double& value : *values) value *= 1024;
  }
  large.random_partner *= 1024;
  const MemorisationJudgement a = judge_memorisation(small), b = judge_memorisation(large);
  EXPECT_EQ(a.probability, b.probability);
  EXPECT_EQ(a.remembered.low, b.remembered.low);
  EXPECT_EQ(a.training_error.high, b.training_error.high);
  EXPECT_NE(a.training_error.low, judge_memorisation(small, 1).training_error.low);
}

TEST(Memorisation, RefusesWhatIsNoEvidence) {
  const auto refusal = [](const MemorisationEvidence& evidence) {
    return sentence([&] { (void)judge_memorisation(evidence); });
  };
  EXPECT_EQ(refusal(evidence_of({}, {1})),
            "[memorisation] there are no pairs of one kind, expected training and held-out pairs");
  EXPECT_EQ(refusal(evidence_of({1}, {-1})),
            "[memorisation] a held-out distance is -1, expected a number of 0 or more");
  EXPECT_EQ(refusal(evidence_of({NAN}, {1})),
            "[memorisation] a training distance is nan, expected a number of 0 or more");
  MemorisationEvidence one_point = evidence_of({1}, {1});
  one_point.random_partner = 0;
  EXPECT_EQ(refusal(one_point),
            "[memorisation] the distance between random partners is 0, expected a positive number: "
            "are all targets one point?");
  MemorisationEvidence half = evidence_of({1}, {1});
  half.fresh_ratio = {1};
  EXPECT_EQ(refusal(half),
            "[memorisation] ratios of generated points and of the target's go together");
}

TEST(TargetLuck, DistinctRowsAreEachRowOnce) {
  const Tensor<double> rows = distinct_rows(column({3, 1, 3, 2, 1}));
  EXPECT_EQ(std::vector<double>(rows.values().begin(), rows.values().end()),
            (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(rows_beyond(column({0, 1, 2.5, 3, 4}), rows), (std::vector<std::int64_t>{0, 2, 4}));
  EXPECT_TRUE(mostly_fresh(column({0, 1}), rows)) << "a half";
  EXPECT_FALSE(mostly_fresh(column({0, 1, 2}), rows));
}

// Held-out targets that are training targets have the ratio 0 and would count as luck.
TEST(TargetLuck, IsThatOfTargetsNotTrainedOn) {
  const Tensor<double> targets = distinct_rows(column({0, 10, 20, 30}));
  EXPECT_EQ(luck_ratios(column({15, 20, 4}), targets), (std::vector<double>{1, 4.0 / 6}));
  const std::vector<double> among = luck_ratios(column({0, 10, 20}), targets);
  EXPECT_EQ(among.size(), 2u) << "one half near the other";
  for (const double ratio : among) EXPECT_GT(ratio, 0);
  EXPECT_TRUE(luck_ratios(column({0, 10}), distinct_rows(column({0, 10, 20}))).empty());
}

}  // namespace
}  // namespace gradvar::memorisation_test

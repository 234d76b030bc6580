#include "tools/problem.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "../io/error_of.h"
#include "../io/scratch_directory.h"
#include "io/atomic_file.h"

namespace gradvar::problem_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

std::string refusal(const RunConfig& config) {
  return error_of([&] { (void)Problem(config); });
}

double squared_distance(const Tensor<double>& a, const Tensor<double>& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

bool same(const Tensor<double>& a, const Tensor<double>& b) {
  return a.shape() == b.shape() &&
         std::equal(a.values().begin(), a.values().end(), b.values().begin());
}

TEST(Problem, PairsDependOnTheSeedAlone) {
  const RunConfig config{.pairs = 20, .seed = 3};
  RunConfig other = config;
  other.batch = 7;
  other.model = "mlp:width=2";
  EXPECT_TRUE(same(Problem(config).pairs().x0, Problem(other).pairs().x0));
  EXPECT_TRUE(same(Problem(config).pairs().x1, Problem(other).pairs().x1));
  other.seed = 4;
  EXPECT_FALSE(same(Problem(config).pairs().x0, Problem(other).pairs().x0));
}

TEST(Problem, MorePairsBeginWithTheSamePairs) {
  const Problem few({.pairs = 5}), many({.pairs = 9});
  EXPECT_TRUE(same(few.pairs().x0, many.pairs().x0.rows_copy(0, 5)));
  EXPECT_TRUE(same(few.pairs().x1, many.pairs().x1.rows_copy(0, 5)));
}

TEST(Problem, BetweenGaussiansTheOptimalPartnerIsAClosedForm) {
  const Problem problem({.target = "gaussian:dim=2,mean=5,scale=2", .pairs = 10});
  EXPECT_STREQ(problem.optimal_partners_by(), "closed form");
  for (std::int64_t i = 0; i < 20; ++i) {
    EXPECT_NEAR(problem.optimal_partners()[i], 5 + 2 * problem.pairs().x0[i], 1e-12);
  }
}

TEST(Problem, ElsewhereTheOptimalPartnersAreTheTargetsOptimallyAssigned) {
  const Problem problem({.target = "moons", .pairs = 30});
  EXPECT_STREQ(problem.optimal_partners_by(), "assignment");
  EXPECT_FALSE(problem.optimal_map().has_value());
  const Tensor<double>& partners = problem.optimal_partners();
  std::vector<double> mine(partners.values().begin(), partners.values().end());
  std::vector<double> targets(problem.pairs().x1.values().begin(),
                              problem.pairs().x1.values().end());
  std::sort(mine.begin(), mine.end());
  std::sort(targets.begin(), targets.end());
  EXPECT_EQ(mine, targets);
  EXPECT_LT(squared_distance(problem.pairs().x0, partners),
            squared_distance(problem.pairs().x0, problem.pairs().x1));
}

TEST(Problem, TooManyPairsHaveNoAssignedPartners) {
  const Problem problem({.target = "moons", .pairs = Problem::kMostAssigned + 1});
  EXPECT_STREQ(problem.optimal_partners_by(), "too many pairs");
  EXPECT_EQ(problem.optimal_partners().size(), 0);
}

TEST(Problem, APermutationOfGivenPointsTakesEachOnce) {
  const ScratchDirectory scratch;
  write_file(scratch / "p.csv", "1,1\n2,2\n3,3\n");
  RunConfig config{.target = "csv:" + scratch / "p.csv", .coupling = "permutation", .pairs = 3};
  const Problem problem(config);
  std::vector<double> first = {problem.pairs().x1[0], problem.pairs().x1[2], problem.pairs().x1[4]};
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, (std::vector<double>{1, 2, 3}));
  config.pairs = 4;
  EXPECT_EQ(refusal(config),
            "--pairs is 4, but --target has 3 points and the coupling pairs each of them once; ask "
            "for fewer pairs, or --coupling independent, which repeats points");
}

// Three sources and three targets in files, each of them once.
RunConfig given_points(const ScratchDirectory& scratch) {
  write_file(scratch / "x.csv", "3\n1\n2\n");
  write_file(scratch / "y.csv", "10\n20\n30\n");
  return {.source = "csv:" + scratch / "x.csv",
          .target = "csv:" + scratch / "y.csv",
          .coupling = "assignment",
          .pairs = 3};
}

// Two files under an assignment: every source and every target stands in one pair.
TEST(Problem, CouplingsOfSetsTakeGivenPointsOnce) {
  const ScratchDirectory scratch;
  RunConfig config = given_points(scratch);
  const Problem problem(config);
  const Pairs& pairs = problem.pairs();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pairs.x1[i], 10 * pairs.x0[i]);
  EXPECT_EQ(pairs.x0[0], 3);
  config.target = "gaussian:dim=1";
  config.pairs = 4;
  EXPECT_EQ(refusal(config),
            "--pairs is 4, but --source has 3 points and the coupling 'assignment' takes each of "
            "them once; ask for fewer pairs");
  const std::string huge = refusal({.coupling = "entropic", .pairs = 10000000});
  EXPECT_TRUE(huge.starts_with("--coupling: the costs between 10000000 pairs for 'entropic:"))
      << huge;
}

TEST(Problem, SaysWhichOfTheGivenPointsAreUsed) {
  const ScratchDirectory scratch;
  RunConfig config = given_points(scratch);
  using Sentences = std::vector<std::string>;
  EXPECT_EQ(Problem(config).points_used(), Sentences());
  config.pairs = 2;
  EXPECT_EQ(Problem(config).points_used(),
            (Sentences{"--source has 3 points: the first 2 are taken, each once",
                       "--target has 3 points: the first 2 are taken, each once"}));
  config.coupling = "independent";
  config.pairs = 5;
  EXPECT_EQ(Problem(config).points_used(),
            (Sentences{"--source has 3 points: 5 are drawn from them, with replacement",
                       "--target has 3 points: 5 are drawn from them, with replacement"}));
  config.source = "gaussian:dim=1";
  config.coupling = "permutation";
  config.pairs = 1;
  EXPECT_EQ(Problem(config).points_used(),
            Sentences{"--target has 3 points: the first 1 are taken, each once"});
}

TEST(Problem, ResampledPairsAreNewAtEveryStepAndDrawnRowByRow) {
  const Problem problem({.pairs = 8, .pairing = "resampled", .seed = 5});
  EXPECT_EQ(problem.pairing(), Pairing::kResampled);
  const auto pairs = make_pair_source<double>(problem, 5);
  Tensor<double> a0(Shape{8, 2}), a1(Shape{8, 2}), b0(Shape{8, 2}), b1(Shape{8, 2});
  pairs->draw(3, 0, 8, a0.values(), a1.values());
  pairs->draw(3, 0, 5, b0.values().first(10), b1.values().first(10));
  pairs->draw(3, 5, 3, b0.values().subspan(10), b1.values().subspan(10));
  EXPECT_TRUE(same(a0, b0));
  EXPECT_TRUE(same(a1, b1));
  pairs->draw(4, 0, 8, b0.values(), b1.values());
  EXPECT_FALSE(same(a0, b0));
  EXPECT_FALSE(same(a0, problem.pairs().x0));
}

TEST(Problem, ResampledPairsOfAMapFollowIt) {
  const Problem problem({.coupling = "optimal", .pairs = 2, .pairing = "resampled"});
  const auto pairs = make_pair_source<float>(problem, 0);
  std::vector<float> x0(2), x1(2);
  pairs->draw(0, 17, 1, x0, x1);
  EXPECT_NEAR(x1[0], x0[0] + 5, 1e-5);
}

TEST(Problem, HeldOutSamplesAreNoTrainingSamples) {
  const Problem problem({.pairs = 4});
  EXPECT_FALSE(same(problem.fresh_sources(4), problem.pairs().x0));
  EXPECT_FALSE(same(problem.fresh_targets(4), problem.pairs().x1));
  EXPECT_FALSE(same(problem.fresh_targets(4, 0), problem.fresh_targets(4, 1)));
  EXPECT_TRUE(same(problem.fresh_targets(4, 1), problem.fresh_targets(4, 1)));
}

TEST(Problem, SpecsThatDoNotFitTogetherAreRefused) {
  EXPECT_EQ(refusal({.target = "gaussian:dim=3"}),
            "--target: a sample has shape 3, one of --source has 2: a flow needs the same on both "
            "sides");
  EXPECT_EQ(refusal({.coupling = "permutation", .pairing = "resampled"}),
            "--pairing resampled: the coupling 'permutation' needs a whole set of pairs at once; "
            "with new targets at every step it is --coupling independent");
  EXPECT_EQ(
      refusal({.coupling = "assignment", .pairing = "resampled"}),
      "--pairing resampled: the coupling 'assignment' needs a whole set of pairs at once: keep "
      "the pairs, --pairing fixed");
  const std::string huge = refusal(
      {.source = "gaussian:dim=1000000", .target = "gaussian:dim=1000000", .pairs = 4000000000});
  EXPECT_TRUE(huge.starts_with("--pairs: 4000000000 pairs of 1000000 coordinates take 96 PB, th"))
      << huge;
  const std::string wide =
      refusal({.source = "gaussian:dim=10000000", .target = "gaussian:dim=10000000", .pairs = 1});
  EXPECT_TRUE(wide.starts_with("--target: matrices in 10000000 dimensions take 3.2 PB, t")) << wide;
}

}  // namespace
}  // namespace gradvar::problem_test

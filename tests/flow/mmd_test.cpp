// MMD against sums by hand.

#include "flow/mmd.h"

#include <cmath>
#include <gtest/gtest.h>

#include "flow/distances.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::mmd_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

MmdOptions one_kernel(MmdEstimator estimator, double bandwidth) {
  return {.estimator = estimator, .multipliers = {1}, .bandwidth = bandwidth};
}

double kernel(double difference, double width) {
  return std::exp(-difference * difference / (2 * width * width));
}

// x = {0, 1}, y = {3, 5}.
TEST(Mmd, TwoPointSetsByHand) {
  const Tensor<double> x = column({0, 1}), y = column({3, 5});
  const double h = 1.5;
  const auto k = [&](double difference) { return kernel(difference, h); };
  const double across = (k(3) + k(5) + k(2) + k(4)) / 4;
  const MmdResult biased = mmd(x, y, one_kernel(MmdEstimator::biased, h));
  EXPECT_NEAR(biased.value, (2 + 2 * k(1)) / 4 + (2 + 2 * k(2)) / 4 - 2 * across, 1e-15);
  const MmdResult unbiased = mmd(x, y, one_kernel(MmdEstimator::unbiased, h));
  EXPECT_NEAR(unbiased.value, k(1) + k(2) - 2 * across, 1e-15);
  EXPECT_EQ(unbiased.bandwidth, h);
  EXPECT_EQ(unbiased.n, 2);
  EXPECT_EQ(unbiased.m, 2);
  EXPECT_EQ(biased.estimator, MmdEstimator::biased);
}

TEST(Mmd, TheMixtureIsTheMeanOverMultipliers) {
  const Tensor<double> x = column({0, 1, 4}), y = column({3, 5});
  double sum = 0;
  const std::vector<double> multipliers = MmdOptions{}.multipliers;
  EXPECT_EQ(multipliers, (std::vector<double>{0.25, 0.5, 1, 2, 4}));
  for (const double c : multipliers) {
    sum += mmd(x, y, one_kernel(MmdEstimator::unbiased, 0.7 * c)).value;
  }
  const MmdResult mixture = mmd(x, y, {.bandwidth = 0.7});
  EXPECT_NEAR(mixture.value, sum / 5, 1e-15);
  EXPECT_EQ(mixture.n, 3);
  EXPECT_EQ(mixture.m, 2);
}

TEST(Mmd, OnePointEachIsTwoMinusTwoKernels) {
  const MmdResult result = mmd(column({0}), column({2}), one_kernel(MmdEstimator::biased, 1));
  EXPECT_NEAR(result.value, 2 - 2 * kernel(2, 1), 1e-15);
}

TEST(Mmd, BiasedValueOfIdenticalSamplesIsZero) {
  const Tensor<double> x = normal_rows(1, 101, 4), same = x;
  EXPECT_NEAR(mmd(x, same, {.estimator = MmdEstimator::biased}).value, 0, 1e-15);
}

TEST(Mmd, FarApartSetsOfOnePointReachTwo) {
  const MmdResult result =
      mmd(column({0, 0}), column({1e6, 1e6}), one_kernel(MmdEstimator::biased, 1));
  EXPECT_NEAR(result.value, 2, 1e-15);
}

TEST(Mmd, GivesBothEstimatesWhicheverIsAskedFor) {
  const Tensor<double> x = column({0, 1, 3}), y = column({2, 2.5});
  const MmdResult u = mmd(x, y, one_kernel(MmdEstimator::unbiased, 1));
  const MmdResult b = mmd(x, y, one_kernel(MmdEstimator::biased, 1));
  EXPECT_EQ(u.value, u.unbiased);
  EXPECT_EQ(b.value, b.biased);
  EXPECT_EQ(u.biased, b.biased);
  EXPECT_GT(u.biased, u.unbiased);
}

TEST(Mmd, SpellsItsKernelOut) {
  EXPECT_EQ(describe_kernel({.multipliers = {0.5, 1}, .bandwidth = 2}),
            "mean over c = 0.5, 1 of exp(-|x - y|^2 / (2 (c h)^2)), h = 2");
}

// Over 200 draws of two samples of one law, the mean of the unbiased value is 0 within four of its
// standard errors; the biased one is clearly above.
TEST(Mmd, UnbiasedValueHasExpectationZeroForEqualLaws) {
  std::vector<double> unbiased, biased;
  for (std::uint64_t draw = 0; draw < 200; ++draw) {
    const Tensor<double> x = normal_rows(2 * draw, 20, 2), y = normal_rows(2 * draw + 1, 15, 2);
    unbiased.push_back(mmd(x, y, {.bandwidth = 1}).value);
    biased.push_back(mmd(x, y, {.estimator = MmdEstimator::biased, .bandwidth = 1}).value);
  }
  const Summary summary = summarise(unbiased);
  const double standard_error = summary.standard_deviation / std::sqrt(200.0);
  EXPECT_LT(std::abs(summary.mean), 4 * standard_error);
  EXPECT_GT(summarise(biased).mean, 20 * standard_error);
}

// For normals of variance 1 and kernel width h: E k(X, X') = h / sqrt(h^2 + 2), and across a shift
// the same times exp(-shift^2 / (2 (h^2 + 2))).
TEST(Mmd, MatchesTheClosedFormForShiftedNormals) {
  const Tensor<double> x = normal_rows(1, 3000, 1);
  Tensor<double> y = normal_rows(2, 3000, 1);
  for (double& value : y.values()) value += 1;
  const double expected = 2 / std::sqrt(3.0) * (1 - std::exp(-1.0 / 6));
  LanePool pool(2);
  EXPECT_NEAR(mmd(x, y, one_kernel(MmdEstimator::unbiased, 1), &pool).value, expected, 0.015);
}

TEST(Mmd, BlocksThreadsAndOrderDoNotChangeTheValue) {
  const Tensor<double> x = normal_rows(1, 83, 3), y = normal_rows(2, 61, 3);
  for (const MmdEstimator estimator : {MmdEstimator::biased, MmdEstimator::unbiased}) {
    const double value = mmd(x, y, {.estimator = estimator}).value;
    for (const std::int64_t block : {1, 7, 64, 83, 1000}) {
      EXPECT_NEAR(mmd(x, y, {.estimator = estimator, .block_rows = block}).value, value, 1e-12);
    }
    LanePool pool(3);
    const MmdOptions small = {.estimator = estimator, .block_rows = 16};
    EXPECT_EQ(mmd(x, y, small, &pool).value, mmd(x, y, small).value);
    std::vector<std::int64_t> order(83);
    RandomStream(5, Purpose::kTest).permutation(0, order);
    EXPECT_NEAR(mmd(select_rows(x, order), y, {.estimator = estimator}).value, value, 1e-12);
    order.resize(61);
    RandomStream(5, Purpose::kTest).permutation(1, order);
    EXPECT_NEAR(mmd(x, select_rows(y, order), {.estimator = estimator}).value, value, 1e-12);
  }
}

TEST(Mmd, TheBandwidthIsTheMedianDistanceOfTheReference) {
  // Distances 1, 2, 3, 4, 6, 7 between 0, 1, 3, 7.
  EXPECT_DOUBLE_EQ(median_distance(column({0, 1, 3, 7})), 3.5);
  EXPECT_DOUBLE_EQ(mmd(column({100, 300}), column({0, 1, 3, 7})).bandwidth, 3.5);
  // A subset of a large sample: for normals on a line the median of |X - X'| is 0.6745 sqrt(2).
  const Tensor<double> large = normal_rows(3, kMedianRows + 500, 1);
  EXPECT_NEAR(median_distance(large), 0.6745 * std::sqrt(2.0), 0.03);
  EXPECT_EQ(median_distance(large, 1), median_distance(large, 1));
  EXPECT_NE(median_distance(large, 1), median_distance(large, 2));
}

TEST(Mmd, NamesItsEstimators) {
  for (const MmdEstimator estimator : {MmdEstimator::biased, MmdEstimator::unbiased}) {
    EXPECT_EQ(parse_mmd_estimator(to_string(estimator)), estimator);
  }
  EXPECT_EQ(sentence([] { (void)parse_mmd_estimator("v"); }),
            "[mmd] the estimator is 'v', expected biased or unbiased");
}

TEST(Mmd, RefusesWhatItCannotMeasure) {
  const Tensor<double> two = column({0, 1}), one = column({0});
  const auto refusal = [](const Tensor<double>& x, const Tensor<double>& y,
                          const MmdOptions& options) {
    return sentence([&] { (void)mmd(x, y, options); });
  };
  EXPECT_EQ(refusal(two, one, {}),
            "[mmd] the samples have 2 and 1 rows, the unbiased estimator needs 2 or more");
  EXPECT_EQ(refusal(two, one, {.estimator = MmdEstimator::biased}),
            "[mmd] the median distance needs 2 rows or more, found 1");
  EXPECT_EQ(refusal(two, two, {.multipliers = {}}),
            "[mmd] there are no multipliers, expected 1 or more");
  EXPECT_EQ(refusal(two, two, {.multipliers = {1, 0}}),
            "[mmd] a multiplier is 0, expected a positive number");
  EXPECT_EQ(refusal(two, two, {.bandwidth = -1}),
            "[mmd] the bandwidth is -1, expected a positive number, or 0 for the median heuristic");
  EXPECT_EQ(refusal(two, column({4, 4}), {}),
            "[mmd] the median distance of the reference is 0: give a bandwidth");
  EXPECT_EQ(refusal(two, Tensor<double>(Shape{2, 2}), {}),
            "[distances] one set is 2x1, the other 2x2: the shapes of their samples must agree");
}

}  // namespace
}  // namespace gradvar::mmd_test

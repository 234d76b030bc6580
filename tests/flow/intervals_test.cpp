// Student's quantiles against tables, and both kinds of interval.

#include "flow/intervals.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>
#include <vector>

#include "tests/flow/solver_cases.h"

namespace gradvar::intervals_test {
namespace {

using testing::sentence;

TEST(Intervals, IncompleteBetaHasItsClosedForms) {
  for (const double x : {0.0, 0.01, 0.3, 0.5, 0.8, 0.999, 1.0}) {
    EXPECT_NEAR(incomplete_beta(1, 1, x, 1 - x), x, 1e-15);
    EXPECT_NEAR(incomplete_beta(3, 1, x, 1 - x), x * x * x, 1e-15);
    EXPECT_NEAR(incomplete_beta(1, 4, x, 1 - x), 1 - std::pow(1 - x, 4), 1e-15);
    EXPECT_NEAR(incomplete_beta(2, 3, x, 1 - x), x * x * (6 - 8 * x + 3 * x * x), 2e-15);
    EXPECT_NEAR(incomplete_beta(0.5, 0.5, x, 1 - x), 2 / std::numbers::pi * std::asin(std::sqrt(x)),
                2e-15);
  }
}

TEST(Intervals, StudentProbabilityHasItsClosedForms) {
  for (const double t : {-40.0, -2.0, -0.1, 0.0, 1e-9, 0.7, 3.0, 1e8}) {
    EXPECT_NEAR(student_probability(t, 1), 0.5 + std::atan(t) / std::numbers::pi, 1e-14) << t;
    EXPECT_NEAR(student_probability(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-14) << t;
  }
}

TEST(Intervals, StudentQuantilesMatchTheTables) {
  EXPECT_NEAR(student_quantile(0.975, 1), 12.706, 5e-4);
  EXPECT_NEAR(student_quantile(0.975, 1), std::tan(0.475 * std::numbers::pi), 1e-11);
  EXPECT_NEAR(student_quantile(0.975, 2), 4.303, 5e-4);
  EXPECT_NEAR(student_quantile(0.975, 4), 2.776, 5e-4);
  EXPECT_NEAR(student_quantile(0.975, 9), 2.262, 5e-4);
  EXPECT_NEAR(student_quantile(0.995, 4), 4.604, 5e-4);
  EXPECT_NEAR(student_quantile(0.95, 30), 1.697, 5e-4);
  EXPECT_NEAR(student_quantile(0.975, 1e6), 1.95997, 1e-4);
  EXPECT_EQ(student_quantile(0.5, 3), 0);
  EXPECT_NEAR(student_quantile(0.025, 4), -student_quantile(0.975, 4), 1e-13);
}

TEST(Intervals, QuantileInvertsProbability) {
  for (const double degrees : {0.5, 1.0, 3.0, 49.0}) {
    for (const double p : {1e-12, 0.001, 0.2, 0.499, 0.9}) {
      EXPECT_NEAR(student_probability(student_quantile(p, degrees), degrees) / p, 1, 1e-12);
    }
  }
}

// Five values with mean 3 and s = sqrt(2.5): half width 2.7764451 * sqrt(0.5).
TEST(Intervals, StudentIntervalByHand) {
  const Interval interval = student_interval(std::vector<double>{5, 1, 2, 3, 4});
  EXPECT_DOUBLE_EQ(interval.mean, 3);
  EXPECT_NEAR(interval.high - 3, 2.7764451 * std::sqrt(0.5), 1e-7);
  EXPECT_NEAR(3 - interval.low, 2.7764451 * std::sqrt(0.5), 1e-7);
}

TEST(Intervals, StudentIntervalCoversAsOftenAsItSays) {
  int covered = 0;
  for (std::uint64_t draw = 0; draw < 2000; ++draw) {
    std::vector<double> values(4);
    RandomStream(5, Purpose::kTest).normals<double>(draw, 0, values);
    const Interval interval = student_interval(values, 0.8);
    covered += interval.low <= 0 && 0 <= interval.high;
  }
  EXPECT_NEAR(covered / 2000.0, 0.8, 0.035);  // four standard errors
}

// For many values the bootstrap of the mean is normal, with standard deviation s / sqrt(n).
TEST(Intervals, BootstrapApproachesTheNormalInterval) {
  std::vector<double> values(2000);
  RandomStream(5, Purpose::kTest).normals<double>(1, 0, values);
  const Interval student = student_interval(values), bootstrap = bootstrap_interval(values, 3);
  EXPECT_DOUBLE_EQ(bootstrap.mean, student.mean);
  const double width = student.high - student.low;
  EXPECT_NEAR(bootstrap.low, student.low, 0.06 * width);
  EXPECT_NEAR(bootstrap.high, student.high, 0.06 * width);
}

TEST(Intervals, BootstrapIsFixedByItsSeed) {
  const std::vector<double> values = {1, 2, 4, 8, 16};
  const Interval first = bootstrap_interval(values, 1, 0.9, 99);
  EXPECT_EQ(bootstrap_interval(values, 1, 0.9, 99).low, first.low);
  EXPECT_EQ(bootstrap_interval(values, 1, 0.9, 99).high, first.high);
  const Interval other = bootstrap_interval(values, 2, 0.9, 99);
  EXPECT_TRUE(other.low != first.low || other.high != first.high);
  EXPECT_LE(1, first.low);
  EXPECT_LT(first.low, first.mean);
  EXPECT_LT(first.mean, first.high);
}

TEST(Intervals, BootstrapOfEqualValuesHasNoWidth) {
  const Interval interval = bootstrap_interval(std::vector<double>{0.1, 0.1, 0.1}, 1);
  EXPECT_DOUBLE_EQ(interval.low, 0.1);
  EXPECT_EQ(interval.high, interval.low);
  EXPECT_EQ(bootstrap_interval(std::vector<double>{7}, 1).low, 7);
}

TEST(Intervals, RefuseWhatHasNoInterval) {
  const std::vector<double> one = {1}, two = {1, 2}, broken = {1, std::nan("")};
  EXPECT_EQ(sentence([&] { (void)student_interval(one); }),
            "[student] an interval needs 2 values or more, found 1");
  EXPECT_EQ(sentence([&] { (void)student_interval(two, 1); }),
            "[student] the level is 1, expected a number between 0 and 1");
  EXPECT_EQ(sentence([&] { (void)student_interval(broken); }),
            "[summary] value 1 is nan, expected a finite number");
  EXPECT_EQ(sentence([&] { (void)bootstrap_interval({}, 1); }),
            "[summary] there are no values, expected 1 or more");
  EXPECT_EQ(sentence([&] { (void)bootstrap_interval(two, 1, 0); }),
            "[bootstrap] the level is 0, expected a number between 0 and 1");
  EXPECT_EQ(sentence([&] { (void)bootstrap_interval(two, 1, 0.9, 0); }),
            "[bootstrap] 0 resamples asked for, expected 1 or more");
  EXPECT_EQ(sentence([] { (void)student_quantile(1, 3); }),
            "[student] the probability is 1, expected one between 0 and 1");
  EXPECT_EQ(sentence([] { (void)student_probability(1, 0); }),
            "[student] the degrees of freedom are 0, expected a positive number");
  EXPECT_EQ(sentence([] { (void)incomplete_beta(0, 1, 0.5, 0.5); }),
            "[incomplete_beta] a is 0 and b is 1, expected positive numbers");
  EXPECT_EQ(sentence([] { (void)incomplete_beta(1, 1, 2, -1); }),
            "[incomplete_beta] x is 2 and its complement -1, expected numbers from 0 to 1");
}

}  // namespace
}  // namespace gradvar::intervals_test

// Energy distance and sliced Wasserstein by hand.

#include "flow/sample_distances.h"

#include <cmath>
#include <gtest/gtest.h>

#include "tests/flow/solver_cases.h"

namespace gradvar::sample_distances_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

TEST(Energy, ByHand) {
  // Across: (3 + 5 + 2 + 4) / 4; within: 2 * 1 / 4 and 2 * 2 / 4.
  EXPECT_NEAR(energy_distance(column({0, 1}), column({3, 5})), 7 - 0.5 - 1, 1e-12);
  EXPECT_NEAR(energy_distance(column({0}), column({3})), 6, 1e-12);
}

TEST(Energy, IsZeroForIdenticalSamples) {
  const Tensor<double> x = normal_rows(1, 300, 5), same = x;
  LanePool pool(2);
  EXPECT_NEAR(energy_distance(x, same, &pool), 0, 1e-12);
  EXPECT_GT(energy_distance(x, normal_rows(2, 300, 5)), 1e-3);
}

TEST(SlicedWasserstein, OnALineIsTheSortedMatching) {
  EXPECT_NEAR(sliced_wasserstein(column({5, 0, 1}), column({3, 2, 9}), 3),
              std::sqrt((4 + 4 + 16) / 3.0), 1e-12);
}

TEST(SlicedWasserstein, MatchesSamplesOfDifferentSizesByQuantiles) {
  // 0 0 0 3 3 3 against 1 1 4 4 6 6: differences 1 1 4 1 3 3.
  EXPECT_NEAR(sliced_wasserstein(column({0, 3}), column({1, 4, 6}), 2), std::sqrt(37.0 / 6), 1e-12);
  EXPECT_NEAR(sliced_wasserstein(column({0, 3}), column({0, 0, 3, 3}), 2), 0, 1e-15);
}

TEST(Wasserstein, OnALineIsTheSortedMatchingAndOfAShiftItsLength) {
  EXPECT_NEAR(wasserstein(column({5, 0, 1}), column({3, 2, 9})), std::sqrt((4 + 4 + 16) / 3.0),
              1e-12);
  const Tensor<double> x = normal_rows(1, 50, 4);
  Tensor<double> y = x;
  for (double& value : y.values()) value += 3;
  EXPECT_NEAR(wasserstein(x, y), 6, 1e-12);  // 3 in each of four coordinates
  EXPECT_EQ(wasserstein(x, x), 0);
}

// Between N(0, 1) and N(m, s^2) it is the root of m^2 + (s - 1)^2; so it is between samples of
// which one is a map of the other.
TEST(Wasserstein, BetweenGaussiansOnALineHasItsClosedForm) {
  const Tensor<double> x = normal_rows(1, 2000, 1);
  double mean = 0, square = 0;
  for (const double value : x.values()) {
    mean += value / 2000;
    square += value * value / 2000;
  }
  Tensor<double> y = x;
  for (double& value : y.values()) value = 1.5 + 3 * value;
  const double exact = std::sqrt(2.25 + 2 * 1.5 * 2 * mean + 4 * square);
  EXPECT_NEAR(sliced_wasserstein(x, y, 1), exact, 1e-9);
  EXPECT_NEAR(exact, std::sqrt(1.5 * 1.5 + 2 * 2), 0.1);
  EXPECT_NEAR(wasserstein(x.rows_copy(0, 200), y.rows_copy(0, 200)),
              sliced_wasserstein(x.rows_copy(0, 200), y.rows_copy(0, 200), 1), 1e-9);
}

// A shift by s moves every projection by s.u, and the mean of (s.u)^2 is |s|^2 / d.
TEST(SlicedWasserstein, OfAShiftIsItsLengthOverTheRootOfTheDimension) {
  const Tensor<double> x = normal_rows(1, 50, 4);
  Tensor<double> y = x;
  for (double& value : y.values()) value += 3;
  LanePool pool(2);
  const double distance = sliced_wasserstein(x, y, 4000, 1, &pool);
  EXPECT_NEAR(distance, 3, 0.1);
  EXPECT_EQ(sliced_wasserstein(x, y, 4000, 1), distance);
  EXPECT_NE(sliced_wasserstein(x, y, 4000, 2), distance);
}

TEST(SampleDistances, RefuseSamplesThatDoNotFit) {
  const Tensor<double> x = column({1}), none(Shape{0, 1}), wide(Shape{1, 2});
  EXPECT_EQ(sentence([&] { (void)energy_distance(x, none); }),
            "[energy] the samples have 1 and 0 rows, expected 1 or more");
  EXPECT_EQ(sentence([&] {
              (void)wasserstein(x, column({1, 2}));
            }),
            "[wasserstein] the samples have 1 and 2 rows, expected equally many");
  EXPECT_EQ(sentence([&] { (void)sliced_wasserstein(wide, x); }),
            "[sliced_wasserstein] one set is 1x2, the other 1x1: the shapes of their samples must "
            "agree");
  EXPECT_EQ(sentence([&] { (void)sliced_wasserstein(x, x, 0); }),
            "[sliced_wasserstein] 0 directions asked for, expected 1 or more");
  EXPECT_EQ(sentence([&] { (void)sliced_wasserstein(x, column({std::nan("")})); }),
            "[sliced_wasserstein] row 0 of the second set is not finite");
}

}  // namespace
}  // namespace gradvar::sample_distances_test

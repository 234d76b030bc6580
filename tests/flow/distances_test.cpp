// Distances, their summaries, random partners, nearest targets.

#include "flow/distances.h"

#include <cmath>
#include <gtest/gtest.h>

#include "tests/flow/solver_cases.h"

namespace gradvar::distances_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

TEST(Distances, RowsAreEuclideanOverAllCoordinates) {
  const Tensor<double> a(Shape{2, 2, 2}, std::vector<double>{0, 0, 0, 0, 1, 1, 1, 1});
  const Tensor<double> b(Shape{2, 2, 2}, std::vector<double>{3, 0, 0, 4, 2, 2, 2, 2});
  EXPECT_EQ(row_distances(a, b), (std::vector<double>{5, 2}));
  EXPECT_TRUE(row_distances(Tensor<double>(Shape{0, 3}), Tensor<double>(Shape{0, 3})).empty());
  EXPECT_EQ(sentence([&] {
              (void)row_distances(a, Tensor<double>(Shape{2, 4}));
            }),
            "[distances] one set is 2x2x2, the other is 2x4: the shapes must agree");
}

TEST(Distances, SummaryOfFiveNumbers) {
  const std::vector<double> values = {4, 1, 2, 10, 3}, levels = {0, 0.25, 0.9, 1};
  const Summary summary = summarise(values, levels);
  EXPECT_EQ(summary.n, 5);
  EXPECT_DOUBLE_EQ(summary.mean, 4);
  EXPECT_DOUBLE_EQ(summary.standard_deviation, std::sqrt(50.0 / 4));
  EXPECT_DOUBLE_EQ(summary.median, 3);
  ASSERT_EQ(summary.quantiles.size(), 4U);
  EXPECT_DOUBLE_EQ(summary.quantiles[0].value, 1);
  EXPECT_DOUBLE_EQ(summary.quantiles[1].value, 2);
  EXPECT_DOUBLE_EQ(summary.quantiles[2].value, 4 + 0.6 * 6);
  EXPECT_EQ(summary.quantiles[2].level, 0.9);
  EXPECT_DOUBLE_EQ(summary.quantiles[3].value, 10);
}

TEST(Distances, SummaryOfOneAndTwoNumbers) {
  const Summary one = summarise(std::vector<double>{7});
  EXPECT_EQ(one.mean, 7);
  EXPECT_EQ(one.median, 7);
  EXPECT_TRUE(std::isnan(one.standard_deviation));
  EXPECT_EQ(summarise(std::vector<double>{1, 4}).median, 2.5);
}

TEST(Distances, SummaryRefusesWhatItCannotSummarise) {
  const std::vector<double> one = {1}, level = {1.5}, broken = {1, std::nan("")};
  EXPECT_EQ(sentence([] { (void)summarise({}); }),
            "[summary] there are no values, expected 1 or more");
  EXPECT_EQ(sentence([&] { (void)summarise(one, level); }),
            "[summary] the quantile level is 1.5, expected 0 to 1");
  EXPECT_EQ(sentence([&] { (void)summarise(broken); }),
            "[summary] value 1 is nan, expected a finite number");
}

TEST(Distances, RandomPartnersLeaveOutTheOwnOne) {
  // |0-5| + |0-9| + |1-3| + |1-9| + |2-3| + |2-5| over six pairs.
  EXPECT_DOUBLE_EQ(random_partner_distance(column({0, 1, 2}), column({3, 5, 9})), 28.0 / 6);
  EXPECT_EQ(sentence([] { (void)random_partner_distance(column({0}), column({3})); }),
            "[distances] random partners need 2 rows or more, found 1");
  EXPECT_EQ(sentence([] {
              (void)random_partner_distance(column({0, 1}), column({3}));
            }),
            "[distances] one set is 2x1, the other is 1x1: the shapes must agree");
}

TEST(Distances, RandomPartnersOfManyRowsAreASubset) {
  // Every pair is |0 - 1| or |0 - 3| apart, half of each: 2 within the subset's error.
  Tensor<double> a(Shape{kExactRows + 1000, 1}), b(Shape{kExactRows + 1000, 1});
  for (std::int64_t n = 0; n < b.rows(); ++n) b[n] = n % 2 == 0 ? 1 : 3;
  LanePool pool(2);
  const double mean = random_partner_distance(a, b, 3, &pool);
  EXPECT_NEAR(mean, 2, 0.05);
  EXPECT_EQ(random_partner_distance(a, b, 3), mean);
  EXPECT_NE(random_partner_distance(a, b, 4), mean);
}

TEST(Distances, NearestTargetsAndTheirRatios) {
  const NearestTargets nearest = nearest_targets(column({0.1, 5, 2.6, 10}), column({0, 10, 2, 10}));
  EXPECT_EQ(nearest.nearest, (std::vector<std::int64_t>{0, 2, 2, 1}));
  EXPECT_NEAR(nearest.distance[0], 0.1, 1e-12);
  EXPECT_NEAR(nearest.ratio[0], 0.1 / 1.9, 1e-12);
  EXPECT_NEAR(nearest.ratio[1], 3.0 / 5, 1e-12);
  EXPECT_NEAR(nearest.ratio[2], 0.6 / 2.6, 1e-12);
  EXPECT_EQ(nearest.ratio[3], 1);  // the target at 10 stands there twice
  EXPECT_EQ(nearest.memorised_share, 0.5);
}

TEST(Distances, CopiesOfTargetsAreMemorisedAndFreshPointsAreNot) {
  const Tensor<double> targets = normal_rows(1, 400, 10);
  LanePool pool(2);
  EXPECT_EQ(nearest_targets(targets, targets, &pool).memorised_share, 1);
  EXPECT_EQ(nearest_targets(normal_rows(2, 400, 10), targets, &pool).memorised_share, 0);
}

TEST(Distances, NearestRefusesTooFew) {
  EXPECT_EQ(sentence([] {
              (void)nearest_targets(Tensor<double>(Shape{0, 1}), column({1, 2}));
            }),
            "[nearest] there are no generated points, expected 1 or more");
  EXPECT_EQ(sentence([] { (void)nearest_targets(column({1}), column({2})); }),
            "[nearest] a second nearest target needs 2 targets or more, found 1");
}

TEST(Distances, SubsetsAreDistinctRowsInOrder) {
  EXPECT_EQ(random_subset(3, 5, 1), (std::vector<std::int64_t>{0, 1, 2}));
  const std::vector<std::int64_t> subset = random_subset(100, 20, 1);
  ASSERT_EQ(subset.size(), 20U);
  for (std::size_t i = 1; i < subset.size(); ++i) EXPECT_LT(subset[i - 1], subset[i]);
  EXPECT_NE(random_subset(100, 20, 2), subset);
  const std::vector<std::int64_t> rows = {2, 0, 2};
  const Tensor<double> selected = select_rows(column({5, 6, 7}), rows);
  EXPECT_EQ(selected.shape(), (Shape{3, 1}));
  EXPECT_EQ(selected[0], 7);
  EXPECT_EQ(selected[1], 5);
}

}  // namespace
}  // namespace gradvar::distances_test

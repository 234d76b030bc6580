// Spearman's rho against values worked out by hand.

#include "flow/rank_correlation.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "tests/flow/solver_cases.h"

namespace gradvar::rank_correlation_test {
namespace {

using Values = std::vector<double>;

TEST(RankCorrelation, OnlyTheOrderCounts) {
  EXPECT_DOUBLE_EQ(rank_correlation(Values{1, 2, 3}, Values{1, 10, 1e9}), 1);
  EXPECT_DOUBLE_EQ(rank_correlation(Values{1, 2, 3}, Values{5, 0, -7}), -1);
  // 1 - 6 sum d^2 / (n (n^2 - 1)) with d = (0, 1, 1, 2, 0).
  EXPECT_DOUBLE_EQ(rank_correlation(Values{1, 2, 3, 4, 5}, Values{1, 3, 4, 2, 5}),
                   1 - 6.0 * (0 + 1 + 1 + 4 + 0) / 120);
}

TEST(RankCorrelation, TiesShareTheirRanks) {
  // Ranks 1.5 1.5 3 against 1 2 3: the sum of products 1.5 over root(1.5 * 2).
  EXPECT_DOUBLE_EQ(rank_correlation(Values{4, 4, 9}, Values{1, 2, 3}), 1.5 / std::sqrt(3.0));
  EXPECT_TRUE(std::isnan(rank_correlation(Values{4, 4, 4}, Values{1, 2, 3})));
}

TEST(RankCorrelation, RefusesWhatDoesNotBelongTogether) {
  EXPECT_EQ(testing::sentence([] {
              (void)rank_correlation(Values{1, 2}, Values{1});
            }),
            "[rank correlation] 2 and 1 values, expected as many of both, 2 or more");
  EXPECT_EQ(testing::sentence([] {
              (void)rank_correlation(Values{1, INFINITY}, Values{1, 2});
            }),
            "[rank correlation] value 1 is not finite");
}

}  // namespace
}  // namespace gradvar::rank_correlation_test

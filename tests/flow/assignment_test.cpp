// The assignment against all permutations, and against a certificate of its own making: prices that
// nowhere exceed the cost and add up to the total (complementary slackness).

#include "flow/assignment.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>

#include "tests/flow/solver_cases.h"

namespace gradvar::assignment_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

double cost_of(const Tensor<double>& cost, const std::vector<std::int64_t>& partner) {
  double total = 0;
  for (std::size_t i = 0; i < partner.size(); ++i) total += cost.row(i)[partner[i]];
  return total;
}

double least_by_force(const Tensor<double>& cost) {
  std::vector<std::int64_t> order(cost.rows());
  std::iota(order.begin(), order.end(), 0);
  double least = std::numeric_limits<double>::infinity();
  do {
    least = std::min(least, cost_of(cost, order));
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

bool is_permutation_of_rows(std::vector<std::int64_t> partner) {
  std::sort(partner.begin(), partner.end());
  for (std::size_t i = 0; i < partner.size(); ++i) {
    if (partner[i] != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

// By how much the prices fail to prove a total of this much: no permutation costs less than the sum
// of prices that nowhere exceed the cost.
double proof_gap(const Tensor<double>& cost, const Assignment& found) {
  double gap = 0, prices = 0;
  for (std::int64_t i = 0; i < cost.rows(); ++i) {
    prices += found.row_price[i] + found.column_price[i];
    for (std::int64_t j = 0; j < cost.rows(); ++j) {
      gap = std::max(gap, found.row_price[i] + found.column_price[j] - cost.row(i)[j]);
    }
  }
  return std::max(gap, std::abs(prices - cost_of(cost, found.partner)));
}

void expect_optimal(const Tensor<double>& cost) {
  const Assignment found = solve_assignment(cost);
  EXPECT_TRUE(is_permutation_of_rows(found.partner));
  EXPECT_EQ(found.cost, cost_of(cost, found.partner));
  EXPECT_NEAR(found.cost, least_by_force(cost), 1e-12);
  EXPECT_LT(proof_gap(cost, found), 1e-12);
}

TEST(Assignment, IsTheBestOfAllPermutations) {
  for (std::int64_t n = 1; n <= 7; ++n) {
    const int problems = n < 7 ? 40 : 8;
    for (int problem = 0; problem < problems; ++problem) {
      expect_optimal(normal_rows(1000 * n + problem, n, n));
    }
  }
}

// Few distinct values: most permutations tie somewhere.
TEST(Assignment, TiesAreNoTrap) {
  for (std::int64_t n = 1; n <= 6; ++n) {
    for (int problem = 0; problem < 60; ++problem) {
      Tensor<double> cost = normal_rows(1000 * n + problem, n, n);
      for (double& c : cost.values()) c = std::floor(c);
      expect_optimal(cost);
    }
  }
}

TEST(Assignment, DegenerateMatricesAreSolved) {
  for (std::int64_t n = 1; n <= 5; ++n) {
    Tensor<double> equal_rows(Shape{n, n}), equal_columns(Shape{n, n}), steep(Shape{n, n});
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        equal_rows.row(i)[j] = static_cast<double>(j * j);
        equal_columns.row(i)[j] = static_cast<double>(-i);
        steep.row(i)[j] = static_cast<double>((i + 1) * (j + 1));  // the greedy match is wrong
      }
    }
    expect_optimal(equal_rows);
    expect_optimal(equal_columns);
    expect_optimal(steep);
  }
}

// Whole numbers: prices are whole too, and the proof has no rounding in it. More columns than one
// block of the search holds, and a last block that is not full.
TEST(Assignment, ManyTiedCostsAreProvedExactly) {
  for (const std::int64_t n : {63, 65, 150}) {
    for (const double values : {2.0, 30.0}) {
      Tensor<double> cost = normal_rows(n, n, n);
      for (double& c : cost.values()) c = std::floor(values * c);
      const Assignment found = solve_assignment(cost);
      EXPECT_TRUE(is_permutation_of_rows(found.partner));
      EXPECT_EQ(proof_gap(cost, found), 0);
    }
  }
}

TEST(Assignment, EqualCostsGiveTheIdentity) {
  EXPECT_EQ(solve_assignment(Tensor<double>(Shape{4, 4})).partner,
            (std::vector<std::int64_t>{0, 1, 2, 3}));
}

TEST(Assignment, OfNothingIsNothing) {
  const Assignment empty = solve_assignment(Tensor<double>(Shape{0, 0}));
  EXPECT_TRUE(empty.partner.empty());
  EXPECT_EQ(empty.cost, 0);
}

TEST(Assignment, FindsAHiddenPermutationInFiftyDimensions) {
  const std::int64_t n = 1000;
  const Tensor<double> y = normal_rows(1, n, 50), jitter = normal_rows(2, n, 50);
  Tensor<double> x(y.shape());
  for (std::int64_t i = 0; i < n; ++i) {
    for (int k = 0; k < 50; ++k) x.row((7 * i + 3) % n)[k] = y.row(i)[k] + 0.1 * jitter.row(i)[k];
  }
  LanePool pool(2);
  const Assignment found = optimal_assignment(x, y, &pool);
  for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(found.partner[(7 * i + 3) % n], i);
}

TEST(Assignment, ProvesItselfByItsPricesBetweenAThousandPoints) {
  const std::int64_t n = 1000;
  const Tensor<double> x = normal_rows(1, n, 50), y = normal_rows(2, n, 50);
  const Assignment found = optimal_assignment(x, y);
  ASSERT_TRUE(is_permutation_of_rows(found.partner));
  Tensor<double> cost(Shape{n, n});
  for (std::int64_t i = 0; i < n; ++i) {
    const double* a = x.row(i).data();
    for (std::int64_t j = 0; j < n; ++j) {
      const double* b = y.row(j).data();
      double squared = 0;
      for (int k = 0; k < 50; ++k) squared += (a[k] - b[k]) * (a[k] - b[k]);
      cost.row(i)[j] = squared;
    }
  }
  EXPECT_NEAR(found.cost, cost_of(cost, found.partner), 1e-6);
  EXPECT_LT(proof_gap(cost, found), 1e-6);  // of about 6e4
}

TEST(Assignment, StopsWhereItsTickThrows) {
  struct Enough {};
  const Tensor<double> x = normal_rows(1, 300, 5), y = normal_rows(2, 300, 5);
  int ticks = 0;
  (void)optimal_assignment(x, y, nullptr, [&] { ++ticks; });
  EXPECT_GT(ticks, 600);  // in the search itself too
  for (const int last : {1, 300, 600, ticks}) {
    int left = last;
    EXPECT_THROW((void)optimal_assignment(x, y, nullptr,
                                          [&] {
                                            if (--left == 0) throw Enough();
                                          }),
                 Enough);
    EXPECT_EQ(left, 0);
  }
}

TEST(Assignment, OnALineItIsTheOrder) {
  EXPECT_EQ(optimal_assignment(column({5, 0, 1}), column({3, 2, 9})).partner,
            (std::vector<std::int64_t>{2, 1, 0}));
}

TEST(Assignment, RefusesWhatIsNoProblem) {
  const auto refusal = [](const Tensor<double>& cost) {
    return sentence([&] { (void)solve_assignment(cost); });
  };
  EXPECT_EQ(refusal(Tensor<double>(Shape{2, 3})),
            "[assignment] the cost matrix is 2x3, expected a square one");
  EXPECT_EQ(refusal(Tensor<double>(Shape{4})),
            "[assignment] the cost matrix is 4, expected a square one");
  const auto with = [](double value) {
    Tensor<double> cost(Shape{2, 2});
    cost[2] = value;
    return cost;
  };
  EXPECT_EQ(refusal(with(NAN)),
            "[assignment] the cost in row 2, column 1 is nan, expected a finite number of at most "
            "1e300");
  EXPECT_EQ(refusal(with(-INFINITY)),
            "[assignment] the cost in row 2, column 1 is -inf, expected a finite number of at most "
            "1e300");
  EXPECT_EQ(sentence([] {
              (void)optimal_assignment(column({1, 2}), column({1}));
            }),
            "[assignment] there are 2 sources and 1 targets, expected equally many");
}

// Differences of such costs are infinite, and the search for the least of them ended nowhere.
TEST(Assignment, RefusesCostsWhoseDifferencesOverflow) {
  Tensor<double> cost(Shape{2, 2});
  cost[0] = cost[1] = 1.5e308;
  cost[2] = cost[3] = -1.5e308;
  EXPECT_EQ(sentence([&] { (void)solve_assignment(cost); }),
            "[assignment] the cost in row 1, column 1 is 1.5e+308, expected a finite number of at "
            "most 1e300");
}

}  // namespace
}  // namespace gradvar::assignment_test

// Couplings of sets: what each does to points on a line, where the optimal pairing is the order.

#include "flow/set_couplings.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "flow/distances.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::set_couplings_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

const RandomStream kStream(1, Purpose::kPairing);

std::vector<double> sorted(const Tensor<double>& values) {
  std::vector<double> all(values.values().begin(), values.values().end());
  std::sort(all.begin(), all.end());
  return all;
}

double cost(const Tensor<double>& x0, const Tensor<double>& x1) {
  double sum = 0;
  for (const double distance : row_distances(x0, x1)) sum += distance * distance;
  return sum;
}

const Tensor<double> kSources = normal_rows(1, 101, 1), kTargets = normal_rows(2, 101, 1);

TEST(SetCouplings, AnAssignmentOnALineKeepsTheOrder) {
  const Tensor<double> x1 = AssignmentCoupling().partners(kSources, kTargets, kStream);
  EXPECT_EQ(sorted(x1), sorted(kTargets));
  for (std::int64_t i = 0; i < 101; ++i) {
    for (std::int64_t j = 0; j < 101; ++j) {
      EXPECT_EQ(kSources[i] < kSources[j], x1[i] < x1[j]);
    }
  }
}

TEST(SetCouplings, MinibatchesLieBetweenIndependentAndOptimal) {
  double before = INFINITY;
  for (const std::int64_t size : {1, 4, 20, 101}) {
    const Tensor<double> x1 = MinibatchCoupling(size).partners(kSources, kTargets, kStream);
    EXPECT_EQ(sorted(x1), sorted(kTargets));
    EXPECT_LT(cost(kSources, x1), before);
    before = cost(kSources, x1);
  }
  const Tensor<double> best = AssignmentCoupling().partners(kSources, kTargets, kStream);
  EXPECT_DOUBLE_EQ(cost(kSources, best), before);  // one batch of all
}

TEST(SetCouplings, AnAdversaryMovesTheFractionItWasGivenAndNoMore) {
  const Tensor<double> best = AssignmentCoupling().partners(kSources, kTargets, kStream);
  for (const double fraction : {0.0, 0.3, 1.0}) {
    const Tensor<double> x1 = AdversarialCoupling(fraction).partners(kSources, kTargets, kStream);
    EXPECT_EQ(sorted(x1), sorted(kTargets));
    int moved = 0;
    for (std::int64_t i = 0; i < 101; ++i) moved += x1[i] != best[i] ? 1 : 0;
    EXPECT_EQ(moved, std::lround(101 * fraction));
  }
}

// A target alone has nowhere to go, and was left where it was.
TEST(SetCouplings, AnAdversaryOfOneTargetMovesTwo) {
  const Tensor<double> best = AssignmentCoupling().partners(kSources, kTargets, kStream);
  const Tensor<double> x1 = AdversarialCoupling(0.01).partners(kSources, kTargets, kStream);
  EXPECT_EQ(sorted(x1), sorted(kTargets));
  int moved = 0;
  for (std::int64_t i = 0; i < 101; ++i) moved += x1[i] != best[i] ? 1 : 0;
  EXPECT_EQ(moved, 2);
  EXPECT_EQ(AdversarialCoupling(1).partners(column({1}), column({5}), kStream)[0], 5);
}

TEST(SetCouplings, ThreadsChangeNothingAndTheTickStops) {
  struct Enough {};
  const auto search = [](SetCoupling&& coupling, SetSearch how) {
    coupling.set_search(std::move(how));
    return coupling.partners(kSources, kTargets, kStream);
  };
  const auto both = [&](auto make) {
    const Tensor<double> alone = search(make(), {}), together = search(make(), {.threads = 3});
    EXPECT_TRUE(
        std::equal(alone.values().begin(), alone.values().end(), together.values().begin()));
    EXPECT_THROW((void)search(make(), {.tick = [] { throw Enough(); }}), Enough);
  };
  both([] { return AssignmentCoupling(); });
  both([] { return MinibatchCoupling(20); });
  both([] { return AdversarialCoupling(0.5); });
  both([] { return EntropicCoupling(0.1, true); });
}

TEST(SetCouplings, AnEntropicPlanGoesFromOptimalToIndependent) {
  const Tensor<double> best = AssignmentCoupling().partners(kSources, kTargets, kStream);
  const auto partners = [](double epsilon, bool barycentric) {
    return EntropicCoupling(epsilon, barycentric).partners(kSources, kTargets, kStream);
  };
  const Tensor<double> near = partners(1e-4, false), wide = partners(100, false);
  EXPECT_LT(cost(kSources, near), 1.1 * cost(kSources, best));
  EXPECT_GT(cost(kSources, wide), 5 * cost(kSources, best));
  const std::vector<double> targets = sorted(kTargets);
  for (const double x : wide.values()) {
    EXPECT_TRUE(std::binary_search(targets.begin(), targets.end(), x));
  }
  double mean = 0;
  for (const double y : targets) mean += y / 101;
  const Tensor<double> means = partners(1e6, true);
  for (const double x : means.values()) EXPECT_NEAR(x, mean, 1e-5);
}

// Between N(0, 1) and N(0, s^2), costs |x - y|^2 and regularisation eps the entropic plan is
// Gaussian and its barycentric map is a line of slope c, with c^2 + c eps / 2 = s^2 (Janati et al.,
// "Entropic optimal transport between unbalanced Gaussian measures has a closed form", 2020).
TEST(SetCouplings, BetweenGaussiansTheBarycentricMapHasItsClosedSlope) {
  const std::int64_t n = 600;
  const double s = 2, epsilon = 0.3;
  Tensor<double> x(Shape{n, 1}), y(Shape{n, 1});
  for (std::int64_t i = 0; i < n; ++i) {  // the middle of each n-th of the law, by bisection
    double low = -6, high = 6;
    while (high - low > 1e-12) {
      const double middle = (low + high) / 2;
      (std::erfc(-middle / std::sqrt(2)) / 2 < (i + 0.5) / n ? low : high) = middle;
    }
    x[i] = low;
    y[i] = s * low;
  }
  const Tensor<double> mapped = EntropicCoupling(epsilon, true).partners(x, y, kStream);
  const double eps = epsilon * (1 + s * s);  // the mean cost
  const double slope = (std::sqrt(eps * eps / 4 + 4 * s * s) - eps / 2) / 2;
  for (std::int64_t i = n / 4; i < 3 * n / 4; ++i) EXPECT_NEAR(mapped[i], slope * x[i], 0.01);
}

TEST(SetCouplings, AreOfWholeSets) {
  const MinibatchCoupling minibatch(8);
  EXPECT_FALSE(minibatch.row_by_row());
  EXPECT_TRUE(minibatch.sources_once());
  EXPECT_EQ(minibatch.numbers_held(100), 64);
  EXPECT_EQ(minibatch.numbers_held(5), 25);
  EXPECT_EQ(AssignmentCoupling().numbers_held(100), 10000);
  const Tensor<double> two = column({1, 2}), three = column({1, 2, 3});
  EXPECT_EQ(sentence([&] { (void)minibatch.partners(two, three, kStream); }),
            "[minibatch] the source set is 2x1, the target set is 3x1: the shapes must agree");
  EXPECT_EQ(sentence([&] {
              (void)AssignmentCoupling().partners(two, column({1, NAN}), kStream);
            }),
            "[distances] row 1 of the second set is not finite");
}

}  // namespace
}  // namespace gradvar::set_couplings_test

// The coefficients satisfy the order conditions: a typing error shows here first.

#include <cmath>
#include <gtest/gtest.h>

#include "flow/solver_methods.h"

namespace gradvar::solver_tableau_test {
namespace {

using Vector = std::array<double, 7>;

Vector stage_sums(const Tableau& method, const Vector& v) {
  Vector out{};
  for (int i = 0; i < 7; ++i) {
    for (int j = 0; j < 7; ++j) out[i] += method.a[i][j] * v[j];
  }
  return out;
}

Vector times(const Vector& a, const Vector& b) {
  Vector out{};
  for (int i = 0; i < 7; ++i) out[i] = a[i] * b[i];
  return out;
}

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (int i = 0; i < 7; ++i) sum += a[i] * b[i];
  return sum;
}

Vector power(const Vector& c, int k) {
  Vector out{};
  for (int i = 0; i < 7; ++i) out[i] = std::pow(c[i], k);
  return out;
}

constexpr SolverMethod kFixed[] = {SolverMethod::euler, SolverMethod::midpoint, SolverMethod::heun,
                                   SolverMethod::rk4};
constexpr int kOrders[] = {1, 2, 2, 4};

TEST(Tableau, RowsAddUpToTheNodes) {
  const Vector ones = {1, 1, 1, 1, 1, 1, 1};
  for (const SolverMethod method : kFixed) {
    const Tableau& tableau = fixed_tableau(method);
    for (int i = 0; i < 7; ++i) EXPECT_DOUBLE_EQ(stage_sums(tableau, ones)[i], tableau.c[i]);
  }
  const Tableau& tableau = dormand_prince::kTableau;
  for (int i = 0; i < 7; ++i) EXPECT_NEAR(stage_sums(tableau, ones)[i], tableau.c[i], 1e-14) << i;
}

TEST(Tableau, StagesUseEarlierStagesOnly) {
  for (int i = 0; i < 7; ++i) {
    for (int j = i; j < 7; ++j) EXPECT_EQ(dormand_prince::kTableau.a[i][j], 0);
  }
}

TEST(Tableau, WeightsIntegratePowersUpToTheOrder) {
  for (int m = 0; m < 4; ++m) {
    const Tableau& tableau = fixed_tableau(kFixed[m]);
    for (int k = 0; k < kOrders[m]; ++k) {
      EXPECT_NEAR(dot(tableau.b, power(tableau.c, k)), 1.0 / (k + 1), 1e-15) << m << " " << k;
    }
  }
  const Tableau& tableau = dormand_prince::kTableau;
  for (int k = 0; k < 5; ++k) {
    EXPECT_NEAR(dot(tableau.b, power(tableau.c, k)), 1.0 / (k + 1), 1e-14) << k;
  }
}

// The trees of order 3 to 5 (Hairer, Norsett and Wanner, table II.2.2) that are not powers.
TEST(Tableau, DormandPrinceSatisfiesTheConditionsUpToOrderFive) {
  const Tableau& m = dormand_prince::kTableau;
  const Vector &b = m.b, &c = m.c;
  const Vector ac = stage_sums(m, c), ac2 = stage_sums(m, power(c, 2)), aac = stage_sums(m, ac);
  EXPECT_NEAR(dot(b, ac), 1.0 / 6, 1e-14);
  EXPECT_NEAR(dot(b, times(c, ac)), 1.0 / 8, 1e-14);
  EXPECT_NEAR(dot(b, ac2), 1.0 / 12, 1e-14);
  EXPECT_NEAR(dot(b, aac), 1.0 / 24, 1e-14);
  EXPECT_NEAR(dot(b, times(power(c, 2), ac)), 1.0 / 10, 1e-14);
  EXPECT_NEAR(dot(b, times(ac, ac)), 1.0 / 20, 1e-14);
  EXPECT_NEAR(dot(b, times(c, ac2)), 1.0 / 15, 1e-14);
  EXPECT_NEAR(dot(b, stage_sums(m, power(c, 3))), 1.0 / 20, 1e-14);
  EXPECT_NEAR(dot(b, times(c, aac)), 1.0 / 30, 1e-14);
  EXPECT_NEAR(dot(b, stage_sums(m, times(c, ac))), 1.0 / 40, 1e-14);
  EXPECT_NEAR(dot(b, stage_sums(m, ac2)), 1.0 / 60, 1e-14);
  EXPECT_NEAR(dot(b, stage_sums(m, aac)), 1.0 / 120, 1e-14);
}

TEST(Tableau, TheEmbeddedMethodHasOrderFourAndNotFive) {
  const Tableau& m = dormand_prince::kTableau;
  const Vector& e = dormand_prince::kError;
  const Vector ac = stage_sums(m, m.c);
  for (int k = 0; k < 4; ++k) EXPECT_NEAR(dot(e, power(m.c, k)), 0, 1e-15) << k;
  EXPECT_NEAR(dot(e, ac), 0, 1e-15);
  EXPECT_NEAR(dot(e, times(m.c, ac)), 0, 1e-15);
  EXPECT_NEAR(dot(e, stage_sums(m, power(m.c, 2))), 0, 1e-15);
  EXPECT_NEAR(dot(e, stage_sums(m, ac)), 0, 1e-15);
  EXPECT_GT(std::abs(dot(e, power(m.c, 4))), 1e-4);
}

TEST(Tableau, TheLastStageIsTheFirstOfTheNextStep) {
  EXPECT_EQ(dormand_prince::kTableau.a[6], dormand_prince::kTableau.b);
  EXPECT_EQ(dormand_prince::kTableau.c[6], 1);
}

}  // namespace
}  // namespace gradvar::solver_tableau_test

// Gauss-Legendre nodes: exact where they promise to be.

#include "flow/quadrature.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "tests/flow/solver_cases.h"

namespace gradvar::quadrature_test {
namespace {

using testing::sentence;

double integrate(const Quadrature& rule, const std::function<double(double)>& f) {
  double sum = 0;
  for (std::size_t i = 0; i < rule.nodes.size(); ++i) sum += rule.weights[i] * f(rule.nodes[i]);
  return sum;
}

TEST(Quadrature, IntegratesPowersUpToItsDegreeExactlyAndNotTheNext) {
  for (const int nodes : {1, 2, 3, 5, 8}) {
    const Quadrature rule = gauss_legendre(nodes);
    const auto error = [&](int degree) {
      return integrate(rule, [&](double t) { return std::pow(t, degree); }) - 1.0 / (degree + 1);
    };
    for (int degree = 0; degree < 2 * nodes; ++degree) {
      EXPECT_NEAR(error(degree), 0, 1e-15) << nodes << " nodes, degree " << degree;
    }
    EXPECT_GT(std::abs(error(2 * nodes)), 1e-11) << nodes;
  }
}

TEST(Quadrature, NodesAscendInsideTheIntervalAndWeightsArePositive) {
  for (const int nodes : {1, 2, 17, 64, 1000}) {
    const Quadrature rule = gauss_legendre(nodes, -2, 3);
    ASSERT_EQ(rule.nodes.size(), static_cast<std::size_t>(nodes));
    EXPECT_TRUE(std::is_sorted(rule.nodes.begin(), rule.nodes.end()));
    EXPECT_GT(rule.nodes.front(), -2);
    EXPECT_LT(rule.nodes.back(), 3);
    EXPECT_GT(*std::min_element(rule.weights.begin(), rule.weights.end()), 0);
    EXPECT_NEAR(integrate(rule, [](double) { return 1; }), 5, 1e-12) << nodes;
    for (int i = 0; i < nodes; ++i) {  // symmetric about the middle
      EXPECT_NEAR(rule.nodes[i] + rule.nodes[nodes - 1 - i], 1, 1e-13);
    }
  }
}

TEST(Quadrature, SmoothFunctionsConvergeToRounding) {
  const Quadrature rule = gauss_legendre(24, 0.5, 2);
  EXPECT_NEAR(integrate(rule, [](double t) { return 1 / t; }), std::log(4.0), 1e-14);
}

// E z^m = (m - 1)!! for even m, exact up to degree 2n - 1 and not beyond.
TEST(Quadrature, HermiteNodesHaveTheMomentsOfTheNormalLaw) {
  for (const int nodes : {1, 2, 3, 5, 8}) {
    const Quadrature rule = gauss_hermite(nodes);
    double moment = 1;
    for (int degree = 0; degree <= 2 * nodes; ++degree) {
      if (degree > 0 && degree % 2 == 0) moment *= degree - 1;
      const double truth = degree % 2 == 0 ? moment : 0;
      const double error = integrate(rule, [&](double z) { return std::pow(z, degree); }) - truth;
      if (degree < 2 * nodes) {
        EXPECT_NEAR(error, 0, 1e-13 * moment) << nodes << " nodes, degree " << degree;
      } else {
        EXPECT_LT(error, -0.1) << nodes;
      }
    }
  }
}

TEST(Quadrature, HermiteConvergesToRoundingForSmoothFunctions) {
  for (const int nodes : {24, 64, 256}) {
    const Quadrature rule = gauss_hermite(nodes);
    EXPECT_NEAR(integrate(rule, [](double z) { return std::cos(z); }), std::exp(-0.5), 1e-13);
    EXPECT_EQ(rule.nodes.front(), -rule.nodes.back());
  }
}

TEST(Quadrature, RefusesHermiteNodesOutsideTheirRange) {
  EXPECT_EQ(sentence([] { (void)gauss_hermite(0); }),
            "[quadrature] 0 Gauss-Hermite nodes asked for, expected 1 to 256");
  EXPECT_NE(sentence([] { (void)gauss_hermite(257); }), "nothing was thrown");
}

TEST(Quadrature, RefusesNoNodesAndNoInterval) {
  EXPECT_EQ(sentence([] { (void)gauss_legendre(0); }),
            "[quadrature] 0 nodes asked for, expected 1 or more");
  EXPECT_EQ(sentence([] { (void)gauss_legendre(2, 1, 1); }),
            "[quadrature] the interval is 1.000000 to 1.000000, expected finite ends in ascending "
            "order");
  EXPECT_NE(sentence([] { (void)gauss_legendre(2, 0, INFINITY); }), "nothing was thrown");
}

}  // namespace
}  // namespace gradvar::quadrature_test

// The exact minimiser and the memorising field of finitely many pairs.

#include "flow/pair_fields.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

#include "flow/distances.h"
#include "flow/solver.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::pair_fields_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

Interpolant constant(double sigma) {
  return {.kind = InterpolantKind::kConstantNoise, .sigma = sigma};
}
Interpolant bridge(double sigma, BridgeTarget target = BridgeTarget::kDisplacement) {
  return {.kind = InterpolantKind::kBridge, .sigma = sigma, .target = target};
}

template <class Real>
std::vector<Real> velocity(const Field<Real>& field, const std::vector<Real>& x, Real t) {
  const std::int64_t rows = static_cast<std::int64_t>(x.size()) / field.sample_shape().size();
  std::vector<Real> v(x.size()), times(rows, t);
  field.velocity(x, times, rows, v);
  return v;
}

// Six pairs in the plane and a point among them.
struct Plane {
  Tensor<double> x0 = normal_rows(1, 6, 2), x1 = normal_rows(2, 6, 2);
  std::vector<double> x = {0.3, -0.2};

  [[nodiscard]] double squared_distance(std::int64_t i, double t) const {
    double sum = 0;
    for (int k = 0; k < 2; ++k) {
      sum += std::pow(x[k] - (1 - t) * x0.row(i)[k] - t * x1.row(i)[k], 2);
    }
    return sum;
  }
};

TEST(PairPosterior, IsTheSoftmaxOfSquaredDistances) {
  const Plane plane;
  for (const auto& [interpolant, size] :
       {std::pair(constant(0.8), 0.8), std::pair(bridge(2), 2 * std::sqrt(0.3 * 0.7))}) {
    const PairPosterior posterior(plane.x0, plane.x1, interpolant);
    std::vector<double> w(6), expected(6);
    double total = 0, entropy = 0;
    for (int i = 0; i < 6; ++i) {
      expected[i] = std::exp(-plane.squared_distance(i, 0.3) / (2 * size * size));
      total += expected[i];
    }
    const double found = posterior.weights(plane.x, 0.3, w);
    for (int i = 0; i < 6; ++i) {
      EXPECT_NEAR(w[i], expected[i] / total, 1e-14);
      entropy -= w[i] * std::log(w[i]);
    }
    EXPECT_NEAR(found, entropy, 1e-14);
  }
}

TEST(PairPosterior, NeitherFarPointsNorTinyNoiseOverflow) {
  const Plane plane;
  std::vector<double> w(6), v(2);
  for (const double sigma : {1e-2, 1e-8, 1e-170, 1e-300, 0.0}) {
    const PairPosterior posterior(plane.x0, plane.x1, constant(sigma));
    for (const double far : {1.0, 1e3, 1e9}) {
      const std::vector<double> x = {far, -far};
      EXPECT_GE(posterior.weights(x, 0.4, w), 0) << sigma << " " << far;
      EXPECT_NEAR(std::accumulate(w.begin(), w.end(), 0.0), 1, 1e-14) << sigma << " " << far;
      posterior.mean_target(x, 0.4, w, v);
      EXPECT_TRUE(std::isfinite(v[0]) && std::isfinite(v[1])) << sigma << " " << far;
    }
  }
}

TEST(PairPosterior, APointThatIsNotFiniteHasNoPosterior) {
  const Plane plane;
  const PairMinimiserField<double> field(plane.x0, plane.x1, constant(0.1));
  EXPECT_TRUE(std::isnan(velocity<double>(field, {NAN, 0}, 0.5)[1]));
}

TEST(PairMinimiser, IsTheWeightedMeanOfTheVelocities) {
  const Plane plane;
  const PairPosterior posterior(plane.x0, plane.x1, constant(0.8));
  std::vector<double> w(6);
  (void)posterior.weights(plane.x, 0.3, w);
  const PairMinimiserField<double> field(plane.x0, plane.x1, constant(0.8));
  const std::vector<double> v = velocity(field, plane.x, 0.3);
  for (int k = 0; k < 2; ++k) {
    double mean = 0;
    for (int i = 0; i < 6; ++i) mean += w[i] * (plane.x1.row(i)[k] - plane.x0.row(i)[k]);
    EXPECT_NEAR(v[k], mean, 1e-14);
  }
}

// With the full bridge a pair and a point fix z, and with it the target.
TEST(PairMinimiser, OfTheFullBridgeAddsTheNoisesOwnVelocity) {
  const Plane plane;
  const double t = 0.3, slope = (1 - 2 * t) / (2 * t * (1 - t));
  const PairPosterior posterior(plane.x0, plane.x1, bridge(1, BridgeTarget::kFull));
  std::vector<double> w(6), v(2);
  (void)posterior.weights(plane.x, t, w);
  posterior.mean_target(plane.x, t, w, v);
  for (int k = 0; k < 2; ++k) {
    double mean = 0;
    for (int i = 0; i < 6; ++i) {
      const double line = (1 - t) * plane.x0.row(i)[k] + t * plane.x1.row(i)[k];
      mean += w[i] * (plane.x1.row(i)[k] - plane.x0.row(i)[k] + slope * (plane.x[k] - line));
    }
    EXPECT_NEAR(v[k], mean, 1e-13);
  }
}

TEST(PairMinimiser, OfOnePairIsItsLineEverywhere) {
  const PairMinimiserField<double> field(column({1}), column({4}), constant(0.5));
  for (const double x : {-100.0, 0.0, 2.0}) {
    EXPECT_EQ(velocity<double>(field, {x}, 0.7), std::vector<double>{3});
  }
}

TEST(PairMinimiser, BecomesTheNearestLineAsNoiseVanishes) {
  const Plane plane;
  const NearestLineField<double> nearest(plane.x0, plane.x1);
  const std::vector<double> expected = velocity(nearest, plane.x, 0.6);
  double last = INFINITY;
  for (const double sigma : {0.5, 0.2, 0.1, 0.05}) {
    const PairMinimiserField<double> field(plane.x0, plane.x1, constant(sigma));
    const std::vector<double> v = velocity(field, plane.x, 0.6);
    const double apart = std::hypot(v[0] - expected[0], v[1] - expected[1]);
    EXPECT_LT(apart, last) << sigma;
    last = apart;
  }
  for (const double sigma : {1e-3, 1e-30, 1e-300, 0.0}) {
    const PairMinimiserField<double> field(plane.x0, plane.x1, constant(sigma));
    EXPECT_EQ(velocity(field, plane.x, 0.6), expected) << sigma;
  }
  // At its ends a bridge has no noise at all.
  const PairMinimiserField<double> ends(plane.x0, plane.x1, bridge(0.7));
  EXPECT_EQ(velocity(ends, plane.x, 0.0), velocity(nearest, plane.x, 0.0));
  EXPECT_EQ(velocity(ends, plane.x, 1.0), velocity(nearest, plane.x, 1.0));
}

TEST(PairMinimiser, SharesATieAndTheMemorisingFieldTakesTheFirst) {
  const Tensor<double> x0 = column({1, -1}), x1 = column({5, -2});
  const PairMinimiserField<double> shared(x0, x1, {});
  EXPECT_EQ(velocity<double>(shared, {0}, 0), std::vector<double>{(4.0 - 1.0) / 2});
  EXPECT_EQ(velocity<double>(NearestLineField<double>(x0, x1), {0}, 0), std::vector<double>{4});
}

TEST(PairMinimiser, FollowsTheTrigonometricPath) {
  const PairMinimiserField<double> field(column({1}), column({4}),
                                         {.kind = InterpolantKind::kTrigonometric});
  EXPECT_NEAR(velocity<double>(field, {0}, 0)[0], std::acos(-1.0) / 2 * 4, 1e-14);
}

TEST(PairFields, TakeSamplesOfAnyShapeInEitherPrecisionOnAnyThreads) {
  Tensor<double> x0 = normal_rows(1, 40, 6), x1 = normal_rows(2, 40, 6);
  const Tensor<double> x = normal_rows(3, 150, 6);
  const PairMinimiserField<double> flat(x0, x1, constant(0.5));
  const std::vector<double> points(x.values().begin(), x.values().end());
  const std::vector<double> expected = velocity(flat, points, 0.3);
  LanePool pool(3);
  EXPECT_EQ(velocity(PairMinimiserField<double>(x0, x1, constant(0.5), &pool), points, 0.3),
            expected);
  x0.reshape({40, 2, 3});
  x1.reshape({40, 2, 3});
  const PairMinimiserField<float> single(x0, x1, constant(0.5), &pool);
  EXPECT_EQ(single.sample_shape(), (Shape{2, 3}));
  const std::vector<float> v =
      velocity(single, std::vector<float>(points.begin(), points.end()), 0.3f);
  for (std::size_t i = 0; i < v.size(); ++i) EXPECT_NEAR(v[i], expected[i], 1e-5);
  EXPECT_TRUE(velocity(single, std::vector<float>{}, 0.3f).empty());
}

// ---- Proposition 2

TEST(MemorisingField, HasNoLossOnTheLines) {
  const Tensor<double> x0 = normal_rows(1, 50, 3), x1 = normal_rows(2, 50, 3);
  const NearestLineField<double> field(x0, x1);
  for (const double t : {0.0, 0.2, 0.5, 0.77, 1.0}) {
    std::vector<double> x(150), u(150), times(50, t);
    Interpolant{}.interpolate<double>(50, x0.values(), x1.values(), times, {}, x, u);
    EXPECT_EQ(velocity(field, x, t), u) << t;
  }
}

TEST(MemorisingField, IntegratedFromASourceReturnsItsPartner) {
  const Tensor<double> x0 = normal_rows(1, 50, 3), x1 = normal_rows(2, 50, 3);
  const NearestLineField<double> field(x0, x1);
  for (const SolverMethod method : {SolverMethod::euler, SolverMethod::rk4}) {
    for (const std::int64_t steps : {1, 7, 100}) {
      const Solution<double> solution = solve(field, {.method = method, .steps = steps}, x0, 0, 1);
      for (const double distance : row_distances(solution.end, x1))
        EXPECT_LT(distance, 1e-12) << steps;
    }
  }
}

// Counter-example 1, T(x) = -x + 5: all lines meet at t = 1/2, in one point. Steps that jump over
// it return the partner; a step that starts there cannot know whose line it was on.
TEST(MemorisingField, ReturnsThePartnerThroughTheCrossingOnlyWhenNoStepStartsThere) {
  const Tensor<double> x0 = normal_rows(1, 20, 2);
  Tensor<double> x1 = x0;
  for (double& value : x1.values()) value = 5 - value;
  const NearestLineField<double> field(x0, x1);
  const auto largest = [&](std::int64_t steps) {
    const Solution<double> solution = solve(field, {.steps = steps}, x0, 0, 1);
    const std::vector<double> distances = row_distances(solution.end, x1);
    return *std::max_element(distances.begin(), distances.end());
  };
  EXPECT_LT(largest(5), 1e-12);
  EXPECT_LT(largest(21), 1e-12);
  EXPECT_GT(largest(4), 0.1);
}

TEST(PairFields, RefuseWhatIsNoSetOfPairs) {
  const auto refusal = [](const Tensor<double>& a, const Tensor<double>& b,
                          const Interpolant& interpolant = {}) {
    return sentence([&] { PairPosterior(a, b, interpolant); });
  };
  EXPECT_EQ(refusal(column({1}), column({1, 2})),
            "[pair field] x0 is 1x1, x1 is 2x1: the shapes must agree");
  EXPECT_EQ(refusal(Tensor<double>(Shape{0, 1}), Tensor<double>(Shape{0, 1})),
            "[pair field] x0 is 0x1, expected at least one pair, Nxd");
  EXPECT_EQ(refusal(column({1, 2}), column({1, INFINITY})),
            "[pair field] row 1 of x1 is not finite");
  EXPECT_EQ(refusal(column({1}), column({1}), constant(-1)),
            "[interpolant] sigma is -1, expected a finite number of 0 or more");
}

TEST(PairFields, RefuseTimesWithoutATargetAndSpansOfAnotherSize) {
  const Tensor<double> one = column({1});
  const PairMinimiserField<double> full(one, one, bridge(1, BridgeTarget::kFull));
  const PairMinimiserField<double> plain(one, one, bridge(1));
  EXPECT_EQ(sentence([&] { (void)velocity<double>(full, {0}, 0); }),
            "[pair field] t is 0, where the full bridge target is infinite");
  EXPECT_EQ(sentence([&] { (void)velocity<double>(plain, {0}, 1.5); }),
            "[pair field] t is 1.5, expected 0 <= t <= 1 for a bridge");
  std::vector<double> two(2);
  EXPECT_EQ(sentence([&] { plain.velocity(two, two, 1, two); }),
            "[field] x has 2 numbers, expected 1 for 1 rows of shape 1");
}

}  // namespace
}  // namespace gradvar::pair_fields_test

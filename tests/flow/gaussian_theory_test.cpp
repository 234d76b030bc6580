// Exact gradient variance between Gaussians: known values, Proposition 1, and what diverges. That
// three roads lead to the same numbers is gaussian_roads_test.cpp.

#include "flow/gaussian_theory.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

#include "tests/flow/gaussian_cases.h"

namespace gradvar::gaussian_theory_test {
namespace {

using testing::identity;
using testing::random_covariance;
using testing::random_gaussian;
using testing::sentence;
using testing::standard_gaussian;

// N(0, I) in the plane, the target N((3, -1), I), and their maps.
struct Plane {
  GaussianMoments source = standard_gaussian(2);
  GaussianMoments target = {Tensor<double>(Shape{2}, std::vector<double>{3, -1}), identity(2)};
  AffineMap optimal = optimal_map(source, target);

  [[nodiscard]] AffineMap rotated(double degrees) const {
    return rotated_map(source, target, rotation_matrix(2, degrees, 1));
  }
  // The field of `field` under the coupling turned by so many degrees.
  [[nodiscard]] GaussianTheory at(double degrees, const AffineMap& field,
                                  const Interpolant& interpolant = {}) const {
    return {GaussianCoupling::mapped(source, rotated(degrees)), field, interpolant};
  }
  [[nodiscard]] GaussianTheory independent(const AffineMap& field,
                                           const Interpolant& interpolant = {}) const {
    return {GaussianCoupling::independent(source, target), field, interpolant};
  }
};

Interpolant constant(double sigma) {
  return {.kind = InterpolantKind::kConstantNoise, .sigma = sigma};
}
Interpolant bridge(double sigma, BridgeTarget target = BridgeTarget::kDisplacement) {
  return {.kind = InterpolantKind::kBridge, .sigma = sigma, .target = target};
}

TEST(GaussianTheory, IndependentPairsAtTheOptimalFieldHave42AndTwoThirds) {
  const Plane plane;
  const GaussianVariance v = plane.independent(plane.optimal).over();
  EXPECT_NEAR(v.theta.trace, 16, 1e-10);
  EXPECT_NEAR(v.matrix.trace, 80.0 / 3, 1e-10);
  EXPECT_NEAR(v.whole().trace, 128.0 / 3, 1e-10);
  EXPECT_NEAR(v.loss, 4, 1e-12);
  EXPECT_TRUE(v.finite());
  EXPECT_GE(v.nodes, 48);
}

TEST(GaussianTheory, RotatedPairsAtTheOptimalFieldHaveTheirKnownVariances) {
  const Plane plane;
  EXPECT_NEAR(plane.at(60, plane.optimal).over().whole().trace, 86.0 / 3, 1e-10);
  EXPECT_NEAR(plane.at(120, plane.optimal).over().whole().trace, 66, 1e-10);
  EXPECT_NEAR(plane.at(0, plane.optimal).over().whole().trace, 0, 1e-10);
}

// Figure 5: random pairs vary less than structured ones at 120 degrees, and more than at 60.
TEST(GaussianTheory, RandomPairsLieBetweenSixtyAndOneHundredAndTwentyDegrees) {
  const Plane plane;
  const double random = plane.independent(plane.optimal).over().whole().trace;
  EXPECT_GT(random, plane.at(60, plane.optimal).over().whole().trace);
  EXPECT_LT(random, plane.at(120, plane.optimal).over().whole().trace);
}

TEST(GaussianTheory, TheMeanOfTheTargetDoesNotMatter) {
  Plane plane;
  const double trace = plane.at(75, plane.optimal).over().whole().trace;
  plane.target.mean[0] = -40;
  plane.optimal = optimal_map(plane.source, plane.target);
  EXPECT_NEAR(plane.at(75, plane.optimal).over().whole().trace, trace, 1e-9);
}

// With alpha = (1-t) + t s the residual is (x1 - s x0) / alpha: no crossing makes this peak.
TEST(GaussianTheory, TheVarianceOfThetaGoesAsTheFourthPowerOfTheScaleInTime) {
  for (const double s : {0.3, 1.0, 2.5}) {
    const GaussianMoments source = standard_gaussian(3);
    const GaussianMoments target{Tensor<double>(Shape{3}), identity(3, s * s)};
    const GaussianTheory theory(GaussianCoupling::independent(source, target),
                                optimal_map(source, target), {});
    for (const double t : {0.0, 0.2, 0.5, 0.9, 1.0}) {
      const double alpha = 1 - t + t * s;
      EXPECT_NEAR(theory.at(t).theta.trace, 24 * s * s / std::pow(alpha, 4), 1e-9) << s << " " << t;
      EXPECT_NEAR(theory.at(t).loss, 6 * s * s / (alpha * alpha), 1e-10);
    }
  }
}

// Proposition 1: optimal or not, crossings or not, and at 180 degrees at every time but one.
TEST(GaussianTheory, ThePairOptimalFieldHasNoVarianceAtAnyAngle) {
  const Plane plane;
  for (int degrees = 0; degrees < 360; degrees += 15) {
    const AffineMap map = plane.rotated(degrees);
    const GaussianVariance v = plane.at(degrees, map).over();
    EXPECT_NEAR(v.whole().trace, 0, 1e-12) << degrees;
    EXPECT_NEAR(v.whole().mean_squared_norm, 0, 1e-12) << degrees;
    EXPECT_NEAR(v.loss, 0, 1e-12) << degrees;
    EXPECT_TRUE(v.finite()) << degrees;
    EXPECT_EQ(v.singular_times.size(), degrees == 180 ? 1u : 0u) << degrees;
  }
  for (const double degrees : {179.9, 179.9999, 180.001}) {
    EXPECT_NEAR(plane.at(degrees, plane.rotated(degrees)).over().whole().trace, 0, 1e-12);
  }
}

TEST(GaussianTheory, ThePairOptimalFieldHasNoVarianceInGeneralPosition) {
  const GaussianMoments source = random_gaussian(1, 5), target = random_gaussian(2, 5);
  for (const double degrees : {20.0, 120.0, 180.0}) {
    const AffineMap map = rotated_map(source, target, rotation_matrix(5, degrees, 2));
    const GaussianTheory theory(GaussianCoupling::mapped(source, map), map, {});
    EXPECT_NEAR(theory.over().whole().trace, 0, 1e-10) << degrees;
    EXPECT_NEAR(theory.at(0.25).loss, 0, 1e-12) << degrees;
  }
}

TEST(GaussianTheory, HalfATurnIsSingularInTheMiddleAndSaysSo) {
  const Plane plane;
  const AffineMap half = plane.rotated(180);
  const GaussianTheory own = plane.at(180, half);
  ASSERT_EQ(own.singular_times().size(), 1u);
  EXPECT_NEAR(own.singular_times()[0], 0.5, 1e-15);
  EXPECT_EQ(sentence([&] { (void)own.at(0.5); }),
            "[gaussian theory] the field is singular at t = 0.5");
  // Another coupling at this field: the lines do not meet there, and nothing can be integrated.
  for (const GaussianTheory& other : {plane.independent(half), plane.at(120, half)}) {
    const GaussianVariance v = other.over();
    EXPECT_EQ(v.divergence, "the field is singular at t = 0.5 and the coupling is not");
    EXPECT_TRUE(std::isinf(v.whole().trace));
    EXPECT_TRUE(std::isinf(v.loss));
    EXPECT_TRUE(other.over(0, 0.45).finite()) << "away from that time it is finite";
  }
}

// An eigenvalue pair of A near -1: no singular time, and yet a peak of width 1e-4.
TEST(GaussianTheory, ANearlySingularFieldIsIntegratedThroughItsPeak) {
  const Plane plane;
  const double at_1 = plane.independent(plane.rotated(179)).over().matrix.trace;
  const double at_tenth = plane.independent(plane.rotated(179.9)).over().matrix.trace;
  // |A^-1| is as 1 / |t - 1/2 - i e|, e as the angle: its sixth power integrates to e^-5.
  EXPECT_NEAR(std::log10(at_tenth / at_1), 5, 0.01);
}

// The field of a rotation by phi in the plane under constant noise: A is multiplication by the
// complex number c = 1 - t + t e^(i phi), |c|^2 = a + k u^2 with a = cos^2(phi/2), k = 4
// sin^2(phi/2), u = t - 1/2; a and z are multiples of the noise, whose traces are powers of 1 /
// |c|^2.
TEST(GaussianTheory, OfNearlyHalfATurnWithNoiseItIsTheRationalIntegralItShouldBe) {
  const Plane plane;
  for (const double left : {1e-3, 1e-5, 1e-6, 1e-7, 1e-8}) {  // degrees to half a turn
    const double half = (180 - left) / 360 * std::numbers::pi;
    const double a = std::pow(std::sin(left / 360 * std::numbers::pi), 2);
    const double k = 4 * std::pow(std::sin(half), 2), end = a + k / 4;
    // I_n = int du / (a + k u^2)^n over [-1/2, 1/2].
    const double i1 = 2 / std::sqrt(a * k) * std::atan(std::sqrt(k / a) / 2);
    const double i2 = (1 / end + i1) / (2 * a);
    const double i3 = (1 / (end * end) + 3 * i2) / (4 * a);
    for (const double sigma : {0.1, 1e-15}) {
      const double s = sigma * sigma;
      const double theta = 8 * s * k * i2;
      const double matrix = 16 * s * k * (i2 + s * i3) + 16 * s * s * k * i3;
      const double mean = 8 * s * s * k * a * i2 * i2;
      const GaussianVariance found =
          plane.at(180 - left, plane.rotated(180 - left), constant(sigma)).over();
      ASSERT_TRUE(found.finite()) << left << ": " << found.divergence;
      const double bound = std::max(1e-10, 3e-13 / left);
      EXPECT_NEAR(found.theta.trace, theta, bound * theta) << left;
      EXPECT_NEAR(found.matrix.trace, matrix - mean, bound * matrix) << left << ", " << sigma;
      EXPECT_NEAR(found.whole().mean_squared_norm, mean, bound * mean) << left << ", " << sigma;
    }
  }
  const GaussianVariance half = plane.at(180, plane.rotated(180), constant(1e-15)).over();
  EXPECT_EQ(half.divergence, "the field is singular at t = 0.5 and the coupling is not");
  EXPECT_TRUE(std::isinf(half.whole().trace));
  EXPECT_TRUE(std::isnan(half.whole().mean_squared_norm));
}

TEST(GaussianTheory, PartsOfTheIntervalMakeTheWhole) {
  const Plane plane;
  const GaussianTheory theory = plane.at(120, plane.rotated(40), constant(0.2));
  const GaussianVariance whole = theory.over(), first = theory.over(0, 0.25);
  const GaussianVariance rest = theory.over(0.25, 1);
  const auto second_moment = [](const GaussianVariance& v) {
    return v.whole().trace + v.whole().mean_squared_norm;
  };
  EXPECT_NEAR(second_moment(whole), second_moment(first) / 4 + 3 * second_moment(rest) / 4, 1e-9);
  EXPECT_NEAR(whole.loss, first.loss / 4 + 3 * rest.loss / 4, 1e-11);
  const GaussianVariance instant = theory.over(0.3, 0.3 + 1e-7);
  EXPECT_NEAR(instant.whole().trace / theory.at(0.3).whole().trace, 1, 1e-5);
}

TEST(GaussianTheory, TheFullBridgeIsInfiniteUpToItsEndsAndFiniteWithin) {
  const Plane plane;
  const GaussianTheory theory = plane.independent(plane.optimal, bridge(0.3, BridgeTarget::kFull));
  const GaussianVariance v = theory.over();
  EXPECT_EQ(v.divergence, "the full bridge target has no finite second moment up to t = 0");
  EXPECT_TRUE(std::isinf(v.theta.trace) && std::isinf(v.matrix.trace) && std::isinf(v.loss));
  EXPECT_NEAR(v.whole().mean_squared_norm, 0, 1e-12) << "the mean gradient is finite";
  EXPECT_EQ(theory.over(0.5, 1).divergence,
            "the full bridge target has no finite second moment up to t = 1");
  EXPECT_TRUE(theory.over(0.01, 0.99).finite());
  // It grows with the logarithm of what is left out, by sigma^2 / 4 a coordinate and e-fold.
  const auto total = [&](double t) { return theory.over(t, 0.5).theta.trace * (0.5 - t); };
  EXPECT_NEAR(total(1e-6) - total(1e-5), 4 * 2 * 0.09 / 4 * std::log(10), 1e-3);
  EXPECT_TRUE(plane.independent(plane.optimal, bridge(0, BridgeTarget::kFull)).over().finite());
}

// Figure 4: from some noise on the optimal field varies less than the pairs' own, not before.
TEST(PhaseBoundary, StandsWhereTheTwoVariancesMeet) {
  const Plane plane;
  const std::pair<InterpolantKind, double> cases[] = {{InterpolantKind::kConstantNoise, 0.3234},
                                                      {InterpolantKind::kBridge, 0.6802}};
  for (const auto& [kind, known] : cases) {
    const PhaseBoundary boundary = phase_boundary(plane.source, plane.rotated(120), kind);
    ASSERT_TRUE(boundary.sigma.has_value()) << boundary.reason;
    EXPECT_NEAR(*boundary.sigma, known, 5.1e-5);
    const auto excess = [&, which = kind](double factor) {
      const Interpolant noise{.kind = which, .sigma = factor * *boundary.sigma};
      return plane.at(120, plane.optimal, noise).over().whole().trace /
                 plane.at(120, plane.rotated(120), noise).over().whole().trace -
             1;
    };
    EXPECT_NEAR(excess(1), 0, 1e-9);
    EXPECT_GT(excess(0.99), 1e-3);
    EXPECT_LT(excess(1.01), -1e-3);
  }
}

TEST(PhaseBoundary, FallsWithTheAngle) {
  const Plane plane;
  double last = INFINITY;
  for (const double degrees : {30.0, 60.0, 90.0, 120.0, 150.0, 170.0, 179.9}) {
    const PhaseBoundary boundary =
        phase_boundary(plane.source, plane.rotated(degrees), InterpolantKind::kConstantNoise);
    ASSERT_TRUE(boundary.sigma.has_value()) << degrees;
    EXPECT_LT(*boundary.sigma, last) << degrees;
    EXPECT_GT(*boundary.sigma, 0) << degrees;
    last = *boundary.sigma;
  }
}

TEST(PhaseBoundary, IsFoundForDataOfAnySize) {
  Plane plane;
  const double unit =
      *phase_boundary(plane.source, plane.rotated(90), InterpolantKind::kBridge).sigma;
  plane.source.covariance = plane.target.covariance = identity(2, 1e-6);
  const double milli =
      *phase_boundary(plane.source, plane.rotated(90), InterpolantKind::kBridge).sigma;
  EXPECT_GT(milli, 0);
  EXPECT_LT(milli, unit);
}

TEST(GaussianTheory, AnotherSizeOfNoiseIsAsIfMadeAnew) {
  const Plane plane;
  for (const InterpolantKind kind : {InterpolantKind::kConstantNoise, InterpolantKind::kBridge}) {
    const GaussianTheory small = plane.at(120, plane.optimal, {.kind = kind, .sigma = 0.01});
    const double made =
        plane.at(120, plane.optimal, {.kind = kind, .sigma = 0.7}).over().whole().trace;
    EXPECT_EQ(small.with_sigma(0.7).over().whole().trace, made);
    EXPECT_LT(small.over().whole().trace, made);
    EXPECT_NE(sentence([&] { (void)small.with_sigma(-1); }), "");
  }
}

TEST(PhaseBoundary, TellsOfEachTimeAndEndsWhenItsListenerThrows) {
  const Plane plane;
  std::int64_t times = 0;
  const auto found = [&](const std::function<void()>& after_time) {
    return phase_boundary(plane.source, plane.rotated(90), InterpolantKind::kBridge,
                          BridgeTarget::kDisplacement, 0, 1, after_time);
  };
  EXPECT_TRUE(found([&] { ++times; }).sigma.has_value());
  EXPECT_GT(times, 1000);
  const std::int64_t all = std::exchange(times, 0);
  EXPECT_THROW((void)found([&] {
                 if (++times == all / 2) throw std::runtime_error("enough");
               }),
               std::runtime_error);
  EXPECT_EQ(times, all / 2);
}

TEST(PhaseBoundary, SaysWhyThereIsNone) {
  const Plane plane;
  const auto of = [&](double degrees, InterpolantKind kind,
                      BridgeTarget target = BridgeTarget::kDisplacement) {
    return phase_boundary(plane.source, plane.rotated(degrees), kind, target);
  };
  const PhaseBoundary optimal = of(0, InterpolantKind::kBridge);
  EXPECT_FALSE(optimal.sigma.has_value());
  EXPECT_EQ(optimal.reason, "the coupling is optimal: the fields are one");
  const PhaseBoundary half = of(180, InterpolantKind::kConstantNoise);
  EXPECT_EQ(half.sigma, 0);
  EXPECT_EQ(half.reason,
            "with any noise the variance at the coupling's own field is infinite: the field is "
            "singular at t = 0.5 and the coupling is not");
  const PhaseBoundary full = of(120, InterpolantKind::kBridge, BridgeTarget::kFull);
  EXPECT_FALSE(full.sigma.has_value());
  EXPECT_EQ(full.reason, "the full bridge target has no finite second moment up to t = 0");
  EXPECT_EQ(sentence([&] { (void)of(120, InterpolantKind::kLinear); }),
            "[phase boundary] the interpolant has no noise, expected constant noise or a bridge");
}

TEST(GaussianTheory, RefusesWhatDoesNotFit) {
  const Plane plane;
  const AffineMap wide{identity(3), Tensor<double>(Shape{3})};
  const auto refusal = [](const GaussianCoupling& coupling, const AffineMap& field,
                          const Interpolant& interpolant = {}) {
    return sentence([&] { GaussianTheory(coupling, field, interpolant); });
  };
  const GaussianCoupling pairs = GaussianCoupling::mapped(plane.source, plane.optimal);
  EXPECT_EQ(refusal(pairs, wide),
            "[gaussian theory] the field's map is 3x3 with an offset of 3, expected 2x2");
  EXPECT_EQ(refusal(GaussianCoupling::mapped(plane.source, wide), plane.optimal),
            "[gaussian theory] the coupling's map is 3x3 with an offset of 3, expected 2x2");
  EXPECT_EQ(
      refusal(GaussianCoupling::independent(plane.source, standard_gaussian(3)), plane.optimal),
      "[gaussian theory] the source has 2 coordinates, the target 3");
  AffineMap broken = plane.optimal;
  broken.matrix[1] = NAN;
  EXPECT_EQ(refusal(pairs, broken),
            "[gaussian theory] the field's map has a number that is not finite");
  GaussianMoments nowhere = plane.source;
  nowhere.mean[0] = INFINITY;
  EXPECT_EQ(refusal(GaussianCoupling::mapped(nowhere, plane.optimal), plane.optimal),
            "[source] the mean has a number that is not finite");
  EXPECT_EQ(refusal(GaussianCoupling::independent(plane.source, {plane.source.mean, identity(3)}),
                    plane.optimal),
            "[target] the covariance is 3x3, the mean has 2 coordinates");
  EXPECT_NE(refusal(GaussianCoupling::mapped({plane.source.mean, identity(2, -1)}, plane.optimal),
                    plane.optimal),
            "nothing was thrown");
  EXPECT_EQ(refusal(pairs, plane.optimal, {.sigma = 1}),
            "[interpolant] sigma is 1 for an interpolant without noise, expected 0");
}

TEST(GaussianTheory, AnIntegralOfNumbersTooLargeToSquareDoesNotConvergeAndSaysSo) {
  const Plane plane;
  AffineMap far = plane.optimal;
  far.offset[0] = 1e200;
  const std::string words =
      sentence<std::runtime_error>([&] { (void)plane.independent(far).over(); });
  EXPECT_TRUE(words.starts_with("[gaussian theory] the integral over t does not converge near t ="))
      << words;
}

TEST(GaussianTheory, RefusesTimesItCannotTake) {
  const Plane plane;
  const GaussianTheory theory = plane.independent(plane.optimal, bridge(1, BridgeTarget::kFull));
  EXPECT_EQ(sentence([&] { (void)theory.at(1.5); }),
            "[gaussian theory] t is 1.5, expected 0 <= t <= 1");
  EXPECT_EQ(sentence([&] { (void)theory.at(0); }),
            "[gaussian theory] t is 0, where the full bridge target is infinite");
  EXPECT_EQ(sentence([&] { (void)theory.over(0.5, 0.5); }),
            "[gaussian theory] t goes from 0.5 to 0.5, expected 0 <= t-begin < t-end <= 1");
}

}  // namespace
}  // namespace gradvar::gaussian_theory_test

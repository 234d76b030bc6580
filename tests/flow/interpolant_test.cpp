// Interpolants: where they start and end, and what their targets are.

#include "flow/interpolant.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

#include "tests/flow/solver_cases.h"

namespace gradvar::interpolant_test {
namespace {

using testing::normal_rows;
using testing::sentence;

constexpr Interpolant kLinear{};
constexpr Interpolant kConstant{.kind = InterpolantKind::kConstantNoise, .sigma = 0.3};
constexpr Interpolant kBridge{.kind = InterpolantKind::kBridge, .sigma = 0.3};
constexpr Interpolant kFull{
    .kind = InterpolantKind::kBridge, .sigma = 0.3, .target = BridgeTarget::kFull};
constexpr Interpolant kTrigonometric{.kind = InterpolantKind::kTrigonometric};

// x_t and u_t of one pair in three dimensions, always the same.
struct Path {
  const Interpolant& interpolant;
  Tensor<double> x0 = normal_rows(1, 1, 3), x1 = normal_rows(2, 1, 3), z = normal_rows(3, 1, 3);

  struct Point {
    std::vector<double> x, u;
  };
  [[nodiscard]] Point at(double time) const {
    Point point{std::vector<double>(3), std::vector<double>(3)};
    const std::vector<double> t = {time};
    const std::span<const double> noise =
        interpolant.needs_noise() ? z.values() : std::span<const double>{};
    interpolant.interpolate<double>(1, x0.values(), x1.values(), t, noise, point.x, point.u);
    return point;
  }
  [[nodiscard]] double displacement(int i) const { return x1[i] - x0[i]; }
};

TEST(Interpolant, GoesFromSourceToTarget) {
  for (const Interpolant* interpolant : {&kLinear, &kBridge, &kTrigonometric}) {
    const Path path{*interpolant};
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR(path.at(0).x[i], path.x0[i], 1e-15) << interpolant->spec();
      EXPECT_NEAR(path.at(1).x[i], path.x1[i], 1e-15) << interpolant->spec();
    }
  }
}

TEST(Interpolant, IsAMixtureOfThePairAndTheNoise) {
  const double t = 0.2;
  const auto expect = [&](const Interpolant& interpolant, double a, double b, double c) {
    const Path path{interpolant};
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR(path.at(t).x[i], a * path.x0[i] + b * path.x1[i] + c * path.z[i], 1e-15)
          << interpolant.spec();
    }
  };
  expect(kLinear, 0.8, 0.2, 0);
  expect(kConstant, 0.8, 0.2, 0.3);
  expect(kBridge, 0.8, 0.2, 0.3 * 0.4);
  expect(kFull, 0.8, 0.2, 0.3 * 0.4);
  expect(kTrigonometric, std::cos(0.1 * std::numbers::pi), std::sin(0.1 * std::numbers::pi), 0);
}

TEST(Interpolant, PlainTargetsAreTheDisplacement) {
  for (const Interpolant* interpolant : {&kLinear, &kConstant, &kBridge}) {
    const Path path{*interpolant};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(path.at(0.7).u[i], path.displacement(i));
  }
}

TEST(Interpolant, TargetsAreTheVelocityOfThePathBySignedDifferences) {
  constexpr double kStep = 1e-5;
  for (const Interpolant* interpolant : {&kLinear, &kConstant, &kFull, &kTrigonometric}) {
    const Path path{*interpolant};
    for (const double t : {0.1, 0.3, 0.5, 0.9}) {
      const std::vector<double> up = path.at(t + kStep).x, down = path.at(t - kStep).x;
      for (int i = 0; i < 3; ++i) {
        EXPECT_NEAR(path.at(t).u[i], (up[i] - down[i]) / (2 * kStep), 1e-8)
            << interpolant->spec() << " at " << t;
      }
    }
  }
}

// The plain bridge regresses on something else than the velocity of its path, by gamma'(t) z.
TEST(Interpolant, TheTwoBridgeTargetsDifferByTheNoisesVelocity) {
  const Path plain{kBridge}, full{kFull};
  for (const double t : {0.01, 0.25, 0.8}) {
    const double slope = 0.3 * (1 - 2 * t) / (2 * std::sqrt(t * (1 - t)));
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR(full.at(t).u[i] - plain.at(t).u[i], slope * plain.z[i], 1e-13);
    }
  }
}

TEST(Interpolant, EveryRowHasItsOwnTime) {
  const std::vector<float> x0 = {0, 0, 0, 0}, x1 = {1, 2, 3, 4}, t = {0.5, 1};
  std::vector<float> x(4), u(4);
  kLinear.interpolate<float>(2, x0, x1, t, {}, x, u);
  EXPECT_EQ(x, (std::vector<float>{0.5, 1, 3, 4}));
  EXPECT_EQ(u, x1);
}

TEST(Interpolant, NoRowsAreFine) {
  std::vector<double> none;
  kConstant.interpolate<double>(0, none, none, none, none, none, none);
}

TEST(Interpolant, NoiseOfSizeZeroAsksForNone) {
  EXPECT_FALSE((Interpolant{.kind = InterpolantKind::kBridge}.needs_noise()));
  EXPECT_TRUE(kConstant.needs_noise());
  // The full bridge without noise has a target at the ends too.
  const Interpolant still{.kind = InterpolantKind::kBridge, .target = BridgeTarget::kFull};
  EXPECT_EQ(Path{still}.at(0).u[1], Path{still}.displacement(1));
}

TEST(Interpolant, SpecsReadBack) {
  const std::pair<const Interpolant*, const char*> cases[] = {
      {&kLinear, "linear"},
      {&kConstant, "constant:sigma=0.3"},
      {&kBridge, "bridge:sigma=0.3"},
      {&kFull, "bridge-full:sigma=0.3"},
      {&kTrigonometric, "trigonometric"},
  };
  for (const auto& [interpolant, spec] : cases) {
    EXPECT_EQ(interpolant->spec(), spec);
    EXPECT_EQ(Interpolant::parse(spec).spec(), spec);
  }
  EXPECT_EQ(Interpolant::parse("bridge:sigma=0.3,target=full").spec(), "bridge-full:sigma=0.3");
  EXPECT_EQ(Interpolant::parse("constant").sigma, 0.05);
}

TEST(Interpolant, RefusesBadSpecs) {
  const auto parse = [](const char* spec) {
    return sentence([spec] { (void)Interpolant::parse(spec); });
  };
  EXPECT_EQ(parse("cubic"),
            "[spec] the name 'cubic' is unknown, expected one of linear, constant, bridge, "
            "bridge-full, trigonometric");
  EXPECT_EQ(parse("constant:sigma=-1"),
            "[interpolant] sigma is -1, expected a finite number of 0 or more");
  EXPECT_EQ(parse("linear:sigma=1"), "[linear] unknown key 'sigma', expected no keys");
  EXPECT_EQ(parse("bridge:target=half"),
            "[bridge] target is 'half', expected one of displacement, full");
  EXPECT_EQ(sentence([] { Interpolant{.sigma = 0.5}.validate(); }),
            "[interpolant] sigma is 0.5 for an interpolant without noise, expected 0");
}

TEST(Interpolant, RefusesSizesThatDoNotFit) {
  std::vector<double> four(4), two(2), three(3);
  EXPECT_EQ(sentence([&] { kConstant.interpolate<double>(2, four, four, two, {}, four, four); }),
            "[interpolant] x0, x1, z have 4, 4, 0 numbers and t has 2, expected equally many rows, "
            "and z where there is noise");
  EXPECT_EQ(sentence([&] { kLinear.interpolate<double>(2, four, two, two, {}, four, four); }),
            "[interpolant] x0, x1, z have 4, 2, 0 numbers and t has 2, expected equally many rows, "
            "and z where there is noise");
  EXPECT_EQ(sentence([&] { kLinear.interpolate<double>(2, three, three, two, {}, three, three); }),
            "[interpolant] x0, x1, z have 3, 3, 0 numbers and t has 2, expected equally many rows, "
            "and z where there is noise");
}

TEST(Interpolant, RefusesTimesWithoutATargetNamingTheSample) {
  std::vector<double> pair(2);
  const auto refusal = [&](const Interpolant& interpolant, double t) {
    const std::vector<double> times = {0.5, t};
    return sentence(
        [&] { interpolant.interpolate<double>(2, pair, pair, times, pair, pair, pair); });
  };
  EXPECT_EQ(refusal(kFull, 1),
            "[interpolant] t of sample 1 is 1, where the full bridge target is infinite; expected "
            "0 < t < 1");
  EXPECT_EQ(refusal(kBridge, -0.25),
            "[interpolant] t of sample 1 is -0.25, expected 0 <= t <= 1 for a bridge");
  EXPECT_EQ(refusal(kBridge, 1), "nothing was thrown");
}

}  // namespace
}  // namespace gradvar::interpolant_test

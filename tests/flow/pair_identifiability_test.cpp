// How much a training point says about its pair, and what no field gets below: against integrals
// over the line.

#include "flow/pair_identifiability.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

#include "tests/flow/solver_cases.h"

namespace gradvar::pair_identifiability_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

Interpolant constant(double sigma) {
  return {.kind = InterpolantKind::kConstantNoise, .sigma = sigma};
}

struct Exact {
  double loss_floor = 0, information = 0;
};

// Three pairs on the line at t = 1/4 under noise of size c, from densities on a fine grid: the
// trapezoid rule is exact to rounding for what decays at both ends. `slope` is the full bridge's.
struct Line {
  std::vector<double> from = {0, 1, 1.5}, to = {2, 0, 4};

  [[nodiscard]] Exact integrate(double c, double slope = 0) const {
    constexpr double kTime = 0.25;
    const double step = c / 50, low = -1 - 12 * c, high = 4 + 12 * c;
    Exact exact;
    for (double x = low; x < high; x += step) {
      double density = 0, mean = 0, squares = 0, log_ratio = 0;
      double p[3], u[3];
      for (int i = 0; i < 3; ++i) {
        const double apart = x - (1 - kTime) * from[i] - kTime * to[i];
        p[i] = std::exp(-apart * apart / (2 * c * c)) / (c * std::sqrt(2 * std::numbers::pi)) / 3;
        u[i] = to[i] - from[i] + slope * apart;
        density += p[i];
        mean += p[i] * u[i];
        squares += p[i] * u[i] * u[i];
      }
      if (density < 1e-300) continue;
      for (int i = 0; i < 3; ++i) {
        if (p[i] > 0) log_ratio += p[i] * std::log(3 * p[i] / density);
      }
      exact.loss_floor += step * (squares - mean * mean / density);
      exact.information += step * log_ratio;
    }
    return exact;
  }
};

// One node, in the middle of the interval: t = 1/4.
IdentifiabilityOptions at_a_quarter(int replicates = 2000) {
  return {.nodes = 1, .replicates = replicates, .t_begin = 0, .t_end = 0.5};
}

TEST(Identifiability, MeetsTheIntegralsOverTheLineWithinFourStandardErrors) {
  const Line line;
  const Tensor<double> x0 = column(line.from), x1 = column(line.to);
  const double root = std::sqrt(3.0) / 4;
  const Interpolant full{
      .kind = InterpolantKind::kBridge, .sigma = 1, .target = BridgeTarget::kFull};
  const std::tuple<Interpolant, double, double> cases[] = {
      {constant(0.1), 0.1, 0},
      {constant(0.5), 0.5, 0},
      {constant(2), 2, 0},
      {{.kind = InterpolantKind::kBridge, .sigma = 1}, root, 0},
      {full, root, 0.5 / (2 * 3.0 / 16)},
  };
  for (const auto& [interpolant, c, slope] : cases) {
    const PairIdentifiability found = measure_identifiability(x0, x1, interpolant, at_a_quarter());
    const Exact exact = line.integrate(c, slope);
    EXPECT_NEAR(found.loss_floor.value, exact.loss_floor, 4 * found.loss_floor.standard_error)
        << interpolant.spec();
    EXPECT_NEAR(found.information.value, exact.information, 4 * found.information.standard_error)
        << interpolant.spec();
    EXPECT_LT(found.loss_floor.standard_error, 0.05 * exact.loss_floor + 1e-3);
    EXPECT_LT(found.information.standard_error, 0.03 * exact.information + 1e-3);
  }
}

TEST(Identifiability, StandardErrorsAreAsLargeAsTheSpreadOverSeeds) {
  const Line line;
  const int seeds = 60;
  double mean = 0, squares = 0, claimed = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    IdentifiabilityOptions options = at_a_quarter(50);
    options.seed = seed;
    const Estimate floor =
        measure_identifiability(column(line.from), column(line.to), constant(0.5), options)
            .loss_floor;
    mean += floor.value / seeds;
    squares += floor.value * floor.value / seeds;
    claimed += floor.standard_error / seeds;
  }
  EXPECT_NEAR(std::sqrt(squares - mean * mean) / claimed, 1, 0.3);
}

TEST(Identifiability, FallsFromLogNToNothingAsNoiseGrows) {
  const Tensor<double> x0 = normal_rows(1, 30, 2), x1 = normal_rows(2, 30, 2);
  double last = std::log(30.0) + 1e-12;
  for (const double sigma : {0.0, 0.01, 0.05, 0.2, 1.0, 5.0, 100.0}) {
    const PairIdentifiability found = measure_identifiability(x0, x1, constant(sigma));
    EXPECT_LE(found.information.value, last) << sigma;
    EXPECT_GE(found.information.value, -1e-12) << sigma;
    last = found.information.value;
  }
  EXPECT_LT(last, 1e-3);
}

TEST(Identifiability, WithoutNoiseEveryPointNamesItsPair) {
  const Tensor<double> x0 = normal_rows(1, 30, 2), x1 = normal_rows(2, 30, 2);
  const PairIdentifiability found = measure_identifiability(x0, x1, {});
  EXPECT_NEAR(found.information.value, std::log(30.0), 1e-12);
  EXPECT_EQ(found.loss_floor.value, 0);
  EXPECT_EQ(found.information.standard_error, 0);
  ASSERT_EQ(found.by_time.size(), 16u);
  EXPECT_NEAR(found.by_time[3].information, std::log(30.0), 1e-12);
}

// The same noise is small between far lines and large between near ones: why sigma = 0.05 cannot be
// enough everywhere.
TEST(Identifiability, TheSameNoiseHidesPairsInFewDimensionsAndNotInMany) {
  const auto share = [](std::int64_t d) {
    const PairIdentifiability found = measure_identifiability(
        normal_rows(1, 60, d), normal_rows(2, 60, d), constant(0.2), {.nodes = 6, .replicates = 4});
    return found.information.value / std::log(60.0);
  };
  EXPECT_LT(share(1), 0.5);
  EXPECT_GT(share(50), 0.999);
}

TEST(Identifiability, APairThatIsThereTwiceCountsOnce) {
  const PairIdentifiability found =
      measure_identifiability(column({0, 0, 10}), column({1, 1, 20}), constant(0.01));
  EXPECT_NEAR(found.information.value, std::log(3.0) - 2.0 / 3 * std::log(2.0), 1e-12);
  EXPECT_NEAR(found.loss_floor.value, 0, 1e-12);
}

TEST(Identifiability, TimesAddUpToTheWholeAndThreadsDoNotMatter) {
  const Tensor<double> x0 = normal_rows(1, 300, 2), x1 = normal_rows(2, 300, 2);
  const IdentifiabilityOptions options{.nodes = 2, .replicates = 3};
  const PairIdentifiability alone = measure_identifiability(x0, x1, constant(0.3), options);
  EXPECT_NEAR((alone.by_time[0].information + alone.by_time[1].information) / 2,
              alone.information.value, 1e-13);
  EXPECT_NEAR((alone.by_time[0].loss_floor + alone.by_time[1].loss_floor) / 2,
              alone.loss_floor.value, 1e-13);
  LanePool pool(3);
  const PairIdentifiability together =
      measure_identifiability(x0, x1, constant(0.3), options, &pool);
  EXPECT_EQ(together.information.value, alone.information.value);
  EXPECT_EQ(together.loss_floor.standard_error, alone.loss_floor.standard_error);
}

TEST(Identifiability, RefusesOptionsOutsideTheirRange) {
  const Tensor<double> one = column({1});
  const auto refusal = [&](const IdentifiabilityOptions& options) {
    return sentence([&] { (void)measure_identifiability(one, one, constant(1), options); });
  };
  EXPECT_EQ(refusal({.nodes = 0}), "[identifiability] nodes is 0, expected 1 or more");
  EXPECT_EQ(refusal({.replicates = 1}),
            "[identifiability] replicates is 1, expected 2 or more for a standard error");
  EXPECT_EQ(refusal({.t_begin = 1}),
            "[identifiability] t goes from 1 to 1, expected 0 <= t-begin < t-end <= 1");
}

}  // namespace
}  // namespace gradvar::pair_identifiability_test

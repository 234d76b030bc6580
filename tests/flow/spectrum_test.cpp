// Eigenvalues of the covariance by the Gram matrix against those of the covariance itself.

#include "flow/spectrum.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "autograd/blas.h"
#include "tests/flow/variance_cases.h"

namespace gradvar::spectrum_test {
namespace {

using testing::kNoisy;
using testing::sentence;
using testing::SmallCase;
using testing::whole_design;
using testing::WholeDesign;

constexpr double kEpsilon = 1.1e-16;

// Eigenvalues of the P x P covariance of the weighted rows, descending.
std::vector<double> by_covariance(const WholeDesign& design) {
  const std::int64_t p = design.gradients.row_size(), m = design.size();
  std::vector<double> mean(p, 0.0), covariance(p * p, 0.0), values(p);
  for (std::int64_t n = 0; n < m; ++n) {
    for (std::int64_t i = 0; i < p; ++i) mean[i] += design.weights[n] * design.gradients[n * p + i];
  }
  for (std::int64_t n = 0; n < m; ++n) {
    for (std::int64_t i = 0; i < p; ++i) {
      const double left = design.weights[n] * (design.gradients[n * p + i] - mean[i]);
      for (std::int64_t j = 0; j < p; ++j) {
        covariance[i * p + j] += left * (design.gradients[n * p + j] - mean[j]);
      }
    }
  }
  blas::symmetric_eigen(p, covariance.data(), values.data());
  std::reverse(values.begin(), values.end());
  return values;
}

TEST(Spectrum, EqualsTheEigenvaluesOfTheCovarianceItself) {
  SmallCase<double> c(4);
  const VarianceOptions options{.time_bins = 2, .nodes_per_bin = 2, .noise_draws = 2};
  for (const Interpolant& interpolant : {Interpolant{}, kNoisy}) {
    const Spectrum spectrum =
        measure_spectrum(c.engine, c.model, interpolant, c.x0, c.x1, options, 100);
    const std::vector<double> truth = by_covariance(whole_design(c, interpolant, options));
    EXPECT_TRUE(spectrum.complete);
    EXPECT_EQ(spectrum.samples, interpolant.needs_noise() ? 32 : 16);
    ASSERT_LT(spectrum.eigenvalues.size(), static_cast<std::size_t>(spectrum.samples));
    for (std::size_t i = 0; i < spectrum.eigenvalues.size(); ++i) {
      EXPECT_NEAR(spectrum.eigenvalues[i], truth[i], 1e-12 * truth[0]);
    }
  }
}

TEST(Spectrum, AddsUpToTheTraceOfTheWholeDesign) {
  SmallCase<double> c(6);
  const VarianceOptions options{.time_bins = 3, .nodes_per_bin = 2};
  const Spectrum spectrum = measure_spectrum(c.engine, c.model, {}, c.x0, c.x1, options, 1000);
  const double trace = c.measure({}, options).whole.trace;
  EXPECT_NEAR(spectrum.trace, trace, 1e-10 * trace);
}

// Two orthogonal gradients beside their mean: one direction; n orthonormal ones: n - 1 equal.
TEST(Spectrum, RanksAreThoseOfKnownCovariances) {
  constexpr std::int64_t kSamples = 9;
  Tensor<double> identity(Shape{kSamples, kSamples});
  for (std::int64_t n = 0; n < kSamples; ++n) identity[n * kSamples + n] = 1;
  const std::vector<double> equal(kSamples, 3.0);  // weights need not add up to one
  const Spectrum flat = spectrum_of(identity, equal, kEpsilon);
  ASSERT_EQ(flat.eigenvalues.size(), 8U);
  EXPECT_NEAR(flat.eigenvalues[0], 1.0 / 9, 1e-14);
  EXPECT_NEAR(flat.effective_rank, 8, 1e-12);
  EXPECT_NEAR(flat.participation_ratio, 8, 1e-12);

  std::vector<double> two(kSamples, 0.0);
  two[2] = 0.25;
  two[7] = 0.75;
  const Spectrum line = spectrum_of(identity, two, kEpsilon);
  ASSERT_EQ(line.eigenvalues.size(), 1U);
  EXPECT_NEAR(line.eigenvalues[0], 2 * 0.25 * 0.75, 1e-14);
  EXPECT_NEAR(line.effective_rank, 1, 1e-12);
}

// Eigenvalues 3 and 1: exp(entropy) = 4 / 3^(3/4), (3 + 1)^2 / (9 + 1) = 1.6.
TEST(Spectrum, TheTwoRanksDifferWhereEigenvaluesDo) {
  const double a = std::sqrt(6.0), b = std::sqrt(2.0);
  const double rows[4][2] = {{a, 0}, {-a, 0}, {0, b}, {0, -b}};
  Tensor<double> gram(Shape{4, 4});
  for (int n = 0; n < 4; ++n) {
    for (int m = 0; m < 4; ++m) {
      gram[n * 4 + m] = rows[n][0] * rows[m][0] + rows[n][1] * rows[m][1];
    }
  }
  const Spectrum spectrum = spectrum_of(gram, std::vector<double>(4, 0.25), kEpsilon);
  ASSERT_EQ(spectrum.eigenvalues.size(), 2U);
  EXPECT_NEAR(spectrum.eigenvalues[0], 3, 1e-13);
  EXPECT_NEAR(spectrum.eigenvalues[1], 1, 1e-13);
  EXPECT_NEAR(spectrum.effective_rank, 4 / std::pow(3.0, 0.75), 1e-12);
  EXPECT_NEAR(spectrum.participation_ratio, 1.6, 1e-12);
}

TEST(Spectrum, OfEqualGradientsIsEmpty) {
  Tensor<double> gram(Shape{5, 5});
  for (double& value : gram.values()) value = 7;
  const Spectrum spectrum = spectrum_of(gram, std::vector<double>(5, 1.0), kEpsilon);
  EXPECT_TRUE(spectrum.eigenvalues.empty());
  EXPECT_EQ(spectrum.effective_rank, 0);
  EXPECT_EQ(spectrum.participation_ratio, 0);
}

TEST(Spectrum, ALawTooLargeIsSampledTheSameEveryTime) {
  SmallCase<double> c(30);
  const VarianceOptions options{.noise_draws = 4};
  const auto measure = [&](std::int64_t most) {
    return measure_spectrum(c.engine, c.model, kNoisy, c.x0, c.x1, options, most);
  };
  const Spectrum first = measure(400), second = measure(400);
  EXPECT_FALSE(first.complete);
  EXPECT_EQ(first.samples, 400);
  EXPECT_EQ(first.eigenvalues, second.eigenvalues);
  // It stands for the law: its trace is that of the design to a few per cent.
  const double trace = c.measure(kNoisy, options).whole.trace;
  EXPECT_NEAR(first.trace, trace, 0.15 * trace);
  EXPECT_EQ(measure(20).samples, 20) << "fewer samples than pairs";
}

// 34 phi is nearly whole: times must not repeat with the pairs.
TEST(Spectrum, ASampleSeesPairsAtTimesOfTheirOwn) {
  SmallCase<double> c(34);
  const auto measure = [&](std::int64_t most) {
    return measure_spectrum(c.engine, c.model, {}, c.x0, c.x1, {}, most);
  };
  const Spectrum whole = measure(kMostSpectrumSamples), sample = measure(272);
  ASSERT_TRUE(whole.complete);
  ASSERT_FALSE(sample.complete);
  EXPECT_NEAR(sample.trace, whole.trace, 0.02 * whole.trace);
  EXPECT_NEAR(sample.effective_rank, whole.effective_rank, 0.02 * whole.effective_rank);
  EXPECT_NEAR(sample.participation_ratio, whole.participation_ratio,
              0.02 * whole.participation_ratio);
}

TEST(Spectrum, RefusesWhatItCannotHold) {
  SmallCase<double> c;
  const auto refusal = [&](std::int64_t most) {
    return sentence([&] { (void)measure_spectrum(c.engine, c.model, {}, c.x0, c.x1, {}, most); });
  };
  EXPECT_EQ(refusal(1), "[spectrum] 1 samples asked for, expected 2 to 8192");
  EXPECT_EQ(refusal(10000), "[spectrum] 10000 samples asked for, expected 2 to 8192");
  EXPECT_EQ(sentence([] {
              (void)spectrum_of(Tensor<double>(Shape{2, 3}), std::vector<double>(2, 1.0), 0);
            }),
            "[spectrum] the Gram matrix is 2x3 for 2 weights, expected as many rows and columns");
}

}  // namespace
}  // namespace gradvar::spectrum_test

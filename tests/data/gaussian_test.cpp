#include "data/gaussian.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "tests/data/sample_moments.h"
#include "tests/io/error_of.h"

namespace gradvar::gaussian_test {
namespace {

using testing::error_of;
using testing::kManySamples;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string refusal(const GaussianOptions& options) {
  return error_of([&] { const Gaussian refused(options); });
}

// Compares samples with the law the distribution claims, to five standard errors.
void expect_moments_of_the_law(const Gaussian& gaussian) {
  const testing::Moments found = testing::moments_of(testing::many_samples(gaussian));
  const GaussianLaw law = *gaussian.gaussian_law();
  const std::int64_t d = law.mean.size();
  const double n = static_cast<double>(kManySamples);
  for (std::int64_t i = 0; i < d; ++i) {
    const double variance_i = law.covariance[i * d + i];
    EXPECT_NEAR(found.mean[i], law.mean[i], 5 * std::sqrt(variance_i / n));
    for (std::int64_t j = 0; j < d; ++j) {
      const double c = law.covariance[i * d + j], variance_j = law.covariance[j * d + j];
      EXPECT_NEAR(found.covariance[i * d + j], c,
                  5 * std::sqrt((variance_i * variance_j + c * c) / n));
    }
  }
}

GaussianOptions full(const Shape& shape, std::vector<double> mean, std::vector<double> covariance) {
  const auto d = static_cast<std::int64_t>(mean.size());
  return {.shape = shape,
          .mean_vector = Tensor<double>(Shape{d}, mean),
          .covariance = Tensor<double>(Shape{d, d}, covariance)};
}

TEST(Gaussian, ScalarMeanAndScaleAreMeanAndStandardDeviation) {
  const Gaussian gaussian(GaussianOptions{.shape = Shape{3}, .mean = -2, .scale = 3});
  const GaussianLaw law = *gaussian.gaussian_law();
  EXPECT_EQ(law.mean.shape(), Shape{3});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(law.mean[i], -2);
    for (int j = 0; j < 3; ++j) EXPECT_EQ(law.covariance[3 * i + j], i == j ? 9 : 0);
  }
  expect_moments_of_the_law(gaussian);
}

TEST(Gaussian, FullCovarianceIsTheCovarianceOfItsSamples) {
  const std::vector<double> covariance{4, 1.2, -0.4, 1.2, 1, 0.3, -0.4, 0.3, 2};
  const Gaussian gaussian(full(Shape{3}, {1, 2, 3}, covariance));
  for (int i = 0; i < 9; ++i) EXPECT_EQ(gaussian.gaussian_law()->covariance[i], covariance[i]);
  expect_moments_of_the_law(gaussian);
}

TEST(Gaussian, ASampleIsMeanPlusCholeskyFactorTimesNormals) {
  // [[4, 2], [2, 5]] = L L^T with L = [[2, 0], [1, 2]].
  const Gaussian gaussian(full(Shape{2}, {10, 20}, {4, 2, 2, 5}));
  const RandomStream stream(1, Purpose::kTest);
  double z[2];
  stream.normals<double>(3, 17, z);
  const Tensor<double> x = gaussian.draw(stream, 3, 17, 1);
  EXPECT_DOUBLE_EQ(x[0], 10 + 2 * z[0]);
  EXPECT_DOUBLE_EQ(x[1], 20 + z[0] + 2 * z[1]);
}

TEST(Gaussian, OneDimensionHasAVariance) {
  expect_moments_of_the_law(Gaussian(full(Shape{1}, {3}, {0.25})));
}

TEST(Gaussian, SamplesOfImagesHaveAFlatLaw) {
  const Gaussian gaussian(GaussianOptions{.shape = Shape{1, 2, 2}, .scale = 0.5});
  EXPECT_EQ(gaussian.sample_shape(), (Shape{1, 2, 2}));
  EXPECT_EQ(gaussian.gaussian_law()->covariance.shape(), (Shape{4, 4}));
  EXPECT_EQ(gaussian.spec(), "gaussian:shape=1x2x2,mean=0,scale=0.5");
}

TEST(Gaussian, SpecWritesEveryKey) {
  EXPECT_EQ(Gaussian(GaussianOptions{}).spec(), "gaussian:dim=2,mean=0,scale=1");
  GaussianOptions options = full(Shape{2}, {0.1, -1}, {1, 0.5, 0.5, 2});
  EXPECT_EQ(Gaussian(options).spec(), "gaussian:dim=2,mean=\"0.1,-1\",covariance=\"1,0.5,0.5,2\"");
  options.mean_source = "m.csv";
  options.covariance_source = "a,b.npy";
  EXPECT_EQ(Gaussian(options).spec(), "gaussian:dim=2,mean=m.csv,covariance=\"a,b.npy\"");
}

TEST(Gaussian, RefusesNumbersThatMakeNoGaussian) {
  EXPECT_EQ(refusal({.shape = Shape{0}}),
            "[gaussian] the sample shape is 0, expected at least one coordinate");
  EXPECT_EQ(refusal({.shape = Shape{}}),
            "[gaussian] the sample shape is scalar, expected at least one coordinate");
  EXPECT_EQ(refusal({.mean = kNaN}), "[gaussian] the mean is not finite");
  for (const double scale : {0.0, -1.0, kNaN}) {
    EXPECT_NE(refusal({.scale = scale}).find(", expected a standard deviation above 0"),
              std::string::npos);
  }
}

TEST(Gaussian, RefusesVectorsAndMatricesThatDoNotFit) {
  EXPECT_EQ(refusal({.mean_vector = Tensor<double>(Shape{3})}),
            "[gaussian] the mean is 3, expected 2 numbers for samples of shape 2");
  EXPECT_EQ(refusal({.covariance = Tensor<double>(Shape{2, 3})}),
            "[gaussian] the covariance is 2x3, expected 2x2");
  EXPECT_EQ(refusal(full(Shape{2}, {0, kNaN}, {1, 0, 0, 1})), "[gaussian] the mean is not finite");
  EXPECT_EQ(refusal(full(Shape{2}, {0, 0}, {1, 0, 0, kNaN})),
            "[gaussian] the covariance is not finite");
}

TEST(Gaussian, RefusesACovarianceThatIsNotSymmetricPositiveDefinite) {
  EXPECT_EQ(refusal(full(Shape{2}, {0, 0}, {1, 0.5, 0.25, 1})),
            "[gaussian] the covariance is not symmetric: entry (2, 1) is 0.25, entry (1, 2) is "
            "0.5");
  EXPECT_EQ(refusal(full(Shape{2}, {0, 0}, {1, 2, 2, 1})),
            "[gaussian] the covariance is not positive definite: the factorisation stops at row 2 "
            "with the pivot -3");
  EXPECT_EQ(refusal(full(Shape{2}, {0, 0}, {0, 0, 0, 1})),
            "[gaussian] the covariance is not positive definite: the factorisation stops at row 1 "
            "with the pivot 0");
  // Singular, although the last pivot need not come out as exactly zero.
  EXPECT_NE(refusal(full(Shape{2}, {0, 0}, {0.01, 0.03, 0.03, 0.09})).find("at row 2"),
            std::string::npos);
}

}  // namespace
}  // namespace gradvar::gaussian_test

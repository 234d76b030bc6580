#include "data/distribution.h"

#include <gtest/gtest.h>
#include <limits>
#include <memory>
#include <vector>

#include "data/gaussian.h"
#include "data/mixture.h"
#include "data/planar.h"
#include "data/point_set.h"
#include "tests/data/sample_moments.h"
#include "tests/io/error_of.h"

namespace gradvar::distribution_test {
namespace {

using testing::error_of;

std::vector<std::unique_ptr<Distribution>> every_distribution() {
  const double points[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  const double covariance[] = {2, 0.5, 0.5, 1};
  std::vector<std::unique_ptr<Distribution>> all;
  all.push_back(std::make_unique<Gaussian>(GaussianOptions{.shape = Shape{5}}));
  all.push_back(std::make_unique<Gaussian>(GaussianOptions{.shape = Shape{2, 1, 3}}));
  all.push_back(std::make_unique<Gaussian>(
      GaussianOptions{.covariance = Tensor<double>(Shape{2, 2}, covariance)}));
  all.push_back(std::make_unique<Mixture>(MixtureOptions{.dim = 3}));
  all.push_back(std::make_unique<EightGaussians>(EightGaussiansOptions{}));
  all.push_back(std::make_unique<Moons>(MoonsOptions{}));
  all.push_back(std::make_unique<Checkerboard>(CheckerboardOptions{}));
  all.push_back(std::make_unique<Pinwheel>(PinwheelOptions{}));
  all.push_back(std::make_unique<Spiral>(SpiralOptions{}));
  all.push_back(std::make_unique<PointSet>(Tensor<double>(Shape{14, 1}, points), "points"));
  return all;
}

TEST(Distribution, SamplesDoNotDependOnTheBatchTheyAreIn) {
  for (const auto& distribution : every_distribution()) {
    SCOPED_TRACE(distribution->spec());
    testing::expect_layout_independence(*distribution);
  }
}

TEST(Distribution, DrawsNothingAndOneAndTheLastNumber) {
  const RandomStream stream(1, Purpose::kTest);
  for (const auto& distribution : every_distribution()) {
    SCOPED_TRACE(distribution->spec());
    EXPECT_EQ(distribution->draw(stream, 0, 0, 0).size(), 0);
    EXPECT_EQ(distribution->draw(stream, 0, 0, 1).shape().sample(), distribution->sample_shape());
    EXPECT_EQ(distribution->draw(stream, 0, std::numeric_limits<std::uint32_t>::max(), 1).rows(),
              1);
  }
}

TEST(Distribution, RefusesABatchOfAnotherShape) {
  const Gaussian gaussian(GaussianOptions{});
  const RandomStream stream(1, Purpose::kTest);
  for (const Shape& shape : {Shape{4, 3}, Shape{4}, Shape{4, 2, 1}, Shape{}}) {
    Tensor<double> out(shape);
    EXPECT_THROW(gaussian.draw(stream, 0, 0, out), std::invalid_argument) << shape.to_string();
  }
  Tensor<double> out(Shape{4, 3});
  EXPECT_EQ(error_of([&] { gaussian.draw(stream, 0, 0, out); }),
            "[draw] out is 4x3, the batch of samples is 4x2: the shapes must agree");
}

TEST(Distribution, RefusesSampleNumbersBeyond32Bits) {
  const Gaussian gaussian(GaussianOptions{});
  const RandomStream stream(1, Purpose::kTest);
  const std::int64_t last = std::numeric_limits<std::uint32_t>::max();
  EXPECT_EQ(error_of([&] { (void)gaussian.draw(stream, 0, last, 2); }),
            "[draw] samples 4294967295 and the 1 after it are asked for, expected numbers of 32 "
            "bits");
  EXPECT_THROW((void)gaussian.draw(stream, 0, -1, 2), std::invalid_argument);
}

TEST(Distribution, OnlyGaussiansHaveALawAndOnlyPointSetsHavePoints) {
  for (const auto& distribution : every_distribution()) {
    const std::string spec = distribution->spec();
    EXPECT_EQ(distribution->gaussian_law().has_value(), spec.starts_with("gaussian:")) << spec;
    EXPECT_EQ(distribution->points() != nullptr, spec == "points") << spec;
  }
}

}  // namespace
}  // namespace gradvar::distribution_test

// Clipping by the global norm.

#include "nn/clip.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "tests/nn/helpers.h"

namespace gradvar::clip_test {
namespace {

using testing::noise;
using testing::refusal;

// torch.nn.utils.clip_grad_norm_ on (3, -4, 12) with max_norm 2, torch 1.13, f64.
TEST(Clip, ScalesLikePyTorch) {
  std::vector<double> gradient = {3, -4, 12};
  EXPECT_EQ(clip_by_norm<double>(gradient, 2.0), 13.0);
  EXPECT_DOUBLE_EQ(gradient[0], 0.46153842603550577);
  EXPECT_DOUBLE_EQ(gradient[1], -0.61538456804734099);
  EXPECT_DOUBLE_EQ(gradient[2], 1.8461537041420231);
}

TEST(Clip, LeavesASmallGradientAlone) {
  std::vector<float> gradient = {3, -4};
  EXPECT_EQ(clip_by_norm<float>(gradient, 6.0), 5.0);
  EXPECT_EQ(gradient, (std::vector<float>{3, -4}));
}

TEST(Clip, OnlyMeasuresWhenTheBoundIsZero) {
  std::vector<double> gradient = {30, -40};
  EXPECT_EQ(clip_by_norm<double>(gradient, 0), 50.0);
  EXPECT_EQ(gradient, (std::vector<double>{30, -40}));
}

TEST(Clip, NormMatchesThePlainSumForAnySize) {
  for (const std::int64_t size : {0, 1, 15, 16, 17, 16383, 16384, 16385, 50001}) {
    const Tensor<float> gradient = noise<float>(size, Shape{size});
    long double sum = 0;
    for (const float g : gradient.values()) sum += static_cast<long double>(g) * g;
    const double expected = static_cast<double>(std::sqrt(sum));
    EXPECT_NEAR(gradient_norm(gradient.values()), expected, 1e-13 * expected) << size;
  }
}

TEST(Clip, NormDoesNotOverflowInF32) {
  const std::vector<float> gradient = {3e30F, 4e30F};
  EXPECT_NEAR(gradient_norm<float>(gradient), 5e30, 1e24);
}

TEST(Clip, BitsDoNotDependOnThreads) {
  const Tensor<float> gradient = noise<float>(1, Shape{100001});
  const double alone = gradient_norm(gradient.values());
  for (const int threads : {1, 2, 5}) {
    LanePool pool(threads);
    EXPECT_EQ(gradient_norm(gradient.values(), &pool), alone) << threads;
  }
}

TEST(Clip, ReturnsANormThatIsNotFiniteAndScalesNothing) {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> gradient = {1, infinity};
  EXPECT_EQ(clip_by_norm<float>(gradient, 1.0), infinity);
  EXPECT_EQ(gradient, (std::vector<float>{1, infinity}));
  gradient[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(clip_by_norm<float>(gradient, 1.0)));
  EXPECT_EQ(gradient[0], 1);
}

TEST(Clip, RefusesANegativeBound) {
  std::vector<float> gradient = {1};
  EXPECT_EQ(refusal([&] { clip_by_norm<float>(gradient, -1.0); }),
            "[clip] the largest norm is -1, expected 0 (no clipping) or more");
  EXPECT_EQ(refusal([&] { clip_by_norm<float>(gradient, std::nan("")); }),
            "[clip] the largest norm is nan, expected 0 (no clipping) or more");
}

}  // namespace
}  // namespace gradvar::clip_test

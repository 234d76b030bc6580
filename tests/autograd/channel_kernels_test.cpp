// The kernels for images against scalar loops in f64: sizes below, at and past a tile of channels,
// a block of positions, and a register.

#include "autograd/channel_kernels.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "autograd/random.h"

namespace gradvar::kernels::channel_kernels_test {
namespace {

template <class Real>
std::vector<Real> drawn(std::uint32_t which, std::int64_t size) {
  std::vector<Real> x(size);
  RandomStream(5, Purpose::kTest).normals<Real>(which, 0, x);
  return x;
}

struct Size {
  std::int64_t positions, channels;
};
constexpr Size kSizes[] = {{1, 1}, {3, 17}, {2, 32}, {5, 33}, {7, 70}, {300, 3}};

template <class Real>
constexpr double kBound = sizeof(Real) == 8 ? 1e-13 : 2e-5;

template <class Real>
void check_sums() {
  for (const auto [t, c] : kSizes) {
    const std::vector<Real> x = drawn<Real>(0, t * c), dy = drawn<Real>(1, t * c),
                            centre = drawn<Real>(2, c);
    std::vector<double> sums(c), squares(c), dsums(c), products(c);
    channel_sums(x.data(), sums.data(), t, c);
    channel_squares(x.data(), centre.data(), squares.data(), t, c);
    channel_products(dy.data(), x.data(), centre.data(), dsums.data(), products.data(), t, c);
    for (std::int64_t j = 0; j < c; ++j) {
      double sum = 0, square = 0, dsum = 0, product = 0;
      for (std::int64_t i = j; i < t * c; i += c) {
        const double deviation = static_cast<double>(x[i]) - centre[j];
        sum += x[i];
        square += deviation * deviation;
        dsum += dy[i];
        product += dy[i] * deviation;
      }
      const double bound = kBound<Real> * static_cast<double>(t);
      EXPECT_NEAR(sums[j], sum, bound);
      EXPECT_NEAR(squares[j], square, bound);
      EXPECT_NEAR(dsums[j], dsum, bound);
      EXPECT_NEAR(products[j], product, bound);
    }
  }
}

TEST(ChannelKernels, SumsMatchScalarLoops) {
  check_sums<float>();
  check_sums<double>();
}

template <class Real>
void check_softmax() {
  for (const std::int64_t columns : {1, 5, 16, 33}) {
    std::vector<Real> p = drawn<Real>(3, 2 * columns), dp = drawn<Real>(4, 2 * columns);
    const std::vector<Real> scores = p, given = dp;
    softmax_rows(p.data(), 2, columns);
    softmax_rows_backward(p.data(), dp.data(), 2, columns);
    for (std::int64_t r = 0; r < 2; ++r) {
      double sum = 0, mean = 0;
      for (std::int64_t i = 0; i < columns; ++i) sum += std::exp(double{scores[r * columns + i]});
      for (std::int64_t i = 0; i < columns; ++i) {
        const std::int64_t at = r * columns + i;
        EXPECT_NEAR(p[at], std::exp(double{scores[at]}) / sum, kBound<Real>);
        mean += static_cast<double>(p[at]) * given[at];
      }
      for (std::int64_t at = r * columns; at < (r + 1) * columns; ++at) {
        EXPECT_NEAR(dp[at], p[at] * (given[at] - mean), kBound<Real>);
      }
    }
  }
}

TEST(ChannelKernels, SoftmaxMatchesScalarLoops) {
  check_softmax<float>();
  check_softmax<double>();
}

}  // namespace
}  // namespace gradvar::kernels::channel_kernels_test

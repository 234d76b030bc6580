// Each kernel against <cmath> in a wider type, over its whole range, within the bound that
// kernels.h or vector_math.h states.

#include "autograd/kernels.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numbers>
#include <vector>

#include "autograd/random.h"
#include "autograd/vector_math.h"

namespace gradvar::kernels::kernels_test {
namespace {

using Wide = long double;

// |found - exact| in units of the last place of a number as large as `exact`.
template <class Real>
Wide ulps(Real found, Wide exact) {
  const Wide size = std::max(std::abs(exact), static_cast<Wide>(std::numeric_limits<Real>::min()));
  const Wide ulp = std::ldexp(Wide(1), std::ilogb(size)) * std::numeric_limits<Real>::epsilon();
  return std::abs(static_cast<Wide>(found) - exact) / ulp;
}

// Both signs, every scale from the smallest normal number to `limit`, and evenly between.
template <class Real>
std::vector<Real> range_to(Real limit) {
  std::vector<Real> x = {Real(0), -Real(0), limit, -limit};
  for (double size = limit; size > std::numeric_limits<Real>::min(); size *= 0.83) {
    x.push_back(static_cast<Real>(size));
    x.push_back(static_cast<Real>(-size));
  }
  constexpr int kSteps = 20011;
  for (int i = 0; i <= kSteps; ++i) {
    x.push_back(static_cast<Real>(static_cast<double>(limit) * (2.0 * i / kSteps - 1)));
    x.push_back(static_cast<Real>(4 * (2.0 * i / kSteps - 1)));
  }
  return x;
}

template <class Real, class Kernel, class Exact, class Bound>
void expect_within(Real limit, const Kernel& kernel, const Exact& exact, const Bound& bound) {
  const std::vector<Real> x = range_to(limit);
  std::vector<Real> y(x.size());
  kernel(x.data(), y.data(), static_cast<std::int64_t>(x.size()));
  Wide worst = 0;
  Real at = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Wide share = ulps(y[i], exact(static_cast<Wide>(x[i]))) / bound(x[i]);
    if (!(share <= worst)) {
      worst = share;
      at = x[i];
    }
  }
  EXPECT_LE(worst, 1) << "of the bound, at " << at;
}

template <class Real>
constexpr Real kEnd = sizeof(Real) == 8 ? Real(708) : Real(87);

template <class Real>
void check_vector_math() {
  const auto loop = [](auto f) {
    return [f](const Real* x, Real* y, std::int64_t n) { std::transform(x, x + n, y, f); };
  };
  const auto two = [](Real) { return 2; };
  const auto four = [](Real) { return 4; };
  expect_within<Real>(
      kEnd<Real>, loop(vector_math::exp_fast<Real>), [](Wide x) { return std::exp(x); }, two);
  expect_within<Real>(
      kEnd<Real>, loop(vector_math::expm1_fast<Real>), [](Wide x) { return std::expm1(x); }, two);
  expect_within<Real>(
      kEnd<Real>, loop(vector_math::sigmoid_within<Real>),
      [](Wide x) { return 1 / (1 + std::exp(-x)); }, four);
  expect_within<Real>(
      std::numeric_limits<Real>::max() / 4, loop(vector_math::tanh_fast<Real>),
      [](Wide x) { return std::tanh(x); }, four);
}
TEST(VectorMath, KeepsItsBoundsInF32) { check_vector_math<float>(); }
TEST(VectorMath, KeepsItsBoundsInF64) { check_vector_math<double>(); }

template <class Real>
void check_activations() {
  using Kernel = void (*)(const Real*, Real*, std::int64_t);
  const auto four = [](Real) { return 4; };
  expect_within<Real>(
      kEnd<Real>, Kernel(silu), [](Wide x) { return x / (1 + std::exp(-x)); }, four);
  expect_within<Real>(
      std::numeric_limits<Real>::max() / 4, Kernel(tanh), [](Wide x) { return std::tanh(x); },
      four);
  expect_within<Real>(
      std::numeric_limits<Real>::max() / 4, Kernel(selu),
      [](Wide x) {
        const Wide below = 1.6732632423543772848170429916717L * std::expm1(x);
        return 1.0507009873554804934193352852946L * (x > 0 ? x : below);
      },
      four);
  expect_within<Real>(
      Real(9), Kernel(gelu),
      [](Wide x) { return x * std::erfc(-x / std::numbers::sqrt2_v<Wide>) / 2; },
      [](Real x) { return 4 * (1 + x * x); });
}
TEST(Activations, KeepTheirBoundsInF32) { check_activations<float>(); }
TEST(Activations, KeepTheirBoundsInF64) { check_activations<double>(); }

template <class Real>
void check_derivatives() {
  using Backward = void (*)(const Real*, const Real*, Real*, std::int64_t);
  using Forward = void (*)(const Real*, Real*, std::int64_t);
  struct Rule {
    Forward forward;
    Backward backward;
    bool from_output;
    Wide (*exact)(Wide);
  };
  const Rule rules[] = {
      {silu, silu_backward, false,
       [](Wide x) {
         const Wide s = 1 / (1 + std::exp(-x));
         return s * (1 + x * (1 - s));
       }},
      {tanh, tanh_backward, true, [](Wide x) { return 1 - std::tanh(x) * std::tanh(x); }},
      {selu, selu_backward, true,
       [](Wide x) {
         return 1.0507009873554805L * (x > 0 ? 1 : 1.6732632423543772L * std::exp(x));
       }},
      {relu, relu_backward, true, [](Wide x) -> Wide { return x > 0; }},
      {gelu, gelu_backward, false,
       [](Wide x) {
         return std::erfc(-x / std::numbers::sqrt2_v<Wide>) / 2 +
                x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi_v<Wide>);
       }},
  };
  const std::vector<Real> x = range_to(Real(30));
  for (const Rule& rule : rules) {
    std::vector<Real> y(x.size()), dy(x.size(), Real(2)), dx(x.size(), Real(1));
    rule.forward(x.data(), y.data(), y.size());
    rule.backward(rule.from_output ? y.data() : x.data(), dy.data(), dx.data(), dx.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Wide expected = 1 + 2 * rule.exact(static_cast<Wide>(x[i]));
      ASSERT_NEAR(dx[i], expected, (8 + 2 * std::abs(x[i])) * std::numeric_limits<Real>::epsilon())
          << "rule " << &rule - rules << " at " << x[i];
    }
  }
}
TEST(Activations, BackwardAddsTheDerivativeInF32) { check_derivatives<float>(); }
TEST(Activations, BackwardAddsTheDerivativeInF64) { check_derivatives<double>(); }

template <class Real>
void check_extremes() {
  const Real inf = std::numeric_limits<Real>::infinity(), nan = std::nan("");
  const Real tiny = std::numeric_limits<Real>::denorm_min(),
             huge = std::numeric_limits<Real>::max();
  const std::vector<Real> x = {inf, -inf, nan, tiny, -tiny, huge, -huge};
  std::vector<Real> y(x.size());
  silu(x.data(), y.data(), y.size());
  EXPECT_EQ(y[0], inf);
  EXPECT_NEAR(y[1], Real(0), Real(1e-35));
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(y[5], huge);
  EXPECT_NEAR(y[6], Real(0), Real(1e-35));
  tanh(x.data(), y.data(), y.size());
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], -1);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_LE(std::abs(y[3]), 2 * tiny);
  EXPECT_EQ(y[6], -1);
  relu(x.data(), y.data(), y.size());
  EXPECT_EQ(y[0], inf);
  EXPECT_EQ(y[1], 0);
  EXPECT_TRUE(std::isnan(y[2])) << "a NaN that relu swallowed would never be found";
  EXPECT_EQ(y[3], tiny);
  EXPECT_EQ(y[4], 0);
  selu(x.data(), y.data(), y.size());
  EXPECT_EQ(y[0], inf);
  EXPECT_NEAR(y[1], -1.7580993408473766, 1e-6);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(y[1], y[6]);
  const std::vector<Real> ends = {inf, -inf, huge, -huge}, ones(4, Real(1));
  std::vector<Real> dx(4);
  silu_backward(ends.data(), ones.data(), dx.data(), 4);
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(dx[i], i % 2 == 0 ? 1 : 0, 1e-30) << ends[i];
}
TEST(Activations, MeanWhatInfinitiesNanAndDenormalsSayInF32) { check_extremes<float>(); }
TEST(Activations, MeanWhatInfinitiesNanAndDenormalsSayInF64) { check_extremes<double>(); }

// Numbers past the end of an array must not be touched, whatever is left over after whole vectors.
template <class Real>
void check_tails() {
  for (std::int64_t n = 0; n <= 67; ++n) {
    std::vector<Real> x(n + 8), y(n + 8, Real(7)), doubled(n + 8, Real(7));
    std::vector<Real> tripled(n + 8, Real(7)), tripled_square(n + 8, Real(7));
    std::vector<Real> halved(n + 8, Real(7));
    RandomStream(1, Purpose::kTest).normals<Real>(0, 0, x);
    const std::vector<Real> given = x;
    accumulate(x.data(), doubled.data(), n);
    square(x.data(), y.data(), n);
    scaled(Real(3), x.data(), tripled.data(), n);
    accumulate_scaled(Real(0.5), x.data(), halved.data(), n);
    scaled_square(Real(3), x.data(), tripled_square.data(), n);
    scale(Real(3), x.data(), n);
    for (std::int64_t i = 0; i < n + 8; ++i) {
      EXPECT_EQ(doubled[i], i < n ? 7 + given[i] : 7);
      EXPECT_EQ(y[i], i < n ? given[i] * given[i] : 7);
      EXPECT_EQ(tripled[i], i < n ? 3 * given[i] : 7);
      EXPECT_EQ(halved[i], i < n ? 7 + given[i] / 2 : 7);
      EXPECT_EQ(tripled_square[i], i < n ? 3 * (given[i] * given[i]) : 7);
      EXPECT_EQ(x[i], i < n ? 3 * given[i] : given[i]);
    }
    std::vector<Real> activated(n + 8, Real(7)), one(1);
    silu(given.data(), activated.data(), n);
    for (std::int64_t i = 0; i < n; ++i) {
      silu(given.data() + i, one.data(), 1);
      EXPECT_LE(ulps(activated[i], static_cast<Wide>(one[0])), 2);
    }
    for (std::int64_t i = n; i < n + 8; ++i) EXPECT_EQ(activated[i], 7);
  }
}
TEST(Kernels, StopAtTheEndOfTheirArraysInF32) { check_tails<float>(); }
TEST(Kernels, StopAtTheEndOfTheirArraysInF64) { check_tails<double>(); }

TEST(Kernels, BroadcastARow) {
  const std::vector<double> bias = {1, 2, 3};
  std::vector<double> y(7, -1);
  broadcast_row(bias.data(), y.data(), 2, 3);
  EXPECT_EQ(y, (std::vector<double>{1, 2, 3, 1, 2, 3, -1}));
}

TEST(Kernels, RowsAccumulateColumnByColumn) {
  for (const std::int64_t columns : {1, 31, 32, 33, 70}) {
    std::vector<double> x(5 * columns), y(columns + 1, 2), expected(columns + 1, 2);
    RandomStream(1, Purpose::kTest).normals<double>(1, 0, x);
    for (std::int64_t r = 0; r < 5; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) expected[c] += x[r * columns + c];
    }
    accumulate_rows(x.data(), y.data(), 5, columns);
    EXPECT_EQ(y[columns], 2) << columns << " columns";
    for (std::int64_t c = 0; c < columns; ++c) EXPECT_NEAR(y[c], expected[c], 1e-14);
  }
}

TEST(Kernels, ASumOverManyRowsKeepsItsDigits) {
  // Added one by one in f32, 200,000 tenths come to 20,000 with an error of 1e-3.
  constexpr std::int64_t kRows = 200000;
  const std::vector<float> x(kRows, 0.1F);
  float y = 0;
  accumulate_rows(x.data(), &y, kRows, 1);
  EXPECT_NEAR(y, static_cast<double>(0.1F) * kRows, 1e-5 * 0.1 * kRows);
}

TEST(Kernels, RowNormsMatchThePlainSum) {
  for (const std::int64_t columns : {0, 1, 31, 32, 33, 100}) {
    std::vector<float> x(3 * columns);
    RandomStream(1, Purpose::kTest).normals<float>(1, 0, x);
    std::vector<double> norms(3);
    row_squared_norms(x.data(), norms.data(), 3, columns);
    for (std::int64_t r = 0; r < 3; ++r) {
      double expected = 0;
      for (std::int64_t c = 0; c < columns; ++c) {
        expected +=
            static_cast<double>(x[r * columns + c]) * static_cast<double>(x[r * columns + c]);
      }
      EXPECT_NEAR(norms[r], expected, 1e-6 * expected);
    }
  }
}

TEST(Kernels, FoldMomentsAndDeviations) {
  const std::vector<double> g = {1, 2, 3}, mean = {0, 1, 5};
  std::vector<double> sum = {1, 1, 1}, squares = {1, 1, 1}, m2 = {1, 1, 1};
  fold_moments(g.data(), 0.5, sum.data(), squares.data(), 3);
  fold_deviations(g.data(), mean.data(), 0.5, m2.data(), 3);
  EXPECT_EQ(sum, (std::vector<double>{1.5, 2, 2.5}));
  EXPECT_EQ(squares, (std::vector<double>{1.5, 3, 5.5}));
  EXPECT_EQ(m2, (std::vector<double>{1.5, 1.5, 3}));
}

// Two samples against three, one side as sums of squares, the other already centred.
TEST(Kernels, MergeMomentsByChansFormula) {
  for (const int columns : {1, 16, 37}) {
    std::vector<double> samples(5 * columns);
    RandomStream(1, Purpose::kTest).normals<double>(2, 0, samples);
    const auto at = [&](int n, int i) { return samples[n * columns + i]; };
    std::vector<double> sum_a(columns), s2_a(columns), sum_b(columns), m2_b(columns);
    for (int i = 0; i < columns; ++i) {
      for (int n = 0; n < 2; ++n) sum_a[i] += at(n, i);
      for (int n = 0; n < 2; ++n) s2_a[i] += at(n, i) * at(n, i);
      for (int n = 2; n < 5; ++n) sum_b[i] += at(n, i);
      for (int n = 2; n < 5; ++n) m2_b[i] += std::pow(at(n, i) - sum_b[i] / 3, 2);
    }
    const MergedMoments merged = merge_moments(sum_a.data(), s2_a.data(), sum_b.data(), m2_b.data(),
                                               {.inverse_weight_a = 0.5,
                                                .inverse_weight_b = 1.0 / 3,
                                                .correction_a = 0.5,
                                                .correction_b = 0,
                                                .between = 6.0 / 5,
                                                .scale = 0.2},
                                               columns);
    double trace = 0, squared = 0;
    for (int i = 0; i < columns; ++i) {
      double mean = 0, m2 = 0;
      for (int n = 0; n < 5; ++n) mean += at(n, i) / 5;
      for (int n = 0; n < 5; ++n) m2 += std::pow(at(n, i) - mean, 2);
      EXPECT_NEAR(sum_a[i], mean, 1e-14);
      EXPECT_NEAR(s2_a[i], m2, 1e-13);
      trace += m2;
      squared += mean * mean;
    }
    EXPECT_NEAR(merged.m2, trace, 1e-12 * trace);
    EXPECT_NEAR(merged.sum_squared, squared, 1e-12);
  }
}

}  // namespace
}  // namespace gradvar::kernels::kernels_test

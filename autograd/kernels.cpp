#include "autograd/kernels.h"

#include <cmath>
#include <numbers>

#include "autograd/multiversion.h"
#include "autograd/vector_math.h"

namespace gradvar::kernels {

namespace {

// Klambauer et al., "Self-normalizing neural networks" (2017): the fixed point of mean 0, variance
// 1, to the digits PyTorch uses.
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSeluLambda = 1.0507009873554804934193349852946;

// Beyond these sigmoid is flat, so x times it would grow again (and -inf would stay one).
template <class Real>
constexpr Real kSigmoidEnd = sizeof(Real) == 8 ? Real(708) : Real(87);

template <class Real>
GRADVAR_ALWAYS_INLINE void silu_loop(const Real* x, Real* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const Real z = x[i] < -kSigmoidEnd<Real> ? -kSigmoidEnd<Real> : x[i];
    y[i] = z * vector_math::sigmoid_within(z > kSigmoidEnd<Real> ? kSigmoidEnd<Real> : z);
  }
}
template <class Real>
GRADVAR_ALWAYS_INLINE void silu_backward_loop(const Real* x, const Real* dy, Real* dx,
                                              std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const Real z = vector_math::clamp(x[i], -kSigmoidEnd<Real>, kSigmoidEnd<Real>);
    const Real s = vector_math::sigmoid_within(z);
    dx[i] += dy[i] * (s * (Real(1) + z * (Real(1) - s)));
  }
}
template <class Real>
GRADVAR_ALWAYS_INLINE void selu_loop(const Real* x, Real* y, std::int64_t n) {
  const Real lambda = Real(kSeluLambda), lambda_alpha = Real(kSeluLambda * kSeluAlpha);
  for (std::int64_t i = 0; i < n; ++i) {
    const Real below = lambda_alpha * vector_math::expm1_fast(x[i]);
    y[i] = x[i] > Real(0) ? lambda * x[i] : below;
  }
}
template <class Real>
GRADVAR_ALWAYS_INLINE void selu_backward_loop(const Real* y, const Real* dy, Real* dx,
                                              std::int64_t n) {
  const Real lambda = Real(kSeluLambda), lambda_alpha = Real(kSeluLambda * kSeluAlpha);
  for (std::int64_t i = 0; i < n; ++i) {
    dx[i] += dy[i] * (y[i] > Real(0) ? lambda : y[i] + lambda_alpha);
  }
}
template <class Real>
GRADVAR_ALWAYS_INLINE void relu_loop(const Real* x, Real* y, std::int64_t n) {
  // Written so that a NaN stays one: x < 0 is false for it.
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] < Real(0) ? Real(0) : x[i];
}
template <class Real>
GRADVAR_ALWAYS_INLINE void relu_backward_loop(const Real* y, const Real* dy, Real* dx,
                                              std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) dx[i] += y[i] > Real(0) ? dy[i] : Real(0);
}
template <class Real>
GRADVAR_ALWAYS_INLINE void tanh_loop(const Real* x, Real* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = vector_math::tanh_fast(x[i]);
}
template <class Real>
GRADVAR_ALWAYS_INLINE void tanh_backward_loop(const Real* y, const Real* dy, Real* dx,
                                              std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) dx[i] += dy[i] * (Real(1) - y[i] * y[i]);
}
// Phi(x), the normal distribution function; erfc keeps its digits for x far below 0.
template <class Real>
Real normal_cdf(Real x) {
  return Real(0.5) * std::erfc(-x * Real(std::numbers::sqrt2 / 2));
}
template <class Real>
void gelu_loop(const Real* x, Real* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * normal_cdf(x[i]);
}
template <class Real>
void gelu_backward_loop(const Real* x, const Real* dy, Real* dx, std::int64_t n) {
  const Real density_at_0 = Real(std::numbers::inv_sqrtpi * std::numbers::sqrt2 / 2);
  for (std::int64_t i = 0; i < n; ++i) {
    const Real density = density_at_0 * std::exp(Real(-0.5) * x[i] * x[i]);
    dx[i] += dy[i] * (normal_cdf(x[i]) + x[i] * density);
  }
}
template <class Real>
GRADVAR_ALWAYS_INLINE void accumulate_loop(const Real* x, Real* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += x[i];
}
// Sums of `width` columns, kept in registers while the rows go by: kSummedRows rows in Real, what
// they come to in f64.
constexpr std::int64_t kTile = 32;
template <class Real>
GRADVAR_ALWAYS_INLINE void accumulate_tile(const Real* x, Real* y, std::int64_t rows,
                                           std::int64_t columns, std::int64_t width) {
  double totals[kTile];
  for (std::int64_t j = 0; j < width; ++j) totals[j] = static_cast<double>(y[j]);
  for (std::int64_t first = 0; first < rows; first += kSummedRows) {
    const std::int64_t last = first + kSummedRows < rows ? first + kSummedRows : rows;
    Real sums[kTile] = {};
    for (std::int64_t r = first; r < last; ++r) {
      for (std::int64_t j = 0; j < width; ++j) sums[j] += x[r * columns + j];
    }
    for (std::int64_t j = 0; j < width; ++j) totals[j] += static_cast<double>(sums[j]);
  }
  for (std::int64_t j = 0; j < width; ++j) y[j] = static_cast<Real>(totals[j]);
}
template <class Real>
GRADVAR_ALWAYS_INLINE void accumulate_rows_loop(const Real* x, Real* y, std::int64_t rows,
                                                std::int64_t columns) {
  std::int64_t c = 0;
  for (; c + kTile <= columns; c += kTile) accumulate_tile(x + c, y + c, rows, columns, kTile);
  if (c < columns) accumulate_tile(x + c, y + c, rows, columns, columns - c);
}
template <class Real>
GRADVAR_ALWAYS_INLINE void square_loop(const Real* x, Real* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * x[i];
}
template <class Real>
GRADVAR_ALWAYS_INLINE void scaled_loop(Real a, const Real* x, Real* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = a * x[i];
}
template <class Real>
GRADVAR_ALWAYS_INLINE void accumulate_scaled_loop(Real a, const Real* x, Real* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += a * x[i];
}
template <class Real>
GRADVAR_ALWAYS_INLINE void scaled_square_loop(Real a, const Real* x, Real* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = a * (x[i] * x[i]);
}
template <class Real>
GRADVAR_ALWAYS_INLINE void scale_loop(Real a, Real* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= a;
}
template <class Real>
GRADVAR_ALWAYS_INLINE void broadcast_row_loop(const Real* bias, Real* y, std::int64_t rows,
                                              std::int64_t columns) {
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) y[r * columns + c] = bias[c];
  }
}

}  // namespace

GRADVAR_MULTIVERSION void accumulate(const float* x, float* y, std::int64_t n) {
  accumulate_loop(x, y, n);
}
GRADVAR_MULTIVERSION void accumulate(const double* x, double* y, std::int64_t n) {
  accumulate_loop(x, y, n);
}
GRADVAR_MULTIVERSION void accumulate_rows(const float* x, float* y, std::int64_t rows,
                                          std::int64_t columns) {
  accumulate_rows_loop(x, y, rows, columns);
}
GRADVAR_MULTIVERSION void accumulate_rows(const double* x, double* y, std::int64_t rows,
                                          std::int64_t columns) {
  accumulate_rows_loop(x, y, rows, columns);
}
GRADVAR_MULTIVERSION void square(const float* x, float* y, std::int64_t n) { square_loop(x, y, n); }
GRADVAR_MULTIVERSION void square(const double* x, double* y, std::int64_t n) {
  square_loop(x, y, n);
}
GRADVAR_MULTIVERSION void scaled(float a, const float* x, float* y, std::int64_t n) {
  scaled_loop(a, x, y, n);
}
GRADVAR_MULTIVERSION void scaled(double a, const double* x, double* y, std::int64_t n) {
  scaled_loop(a, x, y, n);
}
GRADVAR_MULTIVERSION void accumulate_scaled(float a, const float* x, float* y, std::int64_t n) {
  accumulate_scaled_loop(a, x, y, n);
}
GRADVAR_MULTIVERSION void accumulate_scaled(double a, const double* x, double* y, std::int64_t n) {
  accumulate_scaled_loop(a, x, y, n);
}
GRADVAR_MULTIVERSION void scaled_square(float a, const float* x, float* y, std::int64_t n) {
  scaled_square_loop(a, x, y, n);
}
GRADVAR_MULTIVERSION void scaled_square(double a, const double* x, double* y, std::int64_t n) {
  scaled_square_loop(a, x, y, n);
}
GRADVAR_MULTIVERSION void scale(float a, float* x, std::int64_t n) { scale_loop(a, x, n); }
GRADVAR_MULTIVERSION void scale(double a, double* x, std::int64_t n) { scale_loop(a, x, n); }
GRADVAR_MULTIVERSION void broadcast_row(const float* bias, float* y, std::int64_t rows,
                                        std::int64_t columns) {
  broadcast_row_loop(bias, y, rows, columns);
}
GRADVAR_MULTIVERSION void broadcast_row(const double* bias, double* y, std::int64_t rows,
                                        std::int64_t columns) {
  broadcast_row_loop(bias, y, rows, columns);
}

GRADVAR_MULTIVERSION void silu(const float* x, float* y, std::int64_t n) { silu_loop(x, y, n); }
GRADVAR_MULTIVERSION void silu(const double* x, double* y, std::int64_t n) { silu_loop(x, y, n); }
GRADVAR_MULTIVERSION void silu_backward(const float* x, const float* dy, float* dx,
                                        std::int64_t n) {
  silu_backward_loop(x, dy, dx, n);
}
GRADVAR_MULTIVERSION void silu_backward(const double* x, const double* dy, double* dx,
                                        std::int64_t n) {
  silu_backward_loop(x, dy, dx, n);
}
GRADVAR_MULTIVERSION void selu(const float* x, float* y, std::int64_t n) { selu_loop(x, y, n); }
GRADVAR_MULTIVERSION void selu(const double* x, double* y, std::int64_t n) { selu_loop(x, y, n); }
GRADVAR_MULTIVERSION void selu_backward(const float* y, const float* dy, float* dx,
                                        std::int64_t n) {
  selu_backward_loop(y, dy, dx, n);
}
GRADVAR_MULTIVERSION void selu_backward(const double* y, const double* dy, double* dx,
                                        std::int64_t n) {
  selu_backward_loop(y, dy, dx, n);
}
GRADVAR_MULTIVERSION void relu(const float* x, float* y, std::int64_t n) { relu_loop(x, y, n); }
GRADVAR_MULTIVERSION void relu(const double* x, double* y, std::int64_t n) { relu_loop(x, y, n); }
GRADVAR_MULTIVERSION void relu_backward(const float* y, const float* dy, float* dx,
                                        std::int64_t n) {
  relu_backward_loop(y, dy, dx, n);
}
GRADVAR_MULTIVERSION void relu_backward(const double* y, const double* dy, double* dx,
                                        std::int64_t n) {
  relu_backward_loop(y, dy, dx, n);
}
void gelu(const float* x, float* y, std::int64_t n) { gelu_loop(x, y, n); }
void gelu(const double* x, double* y, std::int64_t n) { gelu_loop(x, y, n); }
void gelu_backward(const float* x, const float* dy, float* dx, std::int64_t n) {
  gelu_backward_loop(x, dy, dx, n);
}
void gelu_backward(const double* x, const double* dy, double* dx, std::int64_t n) {
  gelu_backward_loop(x, dy, dx, n);
}
GRADVAR_MULTIVERSION void tanh(const float* x, float* y, std::int64_t n) { tanh_loop(x, y, n); }
GRADVAR_MULTIVERSION void tanh(const double* x, double* y, std::int64_t n) { tanh_loop(x, y, n); }
GRADVAR_MULTIVERSION void tanh_backward(const float* y, const float* dy, float* dx,
                                        std::int64_t n) {
  tanh_backward_loop(y, dy, dx, n);
}
GRADVAR_MULTIVERSION void tanh_backward(const double* y, const double* dy, double* dx,
                                        std::int64_t n) {
  tanh_backward_loop(y, dy, dx, n);
}

}  // namespace gradvar::kernels

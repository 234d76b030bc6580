#include "autograd/channel_kernels.h"

#include <cmath>

#include "autograd/kernels.h"
#include "autograd/multiversion.h"
#include "autograd/vector_math.h"

namespace gradvar::kernels {

namespace {

// Channels whose sums stay in registers while the positions go by.
constexpr std::int64_t kTile = 32;
// Places in which a sum along a row is kept apart, so that the compiler need not reassociate.
constexpr std::int64_t kPartials = 16;

// For the channels c .. c + width: sums[c] = sum_t term(t C + c, c).
template <class Real, class Term>
GRADVAR_ALWAYS_INLINE void sum_tile(const Term& term, double* sums, std::int64_t positions,
                                    std::int64_t channels, std::int64_t c, std::int64_t width) {
  double totals[kTile] = {};
  for (std::int64_t first = 0; first < positions; first += kSummedRows) {
    const std::int64_t last = first + kSummedRows < positions ? first + kSummedRows : positions;
    Real block[kTile] = {};
    for (std::int64_t t = first; t < last; ++t) {
      for (std::int64_t j = 0; j < width; ++j) block[j] += term(t * channels + c + j, c + j);
    }
    for (std::int64_t j = 0; j < width; ++j) totals[j] += static_cast<double>(block[j]);
  }
  for (std::int64_t j = 0; j < width; ++j) sums[c + j] = totals[j];
}

// Whole tiles first, with a width the compiler knows. `term` must be small enough to be inlined:
// a call would run the code of the oldest processor.
template <class Real, class Term>
GRADVAR_ALWAYS_INLINE void sum_channels(const Term& term, double* sums, std::int64_t positions,
                                        std::int64_t channels) {
  std::int64_t c = 0;
  for (; c + kTile <= channels; c += kTile) {
    sum_tile<Real>(term, sums, positions, channels, c, kTile);
  }
  if (c < channels) sum_tile<Real>(term, sums, positions, channels, c, channels - c);
}

template <class Real>
GRADVAR_ALWAYS_INLINE void channel_sums_loop(const Real* x, double* sums, std::int64_t positions,
                                             std::int64_t channels) {
  const auto term = [x](std::int64_t i, std::int64_t) { return x[i]; };
  sum_channels<Real>(term, sums, positions, channels);
}

template <class Real>
GRADVAR_ALWAYS_INLINE void channel_squares_loop(const Real* x, const Real* centre, double* sums,
                                                std::int64_t positions, std::int64_t channels) {
  const auto term = [x, centre](std::int64_t i, std::int64_t c) {
    return (x[i] - centre[c]) * (x[i] - centre[c]);
  };
  sum_channels<Real>(term, sums, positions, channels);
}

template <class Real>
GRADVAR_ALWAYS_INLINE void channel_products_loop(const Real* dy, const Real* x, const Real* centre,
                                                 double* sums, double* products,
                                                 std::int64_t positions, std::int64_t channels) {
  channel_sums_loop(dy, sums, positions, channels);
  const auto term = [dy, x, centre](std::int64_t i, std::int64_t c) {
    return dy[i] * (x[i] - centre[c]);
  };
  sum_channels<Real>(term, products, positions, channels);
}

template <class Real>
GRADVAR_ALWAYS_INLINE void channel_affine_loop(const Real* x, const Real* centre, const Real* slope,
                                               const Real* offset, Real* y, std::int64_t positions,
                                               std::int64_t channels) {
  for (std::int64_t t = 0; t < positions; ++t, x += channels, y += channels) {
    for (std::int64_t c = 0; c < channels; ++c) y[c] = (x[c] - centre[c]) * slope[c] + offset[c];
  }
}

template <class Real>
GRADVAR_ALWAYS_INLINE void channel_scaled_loop(const Real* dy, const Real* slope, Real* dx,
                                               std::int64_t positions, std::int64_t channels) {
  for (std::int64_t t = 0; t < positions; ++t, dy += channels, dx += channels) {
    for (std::int64_t c = 0; c < channels; ++c) dx[c] += dy[c] * slope[c];
  }
}

template <class Real, class Norm>
GRADVAR_ALWAYS_INLINE void channel_norm_backward_loop(const Real* dy, const Real* x,
                                                      const Norm& norm, Real* dx,
                                                      std::int64_t positions,
                                                      std::int64_t channels) {
  const Real *centre = norm.centre, *slope = norm.slope, *offset = norm.offset, *along = norm.along;
  for (std::int64_t t = 0; t < positions; ++t) {
    for (std::int64_t c = 0; c < channels; ++c) {
      dx[c] += dy[c] * slope[c] - offset[c] - (x[c] - centre[c]) * along[c];
    }
    dy += channels;
    x += channels;
    dx += channels;
  }
}

// sum_i term(i), in kPartials places of Real and then in f64.
template <class Real, class Term>
GRADVAR_ALWAYS_INLINE double row_sum(const Term& term, std::int64_t n) {
  Real partial[kPartials] = {};
  std::int64_t i = 0;
  for (; i + kPartials <= n; i += kPartials) {
    for (std::int64_t j = 0; j < kPartials; ++j) partial[j] += term(i + j);
  }
  for (std::int64_t j = 0; i + j < n; ++j) partial[j] += term(i + j);
  double total = 0;
  for (std::int64_t j = 0; j < kPartials; ++j) total += static_cast<double>(partial[j]);
  return total;
}

template <class Real>
GRADVAR_ALWAYS_INLINE void row_moments_loop(const Real* x, Real eps, Real* mean, Real* inverse,
                                            std::int64_t positions, std::int64_t channels) {
  for (std::int64_t t = 0; t < positions; ++t, x += channels) {
    const auto value = [x](std::int64_t i) { return x[i]; };
    const Real centre = static_cast<Real>(row_sum<Real>(value, channels) / channels);
    const auto square = [x, centre](std::int64_t i) { return (x[i] - centre) * (x[i] - centre); };
    const double variance = row_sum<Real>(square, channels) / static_cast<double>(channels);
    mean[t] = centre;
    inverse[t] = static_cast<Real>(1 / std::sqrt(variance + static_cast<double>(eps)));
  }
}

template <class Real>
GRADVAR_ALWAYS_INLINE void softmax_rows_loop(Real* x, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t r = 0; r < rows; ++r, x += columns) {
    Real largest[kPartials];
    for (std::int64_t j = 0; j < kPartials; ++j) largest[j] = x[0];
    std::int64_t i = 0;
    for (; i + kPartials <= columns; i += kPartials) {
      for (std::int64_t j = 0; j < kPartials; ++j) {
        largest[j] = x[i + j] > largest[j] ? x[i + j] : largest[j];
      }
    }
    for (; i < columns; ++i) largest[0] = x[i] > largest[0] ? x[i] : largest[0];
    Real top = largest[0];
    for (std::int64_t j = 1; j < kPartials; ++j) top = largest[j] > top ? largest[j] : top;
    for (std::int64_t c = 0; c < columns; ++c) x[c] = vector_math::exp_fast(x[c] - top);
    const auto value = [x](std::int64_t c) { return x[c]; };
    const Real share = static_cast<Real>(1 / row_sum<Real>(value, columns));
    for (std::int64_t c = 0; c < columns; ++c) x[c] *= share;
  }
}

template <class Real>
GRADVAR_ALWAYS_INLINE void softmax_rows_backward_loop(const Real* p, Real* dp, std::int64_t rows,
                                                      std::int64_t columns) {
  for (std::int64_t r = 0; r < rows; ++r, p += columns, dp += columns) {
    const auto term = [p, dp](std::int64_t c) { return p[c] * dp[c]; };
    const Real mean = static_cast<Real>(row_sum<Real>(term, columns));
    for (std::int64_t c = 0; c < columns; ++c) dp[c] = p[c] * (dp[c] - mean);
  }
}

}  // namespace

GRADVAR_MULTIVERSION void channel_sums(const float* x, double* sums, std::int64_t positions,
                                       std::int64_t channels) {
  channel_sums_loop(x, sums, positions, channels);
}
GRADVAR_MULTIVERSION void channel_sums(const double* x, double* sums, std::int64_t positions,
                                       std::int64_t channels) {
  channel_sums_loop(x, sums, positions, channels);
}
GRADVAR_MULTIVERSION void channel_squares(const float* x, const float* centre, double* sums,
                                          std::int64_t positions, std::int64_t channels) {
  channel_squares_loop(x, centre, sums, positions, channels);
}
GRADVAR_MULTIVERSION void channel_squares(const double* x, const double* centre, double* sums,
                                          std::int64_t positions, std::int64_t channels) {
  channel_squares_loop(x, centre, sums, positions, channels);
}
GRADVAR_MULTIVERSION void channel_products(const float* dy, const float* x, const float* centre,
                                           double* sums, double* products, std::int64_t positions,
                                           std::int64_t channels) {
  channel_products_loop(dy, x, centre, sums, products, positions, channels);
}
GRADVAR_MULTIVERSION void channel_products(const double* dy, const double* x, const double* centre,
                                           double* sums, double* products, std::int64_t positions,
                                           std::int64_t channels) {
  channel_products_loop(dy, x, centre, sums, products, positions, channels);
}
GRADVAR_MULTIVERSION void channel_affine(const float* x, const float* centre, const float* slope,
                                         const float* offset, float* y, std::int64_t positions,
                                         std::int64_t channels) {
  channel_affine_loop(x, centre, slope, offset, y, positions, channels);
}
GRADVAR_MULTIVERSION void channel_affine(const double* x, const double* centre, const double* slope,
                                         const double* offset, double* y, std::int64_t positions,
                                         std::int64_t channels) {
  channel_affine_loop(x, centre, slope, offset, y, positions, channels);
}
GRADVAR_MULTIVERSION void channel_scaled(const float* dy, const float* slope, float* dx,
                                         std::int64_t positions, std::int64_t channels) {
  channel_scaled_loop(dy, slope, dx, positions, channels);
}
GRADVAR_MULTIVERSION void channel_scaled(const double* dy, const double* slope, double* dx,
                                         std::int64_t positions, std::int64_t channels) {
  channel_scaled_loop(dy, slope, dx, positions, channels);
}
GRADVAR_MULTIVERSION void channel_norm_backward(const float* dy, const float* x,
                                                const ChannelNormF32& norm, float* dx,
                                                std::int64_t positions, std::int64_t channels) {
  channel_norm_backward_loop(dy, x, norm, dx, positions, channels);
}
GRADVAR_MULTIVERSION void channel_norm_backward(const double* dy, const double* x,
                                                const ChannelNormF64& norm, double* dx,
                                                std::int64_t positions, std::int64_t channels) {
  channel_norm_backward_loop(dy, x, norm, dx, positions, channels);
}
GRADVAR_MULTIVERSION void row_moments(const float* x, float eps, float* mean, float* inverse,
                                      std::int64_t positions, std::int64_t channels) {
  row_moments_loop(x, eps, mean, inverse, positions, channels);
}
GRADVAR_MULTIVERSION void row_moments(const double* x, double eps, double* mean, double* inverse,
                                      std::int64_t positions, std::int64_t channels) {
  row_moments_loop(x, eps, mean, inverse, positions, channels);
}
GRADVAR_MULTIVERSION void softmax_rows(float* x, std::int64_t rows, std::int64_t columns) {
  softmax_rows_loop(x, rows, columns);
}
GRADVAR_MULTIVERSION void softmax_rows(double* x, std::int64_t rows, std::int64_t columns) {
  softmax_rows_loop(x, rows, columns);
}
GRADVAR_MULTIVERSION void softmax_rows_backward(const float* p, float* dp, std::int64_t rows,
                                                std::int64_t columns) {
  softmax_rows_backward_loop(p, dp, rows, columns);
}
GRADVAR_MULTIVERSION void softmax_rows_backward(const double* p, double* dp, std::int64_t rows,
                                                std::int64_t columns) {
  softmax_rows_backward_loop(p, dp, rows, columns);
}

}  // namespace gradvar::kernels

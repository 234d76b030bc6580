// channel_kernels: the loops over images and tokens whose channels are the last axis.
//
//   T positions   C channels   x [T,C] one sample
//
// As in kernels.h each is a plain loop, compiled three times and chosen when the program starts;
// the channels of a position are what a vector register holds. Sums over positions run in Real over
// kSummedRows rows (kernels.h) and go on in f64, so that they are good to 256 roundings for any T.
// Arrays do not overlap. tests/autograd/channel_kernels_test.cpp holds them against scalar loops.
#pragma once

#include <cstdint>

namespace gradvar::kernels {

// sums[c] = sum_t x_tc.
void channel_sums(const float* x, double* sums, std::int64_t positions, std::int64_t channels);
void channel_sums(const double* x, double* sums, std::int64_t positions, std::int64_t channels);
// sums[c] = sum_t (x_tc - centre_c)^2.
void channel_squares(const float* x, const float* centre, double* sums, std::int64_t positions,
                     std::int64_t channels);
void channel_squares(const double* x, const double* centre, double* sums, std::int64_t positions,
                     std::int64_t channels);
// sums[c] = sum_t dy_tc, products[c] = sum_t dy_tc (x_tc - centre_c).
void channel_products(const float* dy, const float* x, const float* centre, double* sums,
                      double* products, std::int64_t positions, std::int64_t channels);
void channel_products(const double* dy, const double* x, const double* centre, double* sums,
                      double* products, std::int64_t positions, std::int64_t channels);

// y_tc = (x_tc - centre_c) slope_c + offset_c.
void channel_affine(const float* x, const float* centre, const float* slope, const float* offset,
                    float* y, std::int64_t positions, std::int64_t channels);
void channel_affine(const double* x, const double* centre, const double* slope,
                    const double* offset, double* y, std::int64_t positions, std::int64_t channels);
// dx_tc += dy_tc slope_c.
void channel_scaled(const float* dy, const float* slope, float* dx, std::int64_t positions,
                    std::int64_t channels);
void channel_scaled(const double* dy, const double* slope, double* dx, std::int64_t positions,
                    std::int64_t channels);
// dx_tc += dy_tc slope_c - offset_c - (x_tc - centre_c) along_c: a norm's backward.
struct ChannelNormF32 {
  const float *centre, *slope, *offset, *along;
};
struct ChannelNormF64 {
  const double *centre, *slope, *offset, *along;
};
void channel_norm_backward(const float* dy, const float* x, const ChannelNormF32& norm, float* dx,
                           std::int64_t positions, std::int64_t channels);
void channel_norm_backward(const double* dy, const double* x, const ChannelNormF64& norm,
                           double* dx, std::int64_t positions, std::int64_t channels);

// Over the channels of each position. mean, inverse [T]: inverse = 1 / sqrt(variance + eps), the
// variance over C (population).
void row_moments(const float* x, float eps, float* mean, float* inverse, std::int64_t positions,
                 std::int64_t channels);
void row_moments(const double* x, double eps, double* mean, double* inverse, std::int64_t positions,
                 std::int64_t channels);

// Each row of x becomes e^(x - max) / sum. In place; exact to 4 ulp and a sum of C roundings / 16.
void softmax_rows(float* x, std::int64_t rows, std::int64_t columns);
void softmax_rows(double* x, std::int64_t rows, std::int64_t columns);
// dp becomes p (dp - sum_c p_c dp_c), row by row: the adjoint of what softmax_rows was given.
void softmax_rows_backward(const float* p, float* dp, std::int64_t rows, std::int64_t columns);
void softmax_rows_backward(const double* p, double* dp, std::int64_t rows, std::int64_t columns);

}  // namespace gradvar::kernels

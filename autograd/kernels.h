// kernels: the element-wise loops.
//
// Each kernel is a plain loop, compiled three times (baseline, AVX2 with FMA, AVX-512) and chosen
// when the program starts. The loops call the branch-free functions of vector_math.h, which the
// compiler turns into vector code; kernels_test.cpp holds each against its scalar reference from
// <cmath> and its stated bound. n is a number of elements; arrays do not overlap unless they are
// the same array. `accumulate` kernels add to their output.
#pragma once

#include <cstdint>

namespace gradvar::kernels {

// y += x.
void accumulate(const float* x, float* y, std::int64_t n);
void accumulate(const double* x, double* y, std::int64_t n);
// How many numbers are summed in Real before the sum is handed on to f64: a sum over a batch of any
// size is then good to 256 roundings.
inline constexpr std::int64_t kSummedRows = 256;
// y [columns] += the rows of x [rows, columns], kSummedRows at a time.
void accumulate_rows(const float* x, float* y, std::int64_t rows, std::int64_t columns);
void accumulate_rows(const double* x, double* y, std::int64_t rows, std::int64_t columns);
// y = x * x.
void square(const float* x, float* y, std::int64_t n);
void square(const double* x, double* y, std::int64_t n);
// y = a x, and y = a x * x: rows with the weight of their sample.
void scaled(float a, const float* x, float* y, std::int64_t n);
void scaled(double a, const double* x, double* y, std::int64_t n);
void scaled_square(float a, const float* x, float* y, std::int64_t n);
void scaled_square(double a, const double* x, double* y, std::int64_t n);
// y += a x.
void accumulate_scaled(float a, const float* x, float* y, std::int64_t n);
void accumulate_scaled(double a, const double* x, double* y, std::int64_t n);
// x = a x.
void scale(float a, float* x, std::int64_t n);
void scale(double a, double* x, std::int64_t n);
// rows of y [rows, columns] = the row `bias` [columns].
void broadcast_row(const float* bias, float* y, std::int64_t rows, std::int64_t columns);
void broadcast_row(const double* bias, double* y, std::int64_t rows, std::int64_t columns);

// out[r] = sum of squares of row r of x [rows, columns], in 32 partial sums of Real.
void row_squared_norms(const float* x, double* out, std::int64_t rows, std::int64_t columns);
void row_squared_norms(const double* x, double* out, std::int64_t rows, std::int64_t columns);

// Moments (collectors/moments.h).
// sum += w g, sum_squares += w g^2.
void fold_moments(const float* g, float w, float* sum, float* sum_squares, std::int64_t n);
void fold_moments(const double* g, double w, double* sum, double* sum_squares, std::int64_t n);
// m2 += w (g - mean)^2.
void fold_deviations(const float* g, const float* mean, float w, float* m2, std::int64_t n);
void fold_deviations(const double* g, const double* mean, double w, double* m2, std::int64_t n);
// Another batch into running moments (StreamingMoments), in f64: with delta = mean_b - mean,
//   mean += share delta      m2 += m2_b + between delta^2
void stream_moments(const float* mean_b, const float* m2_b, double share, double between,
                    double* mean, double* m2, std::int64_t n);
void stream_moments(const double* mean_b, const double* m2_b, double share, double between,
                    double* mean, double* m2, std::int64_t n);
// One step of Chan's merge, b into a, in f64. With m = m2 - correction sum^2 (at least 0) for each
// side and delta = sum_b inverse_weight_b - sum_a inverse_weight_a:
//   sum_a = scale (sum_a + sum_b)      m2_a = m_a + m_b + between delta^2
struct LaneMerge {
  double inverse_weight_a, inverse_weight_b;  // 1 / W of each side
  double correction_a, correction_b;          // 1 / W when m2 holds S2, 0 when it holds M2
  double between;                             // W_a W_b / (W_a + W_b)
  double scale;                               // 1, or 1 / (W_a + W_b) to leave the mean
};
// Sums over the results, the largest result, and the largest m2 that had a correction.
struct MergedMoments {
  double sum_squared = 0;
  double m2 = 0;
  double largest_m2 = 0;
  double largest_s2 = 0;
};
// The end of a merge, where there is no b: m2 = m2 - correction sum^2 (at least 0), sum = scale
// sum.
MergedMoments centre_moments(float* sum, float* m2, double correction, double scale,
                             std::int64_t n);
MergedMoments centre_moments(double* sum, double* m2, double correction, double scale,
                             std::int64_t n);
MergedMoments merge_moments(float* sum_a, float* m2_a, const float* sum_b, const float* m2_b,
                            LaneMerge merge, std::int64_t n);
MergedMoments merge_moments(double* sum_a, double* m2_a, const double* sum_b, const double* m2_b,
                            LaneMerge merge, std::int64_t n);

// Activations: forward y = f(x); backward dx += dy * f'(.).
// Bounds are on the forward, relative to |f(x)|, in units of the last place.

// SiLU: y = x / (1 + e^-x). 4 ulp for x >= -87 (f32), -708 (f64); below, where |y| is under 1e-35
// (1e-304), y stays at its value there. Backward recomputes the sigmoid from x.
void silu(const float* x, float* y, std::int64_t n);
void silu(const double* x, double* y, std::int64_t n);
void silu_backward(const float* x, const float* dy, float* dx, std::int64_t n);
void silu_backward(const double* x, const double* dy, double* dx, std::int64_t n);
// SELU: y = lambda x for x > 0, lambda alpha (e^x - 1) otherwise. 4 ulp. Backward needs only y.
void selu(const float* x, float* y, std::int64_t n);
void selu(const double* x, double* y, std::int64_t n);
void selu_backward(const float* y, const float* dy, float* dx, std::int64_t n);
void selu_backward(const double* y, const double* dy, double* dx, std::int64_t n);
// ReLU: y = max(x, 0). Exact. The derivative at 0 is 0, as in PyTorch.
void relu(const float* x, float* y, std::int64_t n);
void relu(const double* x, double* y, std::int64_t n);
void relu_backward(const float* y, const float* dy, float* dx, std::int64_t n);
void relu_backward(const double* y, const double* dy, double* dx, std::int64_t n);
// GELU: y = x Phi(x) by std::erfc, element by element; not vectorised. 4 (1 + x^2) ulp: a rounding
// of the argument is what it costs where Phi falls like e^(-x^2/2).
void gelu(const float* x, float* y, std::int64_t n);
void gelu(const double* x, double* y, std::int64_t n);
void gelu_backward(const float* x, const float* dy, float* dx, std::int64_t n);
void gelu_backward(const double* x, const double* dy, double* dx, std::int64_t n);
// tanh. 4 ulp. Backward needs only y.
void tanh(const float* x, float* y, std::int64_t n);
void tanh(const double* x, double* y, std::int64_t n);
void tanh_backward(const float* y, const float* dy, float* dx, std::int64_t n);
void tanh_backward(const double* y, const double* dy, double* dx, std::int64_t n);

}  // namespace gradvar::kernels

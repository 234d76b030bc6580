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
// y = x * x.
void square(const float* x, float* y, std::int64_t n);
void square(const double* x, double* y, std::int64_t n);
// x = a x.
void scale(float a, float* x, std::int64_t n);
void scale(double a, double* x, std::int64_t n);
// rows of y [rows, columns] = the row `bias` [columns].
void broadcast_row(const float* bias, float* y, std::int64_t rows, std::int64_t columns);
void broadcast_row(const double* bias, double* y, std::int64_t rows, std::int64_t columns);

// Moments (collectors/moments.h).
// sum += w g, sum_squares += w g^2.
void fold_moments(const float* g, float w, float* sum, float* sum_squares, std::int64_t n);
void fold_moments(const double* g, double w, double* sum, double* sum_squares, std::int64_t n);
// m2 += w (g - mean)^2.
void fold_deviations(const float* g, const float* mean, float w, float* m2, std::int64_t n);
void fold_deviations(const double* g, const double* mean, double w, double* m2, std::int64_t n);
// m2 = max(m2 - inverse_weight sum^2, 0), in place; returns the largest m2 before and after.
template <class Real>
struct Largest {
  Real before;
  Real after;
};
Largest<float> centre_moments(const float* sum, float inverse_weight, float* m2, std::int64_t n);
Largest<double> centre_moments(const double* sum, double inverse_weight, double* m2,
                               std::int64_t n);
// One step of Chan's merge: with delta = sum inverse_weight - mean, mean += share delta and
// total_m2 += m2 + between delta^2.
void merge_moments(const float* sum, const float* m2, double inverse_weight, double share,
                   double between, double* mean, double* total_m2, std::int64_t n);
void merge_moments(const double* sum, const double* m2, double inverse_weight, double share,
                   double between, double* mean, double* total_m2, std::int64_t n);
// Round merged moments to Real, and add sum mean^2 and sum m2 to the two totals.
void store_moments(const double* mean, const double* m2, float* mean_out, float* m2_out,
                   std::int64_t n, double* mean_squared_total, double* m2_total);
void store_moments(const double* mean, const double* m2, double* mean_out, double* m2_out,
                   std::int64_t n, double* mean_squared_total, double* m2_total);

// Activations: forward y = f(x); backward dx += dy * f'(.).
// Bounds are on the forward, relative to |f(x)|, in units of the last place.

// SiLU: y = x / (1 + e^-x). 4 ulp. Backward recomputes the sigmoid from x.
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
// tanh. 4 ulp. Backward needs only y.
void tanh(const float* x, float* y, std::int64_t n);
void tanh(const double* x, double* y, std::int64_t n);
void tanh_backward(const float* y, const float* dy, float* dx, std::int64_t n);
void tanh_backward(const double* y, const double* dy, double* dx, std::int64_t n);

}  // namespace gradvar::kernels

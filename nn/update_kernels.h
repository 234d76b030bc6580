// update_kernels: the loops of optimisers, averages and norms over flat blocks.
//
// Plain loops, compiled three times like autograd/kernels.h. n is a number of elements; arrays do
// not overlap. Scalars arrive in f64 and are rounded to Real once, as PyTorch does with its own.
#pragma once

#include <cstdint>

namespace gradvar::kernels {

// SGD. With d = g + weight_decay p:   p -= rate d
struct SgdStep {
  double rate, weight_decay;
};
void sgd(float* p, const float* g, SgdStep step, std::int64_t n);
void sgd(double* p, const double* g, SgdStep step, std::int64_t n);
// With momentum, b the buffer:   b = momentum b + d   p -= rate b, or rate (d + momentum b) when
// nesterov.
struct MomentumStep {
  double rate, weight_decay, momentum;
  bool nesterov;
};
void sgd_momentum(float* p, const float* g, float* b, MomentumStep step, std::int64_t n);
void sgd_momentum(double* p, const double* g, double* b, MomentumStep step, std::int64_t n);

// Adam.   p = shrink p   d = g + weight_decay p
//   m = beta1 m + (1 - beta1) d     v = beta2 v + (1 - beta2) d^2
//   p -= rate m / (sqrt(v) / root_correction + eps)
// AdamW has weight_decay 0 and shrink < 1, Adam shrink 1. rate holds 1 / (1 - beta1^t), and
// root_correction is sqrt(1 - beta2^t).
struct AdamStep {
  double rate, shrink, weight_decay, beta1, beta2, root_correction, eps;
};
void adam(float* p, const float* g, float* m, float* v, AdamStep step, std::int64_t n);
void adam(double* p, const double* g, double* m, double* v, AdamStep step, std::int64_t n);

// average += amount (p - average).
void approach(const float* p, float* average, double amount, std::int64_t n);
void approach(const double* p, double* average, double amount, std::int64_t n);

// Sum of x^2 in f64, in 16 partial sums, whose order depends on n alone.
[[nodiscard]] double sum_of_squares(const float* x, std::int64_t n);
[[nodiscard]] double sum_of_squares(const double* x, std::int64_t n);

}  // namespace gradvar::kernels

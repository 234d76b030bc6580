#include "nn/update_kernels.h"

#include <cmath>

#include "autograd/multiversion.h"

namespace gradvar::kernels {

namespace {

constexpr std::int64_t kPartials = 16;

template <class Real>
GRADVAR_ALWAYS_INLINE void sgd_loop(Real* p, const Real* g, const SgdStep& step, std::int64_t n) {
  const Real rate = Real(step.rate), decay = Real(step.weight_decay);
  for (std::int64_t i = 0; i < n; ++i) p[i] -= rate * (g[i] + decay * p[i]);
}

// Two loops rather than a branch in one.
template <class Real>
GRADVAR_ALWAYS_INLINE void sgd_momentum_loop(Real* p, const Real* g, Real* b,
                                             const MomentumStep& step, std::int64_t n) {
  const Real rate = Real(step.rate), decay = Real(step.weight_decay);
  const Real momentum = Real(step.momentum);
  if (step.nesterov) {
    for (std::int64_t i = 0; i < n; ++i) {
      const Real d = g[i] + decay * p[i];
      const Real next = momentum * b[i] + d;
      b[i] = next;
      p[i] -= rate * (d + momentum * next);
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      const Real next = momentum * b[i] + (g[i] + decay * p[i]);
      b[i] = next;
      p[i] -= rate * next;
    }
  }
}

template <class Real>
GRADVAR_ALWAYS_INLINE void adam_loop(Real* p, const Real* g, Real* m, Real* v, const AdamStep& step,
                                     std::int64_t n) {
  const Real rate = Real(step.rate), shrink = Real(step.shrink), decay = Real(step.weight_decay);
  const Real beta1 = Real(step.beta1), keep1 = Real(1.0 - step.beta1);
  const Real beta2 = Real(step.beta2), keep2 = Real(1.0 - step.beta2);
  const Real root_correction = Real(step.root_correction), eps = Real(step.eps);
  for (std::int64_t i = 0; i < n; ++i) {
    const Real old = shrink * p[i];
    const Real d = g[i] + decay * old;
    const Real mean = beta1 * m[i] + keep1 * d;
    const Real square = beta2 * v[i] + keep2 * (d * d);
    m[i] = mean;
    v[i] = square;
    p[i] = old - rate * (mean / (std::sqrt(square) / root_correction + eps));
  }
}

template <class Real>
GRADVAR_ALWAYS_INLINE void approach_loop(const Real* p, Real* average, double amount,
                                         std::int64_t n) {
  const Real part = Real(amount);
  for (std::int64_t i = 0; i < n; ++i) average[i] += part * (p[i] - average[i]);
}

template <class Real>
GRADVAR_ALWAYS_INLINE double sum_of_squares_loop(const Real* x, std::int64_t n) {
  double partial[kPartials] = {};
  std::int64_t i = 0;
  for (; i + kPartials <= n; i += kPartials) {
    for (std::int64_t j = 0; j < kPartials; ++j) {
      const double value = static_cast<double>(x[i + j]);
      partial[j] += value * value;
    }
  }
  for (std::int64_t j = 0; i + j < n; ++j) {
    const double value = static_cast<double>(x[i + j]);
    partial[j] += value * value;
  }
  double sum = 0;
  for (const double part : partial) sum += part;
  return sum;
}

}  // namespace

GRADVAR_MULTIVERSION void sgd(float* p, const float* g, SgdStep step, std::int64_t n) {
  sgd_loop(p, g, step, n);
}
GRADVAR_MULTIVERSION void sgd(double* p, const double* g, SgdStep step, std::int64_t n) {
  sgd_loop(p, g, step, n);
}
GRADVAR_MULTIVERSION void sgd_momentum(float* p, const float* g, float* b, MomentumStep step,
                                       std::int64_t n) {
  sgd_momentum_loop(p, g, b, step, n);
}
GRADVAR_MULTIVERSION void sgd_momentum(double* p, const double* g, double* b, MomentumStep step,
                                       std::int64_t n) {
  sgd_momentum_loop(p, g, b, step, n);
}
GRADVAR_MULTIVERSION void adam(float* p, const float* g, float* m, float* v, AdamStep step,
                               std::int64_t n) {
  adam_loop(p, g, m, v, step, n);
}
GRADVAR_MULTIVERSION void adam(double* p, const double* g, double* m, double* v, AdamStep step,
                               std::int64_t n) {
  adam_loop(p, g, m, v, step, n);
}
GRADVAR_MULTIVERSION void approach(const float* p, float* average, double amount, std::int64_t n) {
  approach_loop(p, average, amount, n);
}
GRADVAR_MULTIVERSION void approach(const double* p, double* average, double amount,
                                   std::int64_t n) {
  approach_loop(p, average, amount, n);
}
GRADVAR_MULTIVERSION double sum_of_squares(const float* x, std::int64_t n) {
  return sum_of_squares_loop(x, n);
}
GRADVAR_MULTIVERSION double sum_of_squares(const double* x, std::int64_t n) {
  return sum_of_squares_loop(x, n);
}

}  // namespace gradvar::kernels

// The loops behind collectors/moments.cpp.

#include "autograd/kernels.h"
#include "autograd/multiversion.h"

namespace gradvar::kernels {

namespace {

constexpr int kSums = 8;  // partial sums kept apart, so that a reduction needs no reassociation

template <class Real>
GRADVAR_ALWAYS_INLINE void fold_moments_loop(const Real* g, Real w, Real* sum, Real* sum_squares,
                                             std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const Real wg = w * g[i];
    sum[i] += wg;
    sum_squares[i] += wg * g[i];
  }
}

template <class Real>
GRADVAR_ALWAYS_INLINE void fold_deviations_loop(const Real* g, const Real* mean, Real w, Real* m2,
                                                std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const Real deviation = g[i] - mean[i];
    m2[i] += w * deviation * deviation;
  }
}

// A maximum is exact in any order, but only a fixed number of lanes lets the compiler see that.
template <class Real>
GRADVAR_ALWAYS_INLINE Largest<Real> centre_moments_loop(const Real* sum, Real inverse_weight,
                                                        Real* m2, std::int64_t n) {
  constexpr int kWidth = 16;
  Real before[kWidth] = {}, after[kWidth] = {};
  std::int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    for (int j = 0; j < kWidth; ++j) {
      const Real old = m2[i + j];
      const Real centred = old - inverse_weight * sum[i + j] * sum[i + j];
      const Real positive = centred < Real(0) ? Real(0) : centred;  // a NaN stays one
      m2[i + j] = positive;
      before[j] = old > before[j] ? old : before[j];
      after[j] = positive > after[j] ? positive : after[j];
    }
  }
  Largest<Real> largest{0, 0};
  for (int j = 0; j < kWidth; ++j) {
    largest.before = before[j] > largest.before ? before[j] : largest.before;
    largest.after = after[j] > largest.after ? after[j] : largest.after;
  }
  for (; i < n; ++i) {
    const Real old = m2[i];
    const Real centred = old - inverse_weight * sum[i] * sum[i];
    m2[i] = centred < Real(0) ? Real(0) : centred;
    largest.before = old > largest.before ? old : largest.before;
    largest.after = m2[i] > largest.after ? m2[i] : largest.after;
  }
  return largest;
}

template <class Real>
GRADVAR_ALWAYS_INLINE void merge_moments_loop(const Real* sum, const Real* m2,
                                              double inverse_weight, double share, double between,
                                              double* mean, double* total_m2, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const double delta = static_cast<double>(sum[i]) * inverse_weight - mean[i];
    mean[i] += share * delta;
    total_m2[i] += static_cast<double>(m2[i]) + between * delta * delta;
  }
}

template <class Real>
GRADVAR_ALWAYS_INLINE void store_moments_loop(const double* mean, const double* m2, Real* mean_out,
                                              Real* m2_out, std::int64_t n,
                                              double* mean_squared_total, double* m2_total) {
  double mean_squared[kSums] = {}, deviations[kSums] = {};
  std::int64_t i = 0;
  for (; i + kSums <= n; i += kSums) {
    for (int j = 0; j < kSums; ++j) {
      mean_out[i + j] = static_cast<Real>(mean[i + j]);
      m2_out[i + j] = static_cast<Real>(m2[i + j]);
      mean_squared[j] += mean[i + j] * mean[i + j];
      deviations[j] += m2[i + j];
    }
  }
  for (; i < n; ++i) {
    mean_out[i] = static_cast<Real>(mean[i]);
    m2_out[i] = static_cast<Real>(m2[i]);
    mean_squared[0] += mean[i] * mean[i];
    deviations[0] += m2[i];
  }
  for (int j = 0; j < kSums; ++j) {
    *mean_squared_total += mean_squared[j];
    *m2_total += deviations[j];
  }
}

}  // namespace

GRADVAR_MULTIVERSION void fold_moments(const float* g, float w, float* sum, float* sum_squares,
                                       std::int64_t n) {
  fold_moments_loop(g, w, sum, sum_squares, n);
}
GRADVAR_MULTIVERSION void fold_moments(const double* g, double w, double* sum, double* sum_squares,
                                       std::int64_t n) {
  fold_moments_loop(g, w, sum, sum_squares, n);
}
GRADVAR_MULTIVERSION void fold_deviations(const float* g, const float* mean, float w, float* m2,
                                          std::int64_t n) {
  fold_deviations_loop(g, mean, w, m2, n);
}
GRADVAR_MULTIVERSION void fold_deviations(const double* g, const double* mean, double w, double* m2,
                                          std::int64_t n) {
  fold_deviations_loop(g, mean, w, m2, n);
}
GRADVAR_MULTIVERSION Largest<float> centre_moments(const float* sum, float inverse_weight,
                                                   float* m2, std::int64_t n) {
  return centre_moments_loop(sum, inverse_weight, m2, n);
}
GRADVAR_MULTIVERSION Largest<double> centre_moments(const double* sum, double inverse_weight,
                                                    double* m2, std::int64_t n) {
  return centre_moments_loop(sum, inverse_weight, m2, n);
}
GRADVAR_MULTIVERSION void merge_moments(const float* sum, const float* m2, double inverse_weight,
                                        double share, double between, double* mean,
                                        double* total_m2, std::int64_t n) {
  merge_moments_loop(sum, m2, inverse_weight, share, between, mean, total_m2, n);
}
GRADVAR_MULTIVERSION void merge_moments(const double* sum, const double* m2, double inverse_weight,
                                        double share, double between, double* mean,
                                        double* total_m2, std::int64_t n) {
  merge_moments_loop(sum, m2, inverse_weight, share, between, mean, total_m2, n);
}
GRADVAR_MULTIVERSION void store_moments(const double* mean, const double* m2, float* mean_out,
                                        float* m2_out, std::int64_t n, double* mean_squared_total,
                                        double* m2_total) {
  store_moments_loop(mean, m2, mean_out, m2_out, n, mean_squared_total, m2_total);
}
GRADVAR_MULTIVERSION void store_moments(const double* mean, const double* m2, double* mean_out,
                                        double* m2_out, std::int64_t n, double* mean_squared_total,
                                        double* m2_total) {
  store_moments_loop(mean, m2, mean_out, m2_out, n, mean_squared_total, m2_total);
}

}  // namespace gradvar::kernels

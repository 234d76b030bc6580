// The loops behind collectors/moments.cpp.

#include <algorithm>

#include "autograd/kernels.h"
#include "autograd/multiversion.h"

namespace gradvar::kernels {

namespace {

constexpr int kPartials = 16;
constexpr std::int64_t kPair = 2 * kPartials;

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

template <class Real>
GRADVAR_ALWAYS_INLINE void stream_moments_loop(const Real* mean_b, const Real* m2_b, double share,
                                               double between, double* mean, double* m2,
                                               std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const double delta = static_cast<double>(mean_b[i]) - mean[i];
    mean[i] += delta * share;
    m2[i] += static_cast<double>(m2_b[i]) + delta * delta * between;
  }
}

// Sums and maxima over the elements, in kPartials places kept apart, so that the compiler need not
// reassociate; a maximum starts at 0 and passes over a NaN, which is looked for in the losses
// instead.
template <class Real>
struct MomentSums {
  double squared[kPartials] = {}, deviations[kPartials] = {};
  Real largest_m2[kPartials] = {}, largest_s2[kPartials] = {};

  GRADVAR_ALWAYS_INLINE void add(int j, double mean, double m2, Real s2) {
    const Real m = static_cast<Real>(m2);
    largest_s2[j] = s2 > largest_s2[j] ? s2 : largest_s2[j];
    largest_m2[j] = m > largest_m2[j] ? m : largest_m2[j];
    squared[j] += mean * mean;
    deviations[j] += m2;
  }
  [[nodiscard]] MergedMoments whole() const {
    MergedMoments merged;
    for (int j = 0; j < kPartials; ++j) {
      merged.sum_squared += squared[j];
      merged.m2 += deviations[j];
    }
    merged.largest_m2 = static_cast<double>(*std::max_element(largest_m2, largest_m2 + kPartials));
    merged.largest_s2 = static_cast<double>(*std::max_element(largest_s2, largest_s2 + kPartials));
    return merged;
  }
};

// one(i, j) for every element i, j its place among the partials.
template <class One>
GRADVAR_ALWAYS_INLINE void by_partials(std::int64_t n, const One& one) {
  std::int64_t i = 0;
  for (; i + kPartials <= n; i += kPartials) {
    for (int j = 0; j < kPartials; ++j) one(i + j, j);
  }
  for (; i < n; ++i) one(i, 0);
}

template <class Real>
GRADVAR_ALWAYS_INLINE MergedMoments merge_moments_loop(Real* sum_a, Real* m2_a, const Real* sum_b,
                                                       const Real* m2_b, LaneMerge merge,
                                                       std::int64_t n) {
  const Real counts_a = merge.correction_a > 0 ? Real(1) : Real(0);
  const Real counts_b = merge.correction_b > 0 ? Real(1) : Real(0);
  MomentSums<Real> sums;
  by_partials(n, [&](std::int64_t i, int j) {
    const double sa = static_cast<double>(sum_a[i]), sb = static_cast<double>(sum_b[i]);
    const double ma = static_cast<double>(m2_a[i]) - merge.correction_a * sa * sa;
    const double mb = static_cast<double>(m2_b[i]) - merge.correction_b * sb * sb;
    const double delta = merge.inverse_weight_b * sb - merge.inverse_weight_a * sa;
    const double m = (ma < 0 ? 0 : ma) + (mb < 0 ? 0 : mb) + merge.between * delta * delta;
    const double s = merge.scale * (sa + sb);
    const Real before_a = counts_a * m2_a[i], before_b = counts_b * m2_b[i];
    sum_a[i] = static_cast<Real>(s);
    m2_a[i] = static_cast<Real>(m);
    sums.add(j, s, m, before_a > before_b ? before_a : before_b);
  });
  return sums.whole();
}

template <class Real>
GRADVAR_ALWAYS_INLINE MergedMoments centre_moments_loop(Real* sum, Real* m2, double correction,
                                                        double scale, std::int64_t n) {
  const Real counts = correction > 0 ? Real(1) : Real(0);
  MomentSums<Real> sums;
  by_partials(n, [&](std::int64_t i, int j) {
    const double s = static_cast<double>(sum[i]);
    const double difference = static_cast<double>(m2[i]) - correction * s * s;
    const double m = difference < 0 ? 0 : difference;
    const Real before = counts * m2[i];
    sum[i] = static_cast<Real>(scale * s);
    m2[i] = static_cast<Real>(m);
    sums.add(j, scale * s, m, before);
  });
  return sums.whole();
}

// Two times kPartials sums side by side, so that one addition need not wait for the other.
template <class Real>
GRADVAR_ALWAYS_INLINE void row_squared_norms_loop(const Real* x, double* out, std::int64_t rows,
                                                  std::int64_t columns) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const Real* row = x + r * columns;
    Real even[kPartials] = {}, odd[kPartials] = {};
    std::int64_t i = 0;
    for (; i + kPair <= columns; i += kPair) {
      for (int j = 0; j < kPartials; ++j) even[j] += row[i + j] * row[i + j];
      for (int j = 0; j < kPartials; ++j) {
        odd[j] += row[i + kPartials + j] * row[i + kPartials + j];
      }
    }
    double sum = 0;
    for (; i < columns; ++i) sum += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    double quarter[4] = {};
    for (int j = 0; j < kPartials; ++j) quarter[j % 4] += static_cast<double>(even[j] + odd[j]);
    out[r] = sum + ((quarter[0] + quarter[1]) + (quarter[2] + quarter[3]));
  }
}

}  // namespace

GRADVAR_MULTIVERSION void row_squared_norms(const float* x, double* out, std::int64_t rows,
                                            std::int64_t columns) {
  row_squared_norms_loop(x, out, rows, columns);
}
GRADVAR_MULTIVERSION void row_squared_norms(const double* x, double* out, std::int64_t rows,
                                            std::int64_t columns) {
  row_squared_norms_loop(x, out, rows, columns);
}
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
GRADVAR_MULTIVERSION void stream_moments(const float* mean_b, const float* m2_b, double share,
                                         double between, double* mean, double* m2, std::int64_t n) {
  stream_moments_loop(mean_b, m2_b, share, between, mean, m2, n);
}
GRADVAR_MULTIVERSION void stream_moments(const double* mean_b, const double* m2_b, double share,
                                         double between, double* mean, double* m2, std::int64_t n) {
  stream_moments_loop(mean_b, m2_b, share, between, mean, m2, n);
}
GRADVAR_MULTIVERSION MergedMoments centre_moments(float* sum, float* m2, double correction,
                                                  double scale, std::int64_t n) {
  return centre_moments_loop(sum, m2, correction, scale, n);
}
GRADVAR_MULTIVERSION MergedMoments centre_moments(double* sum, double* m2, double correction,
                                                  double scale, std::int64_t n) {
  return centre_moments_loop(sum, m2, correction, scale, n);
}
GRADVAR_MULTIVERSION MergedMoments merge_moments(float* sum_a, float* m2_a, const float* sum_b,
                                                 const float* m2_b, LaneMerge merge,
                                                 std::int64_t n) {
  return merge_moments_loop(sum_a, m2_a, sum_b, m2_b, merge, n);
}
GRADVAR_MULTIVERSION MergedMoments merge_moments(double* sum_a, double* m2_a, const double* sum_b,
                                                 const double* m2_b, LaneMerge merge,
                                                 std::int64_t n) {
  return merge_moments_loop(sum_a, m2_a, sum_b, m2_b, merge, n);
}

}  // namespace gradvar::kernels

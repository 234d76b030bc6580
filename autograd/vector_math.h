// vector_math: exp, expm1 and their relatives without branches or calls, so that a loop over them
// becomes vector code.
//
// Reduction: x = k ln2 + r, |r| <= ln2 / 2; e^r - 1 by its Taylor polynomial, long enough that the
// truncation is below half an ulp; then e^x - 1 = 2^k (e^r - 1) + (2^k - 1), which keeps its
// relative accuracy near 0. Bounds are tested in kernels_test.cpp over the whole range:
//   expm1_fast   2 ulp   exp_fast  2 ulp   sigmoid_within  4 ulp   tanh_fast  4 ulp
// Arguments are clamped to the range in which the result is finite and normal (sigmoid_within
// leaves that to its caller); a NaN stays a NaN.
#pragma once

#include <bit>
#include <cstdint>

#include "autograd/multiversion.h"

namespace gradvar::vector_math {

// 2^k for a whole number k in the normal range, by writing the exponent's bits. Adding 1.5 times
// the number whose ulp is 1 leaves k in the low bits: a conversion to an integer would be undefined
// for a NaN, and vectors have one for 64 bits only in AVX-512.
GRADVAR_ALWAYS_INLINE float power_of_two(float k) {
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(k + 0x1.8p23f) + 127) << 23);
}
GRADVAR_ALWAYS_INLINE double power_of_two(double k) {
  return std::bit_cast<double>((std::bit_cast<std::uint64_t>(k + 0x1.8p52) + 1023) << 52);
}

// x to the nearest whole number, by adding and subtracting a number whose ulp is 1.
GRADVAR_ALWAYS_INLINE float nearest(float x) { return (x + 0x1.8p23f) - 0x1.8p23f; }
GRADVAR_ALWAYS_INLINE double nearest(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

template <class Real>
GRADVAR_ALWAYS_INLINE Real clamp(Real x, Real low, Real high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// x = k ln2 + r; returns e^r - 1 and 2^k.
struct ReducedF32 {
  float m;      // e^r - 1
  float scale;  // 2^k
};
GRADVAR_ALWAYS_INLINE ReducedF32 reduce_within(float x) {
  const float k = nearest(x * 1.44269504F);
  const float r = (x - k * 0.693359375F) + k * 2.12194440e-4F;  // ln2 in two parts
  float p = 1.0F / 5040;
  p = p * r + 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  return {r + r * r * p, power_of_two(k)};
}
struct ReducedF64 {
  double m;
  double scale;
};
GRADVAR_ALWAYS_INLINE ReducedF64 reduce_within(double x) {
  const double k = nearest(x * 1.4426950408889634);
  const double r = (x - k * 0x1.62e42fefa38p-1) - k * 0x1.ef35793c7673p-45;
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  return {r + r * r * p, power_of_two(k)};
}

GRADVAR_ALWAYS_INLINE ReducedF32 reduce(float x) { return reduce_within(clamp(x, -87.0F, 88.0F)); }
GRADVAR_ALWAYS_INLINE ReducedF64 reduce(double x) { return reduce_within(clamp(x, -708.0, 709.0)); }

template <class Real>
GRADVAR_ALWAYS_INLINE Real expm1_fast(Real x) {
  const auto [m, scale] = reduce(x);
  return scale * m + (scale - Real(1));
}
template <class Real>
GRADVAR_ALWAYS_INLINE Real exp_fast(Real x) {
  const auto [m, scale] = reduce(x);
  return scale * m + scale;
}
// 1 / (1 + e^-x). REQUIRES: |x| at most 87 (f32) or 708 (f64), or NaN; who calls it has a clamp of
// his own.
template <class Real>
GRADVAR_ALWAYS_INLINE Real sigmoid_within(Real x) {
  const auto [m, scale] = reduce_within(-x);
  return Real(1) / (Real(1) + (scale * m + scale));
}
// From expm1(2x), which near 0 keeps what exp(2x) - 1 would lose.
template <class Real>
GRADVAR_ALWAYS_INLINE Real tanh_fast(Real x) {
  const Real e = expm1_fast(clamp(Real(2) * x, Real(-40), Real(40)));
  return e / (e + Real(2));
}

}  // namespace gradvar::vector_math

// factors: a parameter's per-sample gradients before anyone has added them up.
//
//   B  samples        T  positions of one sample      p  fan-out      d  fan-in
//
// This is the idea everything here stands on. In reverse mode the adjoints of a batch are
// per-sample already; what is left is the moment when a parameter collects over the batch. An op
// does not sum there. It hands over the two sides of the product it would have summed, and a
// collector (collector.h) makes of them what was asked for: the sum, the variance, the norms, the
// Gram matrix, a projection, or the per-sample gradients themselves.
//
//   form     gradient of sample n                     who produces it
//   kOuter   g_n = sum_t delta_nt (x) a_nt   [p,d]    dense (T = 1 or tokens), convolution
//   kRows    g_n given whole                 [size]   biases, gains, embeddings, free parameters
//
// A parameter that is used more than once on a tape has one factor per use, and its gradient is
// their sum: the uses are concatenated along t before anything is squared. That is exact, and the
// only thing a collector must respect to be right for shared weights.
#pragma once

#include <cstdint>
#include <span>

#include "autograd/arena.h"
#include "autograd/parameters.h"

namespace gradvar {

// One use of a parameter. Points into a tape's arena; valid until that tape is reset.
template <class Real>
struct Factor {
  enum class Form { kRows, kOuter };

  [[nodiscard]] static Factor rows(const Real* gradients) {
    return {Form::kRows, 1, gradients, nullptr};
  }
  [[nodiscard]] static Factor outer(const Real* delta, const Real* a, std::int64_t positions) {
    return {Form::kOuter, positions, delta, a};
  }

  Form form;
  std::int64_t positions;  // T
  const Real* delta;       // kOuter: [B,T,p]; kRows: the gradients themselves, [B,size]
  const Real* a;           // kOuter: [B,T,d]
};

// The gradients of one parameter for every sample of one lane: all its uses, complete.
template <class Real>
struct SampleGradients {
  ParameterId parameter;
  std::int64_t batch;    // B, samples in this lane
  std::int64_t fan_out;  // p: the parameter's first axis, when any use is kOuter
  std::int64_t fan_in;   // d: the rest; p * d = size
  std::span<const Factor<Real>> uses;

  [[nodiscard]] std::int64_t size() const { return fan_out * fan_in; }
  // T over all uses.
  [[nodiscard]] std::int64_t positions() const;
  // One use with T = 1: the case in which squares and norms factor too.
  [[nodiscard]] bool single_outer() const {
    return uses.size() == 1 && uses[0].form == Factor<Real>::Form::kOuter && uses[0].positions == 1;
  }
  [[nodiscard]] bool single_rows() const {
    return uses.size() == 1 && uses[0].form == Factor<Real>::Form::kRows;
  }
  // g_n, whole, into out [size]. The definition; every shortcut must agree with it.
  void materialise(std::int64_t n, Real* out) const;
};

}  // namespace gradvar

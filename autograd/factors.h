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
//   kOuter   g_n = sum_t delta_nt (x) a_nt   [p,d]    dense (T = 1 or tokens), 1x1 convolution
//   kPatches the same, a_nt the window at t of an     convolution: patches.h; a_nt is gathered by
//            image [H,W,C]                            tiles, and g_n comes out as [p,k,k,C] first
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
#include "autograd/patches.h"

namespace gradvar {

// One use of a parameter. Points into a tape's arena; valid until that tape is reset.
template <class Real>
struct Factor {
  enum class Form { kRows, kOuter, kPatches };

  [[nodiscard]] static Factor rows(const Real* gradients) {
    return {Form::kRows, 1, gradients, nullptr, {}};
  }
  [[nodiscard]] static Factor outer(const Real* delta, const Real* a, std::int64_t positions) {
    return {Form::kOuter, positions, delta, a, {}};
  }
  [[nodiscard]] static Factor patches(const Real* delta, const Real* images,
                                      const PatchGrid& grid) {
    return {Form::kPatches, grid.positions(), delta, images, grid};
  }

  Form form;
  std::int64_t positions;  // T
  const Real* delta;       // [B,T,p]; kRows: the gradients themselves, [B,size]
  const Real* a;           // kOuter: [B,T,d]; kPatches: the images, [B,H,W,C]
  PatchGrid grid;          // kPatches
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
  [[nodiscard]] bool all_outer() const { return all_of_form(Factor<Real>::Form::kOuter); }
  // Every use over patches: gradients are made in patch order, and their sums put in the
  // parameter's order once, at the end.
  [[nodiscard]] bool all_patches() const { return all_of_form(Factor<Real>::Form::kPatches); }
  // Numbers of one sample in a use's delta and in its a.
  [[nodiscard]] std::int64_t delta_size(const Factor<Real>& use) const;
  [[nodiscard]] std::int64_t a_size(const Factor<Real>& use) const;
  // g_n, whole, into out [size]. The definition; every shortcut must agree with it.
  void materialise(std::int64_t n, Arena& scratch, Real* out) const;
  // The same in whichever order is at hand: patch order, [p,k,k,C], where all uses are over
  // patches, else the parameter's.
  void materialise_as_made(std::int64_t n, Arena& scratch, Real* out) const;

 private:
  [[nodiscard]] bool all_of_form(typename Factor<Real>::Form form) const;
};

// out [p,k,k,C] = beta out + sum over the samples [begin, end) and positions t of
// delta_nt (x) a_nt, tile by tile. `delta` stands for the use's own. REQUIRES: a use over patches.
template <class Real>
void add_patch_products(const Factor<Real>& use, const Real* delta, std::int64_t begin,
                        std::int64_t end, std::int64_t fan_out, Arena& scratch, Real beta,
                        Real* out);

}  // namespace gradvar

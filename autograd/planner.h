// planner: which formula a collector uses for a parameter, decided in one place.
//
//   B samples   T positions over all uses   p fan-out   d fan-in
//
// The square of a sum over positions is not the sum of squares: what factors for T = 1 does not for
// T > 1. Multiplications, per parameter and batch:
//
//   statistic   kRows       kFactored (one use, T = 1)     kPositions             kFolded
//   moments     2 B p d     B p d more than the sum        -                      B p d (T + 2)
//   norms       B p d       B (p + d)                      B T^2 (p + d)          B p d (T + 1)
//   Gram        B^2 p d     B^2 (p + d)                    B^2 T^2 (p + d)        B p d (K T + B)
//
// with K = B / kGramBlock, since blocks of the Gram matrix make their sides anew;
// and the sum itself costs B p d T (kRows: B p d). A fold over patches costs what one over outer
// products does: only where a_nt comes from differs, and gathering multiplies nothing.
//
// Every formula is exact; the choice is one of cost only. Tests run each of them on the same input.
// collectors/plans.h shows the choice and its cost for a network.
#pragma once

#include <string_view>

#include "autograd/factors.h"

namespace gradvar {

// The Gram matrix is made in blocks of so many samples a side.
inline constexpr std::int64_t kGramBlock = 128;

enum class Formula {
  kRows,       // gradients given whole: work on the rows
  kFactored,   // one outer product a sample: squares and norms factor
  kPositions,  // inner products between positions: sum_ts (a_t . a_s)(delta_t . delta_s)
  kFolded,     // each sample's gradient made whole in a tile, and folded while it is in cache
};

[[nodiscard]] std::string_view to_string(Formula formula);

template <class Real>
[[nodiscard]] Formula plan_moments(const SampleGradients<Real>& gradients);
template <class Real>
[[nodiscard]] Formula plan_norms(const SampleGradients<Real>& gradients);
// `batch` is the whole batch, of which `gradients` may hold one lane's samples.
template <class Real>
[[nodiscard]] Formula plan_gram(const SampleGradients<Real>& gradients, std::int64_t batch);

// Multiplications over `batch` samples by the table above: of the sum, of the moments (the sum
// among them) and of the norms by a formula that serves these gradients.
template <class Real>
[[nodiscard]] double sum_multiplications(const SampleGradients<Real>& gradients,
                                         std::int64_t batch);
template <class Real>
[[nodiscard]] double moments_multiplications(const SampleGradients<Real>& gradients,
                                             Formula formula, std::int64_t batch);
template <class Real>
[[nodiscard]] double norms_multiplications(const SampleGradients<Real>& gradients, Formula formula,
                                           std::int64_t batch);

}  // namespace gradvar

// spectrum: the eigenvalues of the covariance of per-sample gradients, and how many count.
//
// The covariance is P x P; its nonzero eigenvalues are those of an M x M matrix, M samples with
// weights w_n adding up to one (the "kernel trick" for covariances):
//
//   K = D (I - 1 w^T) G (I - w 1^T) D,   G_nm = <g_n, g_m>,   D = diag(sqrt w_n)
//
// tr K = tr Cov exactly, and K has rank M - 1 at most. With p_j = lambda_j / sum lambda:
//
//   effective rank        exp(-sum p_j log p_j)      (Roy and Vetterli, "The effective rank", 2007)
//   participation ratio   1 / sum p_j^2              both lie between 1 and the number of nonzeros
//
// Memory: G and its eigenvectors, 2 M^2 doubles, and the samples' factors (GramCollector); time
// M^2 (p + d) a layer and M^3 for the eigenvalues.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "flow/variance.h"

namespace gradvar {

struct Spectrum {
  std::vector<double> eigenvalues;  // descending; what rounding could make of 0 is left out
  double trace = 0;                 // of all of them
  double effective_rank = 0;        // 0 when every eigenvalue is 0, as is the next
  double participation_ratio = 0;
  std::int64_t samples = 0;
  bool complete = false;  // the samples are the whole design, not a sample of it
};

// gram [M, M] symmetric, weights [M] not negative with a positive sum. `epsilon` is the unit
// roundoff the Gram matrix was computed in: eigenvalues below 8 epsilon sum_n w_n |g_n|^2 count as
// 0. Throws std::invalid_argument for sizes that do not fit.
[[nodiscard]] Spectrum spectrum_of(const Tensor<double>& gram, std::span<const double> weights,
                                   double epsilon);

inline constexpr std::int64_t kMostSpectrumSamples = 8192;

// The spectrum over the whole design of `options` when it has at most `most` samples. Otherwise
// over `most` samples of the law with equal weights, always the same, so that a spectrum compares
// with that of other weights. There are s = min(N, most) slots, evenly among the pairs; sample n is
// visit k = floor(n / s) of slot i = n mod s, at the time frac(i sqrt(2) + k phi + 1/2) of
// [t_begin, t_end], phi the golden ratio, with noise of its own. Throws std::invalid_argument
// unless 2 <= most <= kMostSpectrumSamples.
template <class Real>
[[nodiscard]] Spectrum measure_spectrum(Engine<Real>& engine, const Model<Real>& model,
                                        const Interpolant& interpolant, const Tensor<Real>& x0,
                                        const Tensor<Real>& x1, const VarianceOptions& options,
                                        std::int64_t most);

}  // namespace gradvar

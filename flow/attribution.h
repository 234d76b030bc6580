// attribution: the gradient variance of a layer by what causes it: the pair, the time, the noise.
//
// The law of total variance, for traces, with g the gradient of sample (pair i, node k, noise r):
//
//   tr Cov g = (E|m_i|^2 - |m|^2) + (E|m_ik|^2 - E|m_i|^2) + (E|g|^2 - E|m_ik|^2)
//               between pairs        over time               over noise
//   m = E g    m_i = E[g | pair]    m_ik = E[g | pair, t]
//
// Each squared norm of a conditional mean is a block sum of the Gram matrix of per-sample
// gradients, sum_nm w_n w_m <g_n, g_m>; GroupNormsCollector gives it without the matrix and for all
// pairs, so no subset is taken and memory stays O(parameters). The three parts add up to E|g|^2 -
// |m|^2 by construction; rounding is relative to E|g|^2.
//
// With drawn noise (R draws, not Gauss-Hermite nodes) the parts above are those of the law of the
// draws. A mean over R draws still carries noise of its own, V_ik / R with V_ik the unbiased
// variance over draws, which inflates what lies above it. Taken out,
//
//   noise = E V_ik
//   time  = plain - sum_i sum_k (w_k - w_k^2) V_ik / (N R)
//   pair  = plain - (1 - 1/N) sum_i sum_k w_k^2 V_ik / (N R)
//
// are unbiased, and add up to the unbiased trace. They may come out below 0 where a part is small.
#pragma once

namespace gradvar {

// Parts of a trace.
struct VarianceParts {
  double pair = 0, time = 0, noise = 0;
  [[nodiscard]] double total() const { return pair + time + noise; }
};

// Sums over the design that the parts are made of, for a layer or the whole. Norms add over
// parameters, so sums of two parameters' are those of both.
struct NestedSquares {
  double mean = 0;     // |m|^2
  double pair = 0;     // E|m_i|^2
  double moment = 0;   // E|m_ik|^2
  double sample = 0;   // E|g|^2
  double squares = 0;  // sum_i sum_k w_k^2 V_ik / N, where noise is drawn

  NestedSquares& operator+=(const NestedSquares& other);
  // For the law of the samples there are.
  [[nodiscard]] VarianceParts parts() const;
  // For the law of the noise itself. REQUIRES: draws >= 2; pairs >= 1.
  [[nodiscard]] VarianceParts unbiased_parts(double pairs, double draws) const;
};

}  // namespace gradvar

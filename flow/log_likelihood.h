// log_likelihood: how likely a flow makes given points, exactly or by an unbiased estimate.
//
//   log p_1(x_1) = log p_0(x_0) - integral over t of tr J(x_t, t),    J = dv/dx
//
// along the path that ends in x_1, followed backwards (Chen et al., "Neural ordinary differential
// equations", 2018). The trace takes one reverse pass a coordinate, as rows of one batch: row n is
// repeated with the seeds e_1 .. e_d. Beyond `exact_dims` coordinates it is Hutchinson's estimate,
// the mean of e^T J e over `probes` random signs e, drawn once a sample and kept along its path
// (Grathwohl et al., "FFJORD", 2019): its spread is that of the off-diagonal of J. Each probe has
// an integral of its own, so that their spread is the standard error of their mean. An adaptive
// solver's error norm is a mean over all entries of the state, the probes' integrals among them: it
// bounds their error on average, and the more probes, the less x's own counts. Units: nats.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "autograd/lanes.h"
#include "autograd/tensor.h"
#include "flow/affine_map.h"
#include "flow/field.h"
#include "flow/solver.h"
#include "nn/model.h"

namespace gradvar {

struct TraceOptions {
  std::int64_t exact_dims = 64;  // most coordinates whose trace is exact
  std::int64_t probes = 8;       // beyond
  std::uint64_t seed = 0;        // of the probes
};

// A network with the trace of its Jacobian: a state is x, the integrals so far, one when the trace
// is exact and otherwise one a probe, and the sample's number, [d + integrals + 1]; its velocity is
// v, tr J or each e^T J e, and 0.
template <class Real>
class TraceField final : public Field<Real> {
 public:
  // Model and pool must outlive the field. Throws std::invalid_argument unless probes >= 1.
  TraceField(const Model<Real>& model, LanePool& pool, const TraceOptions& options = {});

  [[nodiscard]] Shape sample_shape() const override { return {dim_ + integrals() + 1}; }
  [[nodiscard]] bool exact() const { return dim_ <= options_.exact_dims; }
  [[nodiscard]] std::int64_t integrals() const { return exact() ? 1 : options_.probes; }
  void velocity(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                std::span<Real> out) const override;

 private:
  [[nodiscard]] std::int64_t seeds() const { return exact() ? dim_ : options_.probes; }
  void evaluate(Tape<Real>& tape, std::span<const Real> states, std::span<const Real> t,
                std::int64_t rows, std::span<Real> out) const;

  const Model<Real>& model_;
  LanePool& pool_;
  TraceOptions options_;
  std::int64_t dim_;
  mutable std::vector<std::unique_ptr<Tape<Real>>> tapes_;  // by task
};

struct LogLikelihood {
  std::vector<double> nats;  // of each row
  bool exact = true;         // the trace; the paths are as exact as the solver
  double mean_evaluations = 0;
  // Of each row's nats, over its probes: independent from row to row. Empty when the trace is
  // exact, NaN for a single probe.
  std::vector<double> standard_error{};
};

// x [N, sample...], of a flow that starts from the Gaussian law `source`. Throws
// std::invalid_argument when shapes do not fit or the covariance is singular, and as solve does.
template <class Real>
[[nodiscard]] LogLikelihood log_likelihood(const Model<Real>& model, LanePool& pool,
                                           const GaussianMoments& source, const Tensor<double>& x,
                                           const SolverOptions& solver,
                                           const TraceOptions& options = {});

// log N(x_n; mean, covariance) for every row of x [N, ...]. Throws std::invalid_argument when a row
// has another size or the covariance is singular.
[[nodiscard]] std::vector<double> gaussian_log_density(const GaussianMoments& law,
                                                       const Tensor<double>& x);

}  // namespace gradvar

// variance: the exact gradient variance of a model on finitely many pairs.
//
// The law of a training sample is: a pair, uniform; t, uniform; z, normal. The sum over pairs is
// finite and t is one-dimensional, so with Gauss-Legendre nodes in t the mean and the variance of
// the per-sample gradient are weighted finite sums: no Monte Carlo, and O(parameters) memory, since
// microbatches stream through MomentsCollector into StreamingMoments. Noise, where the interpolant
// has it, is drawn once for each (pair, node, draw) and kept: the same z at every measurement.
//
// Time is cut into bins with their own nodes, so that the variance over t comes with the total: the
// law of total variance is Chan's merge, bin by bin.
#pragma once

#include <cstdint>
#include <vector>

#include "autograd/engine.h"
#include "autograd/statistics.h"
#include "flow/interpolant.h"
#include "nn/model.h"

namespace gradvar {

struct VarianceOptions {
  int time_bins = 10;
  int nodes_per_bin = 2;
  int noise_draws = 1;  // for each pair and node, when the interpolant has noise
  double t_begin = 0, t_end = 1;
  std::int64_t microbatch = 1024;  // samples at a time
  std::uint64_t seed = 0;          // of the noise
};

// One time bin: moments of the gradient given that t lies in it.
struct TimeBin {
  double t_begin = 0, t_end = 0;
  MomentSummary moments;
  double loss = 0;
};

struct VarianceReport {
  std::vector<MomentSummary> by_parameter;  // in the layout's order
  std::vector<MomentSummary> by_layer;      // in layout.layers() order
  MomentSummary whole;
  std::vector<TimeBin> by_time;
  double loss = 0;           // the objective itself, under the same law
  std::int64_t samples = 0;  // gradients that went into it
  StreamingMoments moments;  // per parameter element
};

// Population moments (the pairs are the law). x0, x1 [N, sample...]. Throws std::invalid_argument
// for options outside their range, naming them.
template <class Real>
[[nodiscard]] VarianceReport measure_variance(Engine<Real>& engine, const Model<Real>& model,
                                              const Interpolant& interpolant,
                                              const Tensor<Real>& x0, const Tensor<Real>& x1,
                                              const VarianceOptions& options);

}  // namespace gradvar

// variance: the exact gradient variance of a model on finitely many pairs.
//
// The law of a training sample is a weighted finite design of pairs, times and noise
// (nested_design.h), so the mean and the variance of the per-sample gradient are weighted finite
// sums: no Monte Carlo, and O(parameters) memory, since microbatches stream through
// MomentsCollector into StreamingMoments. This is the first pass, at the price of training on as
// many samples; the second, which knows pairs apart, is pair_statistics.h.
//
// Time is cut into bins with their own nodes, so that the variance over t comes with the total: the
// law of total variance is Chan's merge, bin by bin.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "autograd/engine.h"
#include "autograd/statistics.h"
#include "flow/interpolant.h"
#include "flow/nested_design.h"
#include "nn/model.h"

namespace gradvar {

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
  std::int64_t noise_points = 1;
  bool noise_drawn = false;  // then every number has an error, of the noise alone
  StreamingMoments moments;  // per parameter element
};

// Population moments (the pairs are the law). x0, x1 [N, sample...]. Throws std::invalid_argument
// for options outside their range, naming them, and std::runtime_error when a loss or a result is
// not finite. after_batch is called with how many samples each microbatch had; what it throws ends
// the measurement.
template <class Real>
[[nodiscard]] VarianceReport measure_variance(
    Engine<Real>& engine, const Model<Real>& model, const Interpolant& interpolant,
    const Tensor<Real>& x0, const Tensor<Real>& x1, const VarianceOptions& options,
    const std::function<void(std::int64_t)>& after_batch = {});

}  // namespace gradvar

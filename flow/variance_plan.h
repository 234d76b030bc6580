// variance_plan: how the first pass of the exact variance (variance.h) would take a model's
// moments: for every parameter the form of its gradients, the formula and its multiplications.
#pragma once

#include <cstdint>
#include <vector>

#include "autograd/collectors/plans.h"
#include "autograd/engine.h"
#include "flow/interpolant.h"
#include "flow/nested_design.h"
#include "nn/model.h"

namespace gradvar {

struct VariancePlan {
  std::int64_t batch = 0;                   // samples of a batch that is full
  std::vector<ParameterPlan> by_parameter;  // in the layout's order; costs over one batch
};

// Runs the first batch of the first bin, forward and backward, and takes no statistic. x0, x1
// [N, sample...]. Throws as measure_variance does.
template <class Real>
[[nodiscard]] VariancePlan plan_variance(Engine<Real>& engine, const Model<Real>& model,
                                         const Interpolant& interpolant, const Tensor<Real>& x0,
                                         const Tensor<Real>& x1, const VarianceOptions& options);

}  // namespace gradvar

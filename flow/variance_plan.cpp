#include "flow/variance_plan.h"

#include <algorithm>

#include "autograd/check.h"
#include "flow/objective.h"

namespace gradvar {

template <class Real>
VariancePlan plan_variance(Engine<Real>& engine, const Model<Real>& model,
                           const Interpolant& interpolant, const Tensor<Real>& x0,
                           const Tensor<Real>& x1, const VarianceOptions& options) {
  options.validate();
  interpolant.validate();
  check_same_shape("variance", "x0", x0.shape(), "x1", x1.shape());
  const NoiseRule noise = NoiseRule::make(interpolant, options, x0.row_size());
  NestedDesign<Real> design(x0, x1, noise, options, 0, 1);
  const std::int64_t count = std::min(options.microbatch, design.size());
  design.select(0, count);
  std::vector<Real> losses(count);
  PlansCollector<Real> collector;
  design.run(engine, model, interpolant, {&collector}, losses);
  return {collector.batch(), collector.plans()};
}

#define GRADVAR_INSTANTIATE(Real)                                                            \
  template VariancePlan plan_variance(Engine<Real>&, const Model<Real>&, const Interpolant&, \
                                      const Tensor<Real>&, const Tensor<Real>&,              \
                                      const VarianceOptions&);
GRADVAR_INSTANTIATE(float)
GRADVAR_INSTANTIATE(double)
#undef GRADVAR_INSTANTIATE

}  // namespace gradvar

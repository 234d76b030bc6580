#include "autograd/collectors/plans.h"

namespace gradvar {

namespace {

template <class Real>
std::string_view form_of(const SampleGradients<Real>& gradients) {
  const auto form = gradients.uses[0].form;
  for (const Factor<Real>& use : gradients.uses) {
    if (use.form != form) return "mixed";
  }
  switch (form) {
    case Factor<Real>::Form::kRows:
      return "rows";
    case Factor<Real>::Form::kOuter:
      return "outer";
    case Factor<Real>::Form::kPatches:
      return "patches";
  }
  return "unknown";
}

}  // namespace

template <class Real>
void PlansCollector<Real>::begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) {
  batch_ = plan.batch;
  plans_.assign(layout.count(), ParameterPlan{});
}

template <class Real>
void PlansCollector<Real>::collect(const SampleGradients<Real>& gradients,
                                   const LaneRows<Real>& rows, Arena&) {
  if (rows.lane != 0) return;  // lanes differ in their samples alone
  const Formula moments = plan_moments(gradients), norms = plan_norms(gradients);
  plans_[gradients.parameter.index] = {
      .form = form_of(gradients),
      .uses = static_cast<std::int64_t>(gradients.uses.size()),
      .positions = gradients.positions(),
      .fan_out = gradients.fan_out,
      .fan_in = gradients.fan_in,
      .moments = moments,
      .norms = norms,
      .sum_cost = sum_multiplications(gradients, batch_),
      .moments_cost = moments_multiplications(gradients, moments, batch_),
      .norms_cost = norms_multiplications(gradients, norms, batch_)};
}

template <class Real>
void PlansCollector<Real>::merge(LanePool&) {}

template class PlansCollector<float>;
template class PlansCollector<double>;

}  // namespace gradvar

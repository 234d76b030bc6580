#include "autograd/collectors/per_sample.h"

namespace gradvar {

template <class Real>
void PerSampleCollector<Real>::begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) {
  layout_ = layout;
  gradients_ = Tensor<Real>(Shape{plan.batch, layout.padded_size()});
}

template <class Real>
void PerSampleCollector<Real>::collect(const SampleGradients<Real>& gradients,
                                       const LaneRows<Real>& rows, Arena& scratch) {
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    gradients.materialise(
        n, scratch, layout_.slice(gradients_.row(rows.begin + n), gradients.parameter).data());
  }
}

template class PerSampleCollector<float>;
template class PerSampleCollector<double>;

}  // namespace gradvar

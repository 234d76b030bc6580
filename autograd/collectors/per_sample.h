// per_sample: every sample's gradient, whole.
//
// The one collector that takes O(B P) memory: for export, for tests, and to see with one's own eyes
// what the others summarise. The rest of the library never needs it.
#pragma once

#include "autograd/collector.h"

namespace gradvar {

template <class Real>
class PerSampleCollector final : public Collector<Real> {
 public:
  [[nodiscard]] std::string_view name() const override { return "per-sample"; }
  void begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) override;
  void collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
               Arena& scratch) override;
  void merge(LanePool&) override {}

  // [batch, padded size]: row n is g_n, flat over the layout.
  [[nodiscard]] const Tensor<Real>& gradients() const { return gradients_; }
  // g_n of one parameter.
  [[nodiscard]] std::span<const Real> gradient(std::int64_t n, ParameterId parameter) const {
    return layout_.slice(gradients_.row(n), parameter);
  }

 private:
  ParameterLayout layout_;
  Tensor<Real> gradients_;
};

}  // namespace gradvar

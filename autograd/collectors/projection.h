// projection: the inner product of each sample's gradient with given directions.
//
//   kFolded    g_n made whole, as its norm takes it, times U
//   kOuter     <g_n, U> = sum_t delta_nt . (U a_nt): rowsum((A U^T) * Delta), one GEMM a direction
//   kRows      row_n . u
// The last two are forms, where the norms would not fold. A projection is linear: shared weights
// add.
#pragma once

#include "autograd/collector.h"
#include "autograd/planner.h"

namespace gradvar {

template <class Real>
class ProjectionCollector final : public Collector<Real> {
 public:
  // directions [K, padded size]: each row a flat array over the layout.
  explicit ProjectionCollector(Tensor<Real> directions) : directions_(std::move(directions)) {}

  [[nodiscard]] std::string_view name() const override { return "projection"; }
  // Throws std::invalid_argument when the directions do not fit the layout.
  void begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) override;
  void collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
               Arena& scratch) override;
  [[nodiscard]] bool folds(const SampleGradients<Real>& gradients) const override {
    return plan_norms(gradients) == Formula::kFolded;
  }
  [[nodiscard]] GradientFold<Real>* fold(const SampleGradients<Real>& gradients,
                                         const LaneRows<Real>& rows, Arena& scratch) override;
  void merge(LanePool&) override {}

  // <g_n, u_k>, [K, batch].
  [[nodiscard]] const Tensor<double>& projections() const { return projections_; }

 private:
  Tensor<Real> directions_;
  ParameterLayout layout_;
  Tensor<double> projections_;
};

}  // namespace gradvar

// norms: the squared norm of each sample's gradient.
//
//   kRows       |row_n|^2
//   kFactored   |delta_n|^2 |a_n|^2: a norm of an outer product is the product of the norms
//   kPositions  sum_ts (a_nt . a_ns)(delta_nt . delta_ns), t and s over all uses and positions
//   kFolded     g_n made whole, then squared
// Weights do not enter: a norm belongs to its sample.
#pragma once

#include "autograd/collector.h"
#include "autograd/planner.h"

namespace gradvar {

template <class Real>
class NormsCollector final : public Collector<Real> {
 public:
  [[nodiscard]] std::string_view name() const override { return "norms"; }
  void begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) override;
  void collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
               Arena& scratch) override;
  [[nodiscard]] bool folds(const SampleGradients<Real>& gradients) const override {
    return plan_norms(gradients) == Formula::kFolded;
  }
  [[nodiscard]] GradientFold<Real>* fold(const SampleGradients<Real>& gradients,
                                         const LaneRows<Real>& rows, Arena& scratch) override;
  void merge(LanePool& pool) override;

  // |g_n|^2 over all parameters, [batch].
  [[nodiscard]] std::span<const double> squared_norms() const { return whole_; }
  // The part of one parameter, [batch].
  [[nodiscard]] std::span<const double> squared_norms(ParameterId parameter) const;

 private:
  // Where the norms of a parameter's samples in a lane go.
  [[nodiscard]] double* place(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows) {
    return by_parameter_.data() + gradients.parameter.index * batch_ + rows.begin;
  }

  std::int64_t batch_ = 0;
  int parameters_ = 0;
  std::vector<double> by_parameter_;  // [parameters, batch]
  std::vector<double> whole_;         // [batch]
};

}  // namespace gradvar

// plans: for every parameter, the form its gradients come in, the formulas that planner.h chooses
// for them, and what these cost. No statistic: the gradients are looked at, not computed with.
#pragma once

#include <string_view>
#include <vector>

#include "autograd/collector.h"
#include "autograd/planner.h"

namespace gradvar {

struct ParameterPlan {
  std::string_view form = "unused";  // rows, outer, patches; mixed, when uses differ
  std::int64_t uses = 0;
  std::int64_t positions = 0;            // T over all uses
  std::int64_t fan_out = 0, fan_in = 0;  // p, d
  Formula moments = Formula::kRows, norms = Formula::kRows;
  // Multiplications over the whole batch: of the sum alone, of sum and squares, of the norms.
  double sum_cost = 0, moments_cost = 0, norms_cost = 0;
};

template <class Real>
class PlansCollector final : public Collector<Real> {
 public:
  [[nodiscard]] std::string_view name() const override { return "plans"; }
  void begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) override;
  void collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
               Arena& scratch) override;
  void merge(LanePool& pool) override;

  [[nodiscard]] std::int64_t batch() const { return batch_; }
  // By parameter, in the layout's order.
  [[nodiscard]] const std::vector<ParameterPlan>& plans() const { return plans_; }

 private:
  std::int64_t batch_ = 0;
  std::vector<ParameterPlan> plans_;
};

}  // namespace gradvar

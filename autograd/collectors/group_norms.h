// group_norms: the squared norm of a weighted sum of gradients, for each group of samples.
//
//   out_j = |sum_{n in group j} w_n g_n|^2       group j is the samples j S .. (j + 1) S - 1
//
//   kFactored   sum_nm w_n w_m (a_n . a_m)(delta_n . delta_m), when S (p + d) < p d
//   kFolded     the sum itself of gradients made whole, as the norms of samples take them, then its
//               norm: over S samples in Real, good to S roundings
//   otherwise   the sum by one product, (w Delta)^T A of the group's rows, in one p x d tile: a sum
//               does not mind positions or shared weights
//
// With the weights of a nested design these are the norms of conditional means, which is what the
// law of total variance is made of: no array of groups x parameters is ever held.
#pragma once

#include "autograd/collector.h"
#include "autograd/planner.h"

namespace gradvar {

template <class Real>
class GroupNormsCollector final : public Collector<Real> {
 public:
  // REQUIRES: group >= 1.
  explicit GroupNormsCollector(std::int64_t group) : group_(group) {}

  [[nodiscard]] std::string_view name() const override { return "group-norms"; }
  // Throws std::invalid_argument when a lane would cut a group: the batch must be a multiple of
  // lanes x group, or hold whole groups in a single lane.
  void begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) override;
  void collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
               Arena& scratch) override;
  [[nodiscard]] bool folds(const SampleGradients<Real>& gradients) const override {
    return plan_norms(gradients) == Formula::kFolded;
  }
  [[nodiscard]] GradientFold<Real>* fold(const SampleGradients<Real>& gradients,
                                         const LaneRows<Real>& rows, Arena& scratch) override;
  void merge(LanePool& pool) override;

  // Over all parameters, [batch / group].
  [[nodiscard]] std::span<const double> squared_norms() const { return whole_; }
  // The part of one parameter, [batch / group].
  [[nodiscard]] std::span<const double> squared_norms(ParameterId parameter) const;

 private:
  // Where the norms of a parameter's groups in a lane go.
  [[nodiscard]] double* place(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows) {
    return by_parameter_.data() + gradients.parameter.index * groups_ + rows.begin / group_;
  }

  std::int64_t group_, groups_ = 0;
  int parameters_ = 0;
  std::vector<double> by_parameter_;  // [parameters, groups]
  std::vector<double> whole_;         // [groups]
};

}  // namespace gradvar

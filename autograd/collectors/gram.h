// gram: the inner products of all pairs of samples' gradients, <g_n, g_m>.
//
//   kRows       R R^T
//   kFactored   (A A^T) * (Delta Delta^T): two small products instead of one over p d columns
//   kPositions  the same summed over all pairs of positions and uses
//   kFolded     a block of gradients made whole, then their products
//
// A pair of samples may lie in different lanes, so the lanes only keep copies of their factors,
// B (p + d) numbers a parameter, as much as the activations. The merge then fills the Gram matrix
// block by block; each block adds its parameters in order, so the bits do not depend on threads.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "autograd/collector.h"
#include "autograd/planner.h"

namespace gradvar {

template <class Real>
class GramCollector final : public Collector<Real> {
 public:
  [[nodiscard]] std::string_view name() const override { return "gram"; }
  void begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) override;
  void collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
               Arena& scratch) override;
  void merge(LanePool& pool) override;

  // <g_n, g_m> over all parameters, [batch, batch], symmetric.
  [[nodiscard]] const Tensor<double>& gram() const { return gram_; }
  // The part of some parameters alone, for instance one layer's. Valid until the next begin().
  [[nodiscard]] Tensor<double> gram_of(std::span<const ParameterId> parameters,
                                       LanePool& pool) const;

 private:
  // A parameter's factors for the whole batch.
  struct Kept {
    SampleGradients<Real> gradients;
    std::vector<Factor<Real>> uses;
    std::vector<Tensor<Real>> memory;
  };
  void keep_room(const SampleGradients<Real>& gradients, Kept& kept) const;

  std::int64_t batch_ = 0;
  std::vector<Kept> kept_;                          // by parameter
  std::vector<std::unique_ptr<std::mutex>> locks_;  // by parameter: the first lane makes room
  Tensor<double> gram_;
};

}  // namespace gradvar

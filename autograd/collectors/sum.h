// sum: the gradient of the batch's (weighted) mean loss, which is what training needs.
//
//   kOuter   G += (w Delta)^T A      one GEMM over the B T rows of each lane, at the merge
//   kRows    G += column sums                        at the merge
//   kPatches G += (w Delta)^T A      window by window, in the lane
// Shared weights need no care here: a sum does not mind what it is a sum of.
#pragma once

#include "autograd/collector.h"
#include "autograd/collectors/joint_products.h"
#include "autograd/collectors/lane_buffers.h"

namespace gradvar {

template <class Real>
class SumCollector final : public Collector<Real> {
 public:
  [[nodiscard]] std::string_view name() const override { return "sum"; }
  [[nodiscard]] bool needs_separable_samples() const override { return false; }
  void begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) override;
  void collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
               Arena& scratch) override;
  void merge(LanePool& pool) override;

  // sum_n w_n g_n / sum_n w_n, flat over the layout. Writable: clipping scales it in place.
  [[nodiscard]] std::span<Real> mean() { return lanes_.lane(0); }
  [[nodiscard]] std::span<const Real> mean() const { return lanes_.lane(0); }
  // sum_n w_n: the factor that turns the mean into the sum.
  [[nodiscard]] double total_weight() const { return total_weight_; }

 private:
  void merge_piece(const Piece& piece);

  LaneBuffers<Real> lanes_;
  OfferedGradients<Real> offered_;
  TaskArenas arenas_;
  std::vector<Piece> pieces_;
  double total_weight_ = 0;
};

// The sum itself, for collectors that need it too: out [size] = sum_n w_n g_n.
template <class Real>
void sum_gradients(const SampleGradients<Real>& gradients, std::span<const Real> weights,
                   Arena& scratch, Real* out);

}  // namespace gradvar

// moments: mean and variance of the per-sample gradients, for every parameter element.
//
// What is kept on the way is S1 = sum w g and either S2 = sum w g^2 or M2 = sum w (g - S1/W)^2:
//
//   kRows      S1 and M2, in two passes over the rows
//   kFactored  S1 = (w Delta)^T A and S2 = (w Delta*Delta)^T (A*A): one more GEMM than the sum
//   kFolded    (T > 1, shared weights) each g_n is made whole in one p x d tile and folded into S1
//              and S2 at once. The square of a sum over positions is not the sum of squares, so
//              there is no cheaper product of factors.
//
// The first two are made at the merge, for all lanes at once (joint_products.h). What is folded has
// S1 and S2 for each lane, and the lanes are merged in f64 by Chan's formula, in lane order. Either
// way M2 = S2 - S1^2/W at the end.
//
// Trap: that difference loses its digits when the mean is large against the spread. The largest S2
// is compared with the largest M2, and when more than kMaxCancellation is lost, or a mean of rows
// is so large that its rounding would show in M2, the parameter is done again from its factors,
// which the tapes still hold: two passes over the samples in f64. That is slow, and rare: the mean
// gradient would have to be some five times the standard deviation. With it the result is within
// 1e-12 (f64) and 1e-4 (f32) of the loop over samples, relative to the largest variance of the
// parameter.
#pragma once

#include "autograd/collector.h"
#include "autograd/collectors/joint_products.h"
#include "autograd/collectors/lane_buffers.h"
#include "autograd/kernels.h"
#include "autograd/planner.h"
#include "autograd/statistics.h"

namespace gradvar {

template <class Real>
class MomentsCollector final : public Collector<Real> {
 public:
  [[nodiscard]] std::string_view name() const override { return "moments"; }
  void begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) override;
  void collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
               Arena& scratch) override;
  [[nodiscard]] bool folds(const SampleGradients<Real>& gradients) const override {
    return plan_moments(gradients) == Formula::kFolded;
  }
  [[nodiscard]] GradientFold<Real>* fold(const SampleGradients<Real>& gradients,
                                         const LaneRows<Real>& rows, Arena& scratch) override;
  void merge(LanePool& pool) override;

  // Over the whole batch, flat over the layout: mean g, and M2. The mean is writable, so that a
  // training step can use it as its gradient.
  [[nodiscard]] std::span<Real> mean() { return sums_.lane(0); }
  [[nodiscard]] std::span<const Real> mean() const { return sums_.lane(0); }
  [[nodiscard]] std::span<const Real> squared_deviations() const { return m2_.lane(0); }
  [[nodiscard]] const Weights& weights() const { return weights_; }
  // Per parameter: trace of the covariance and squared norm of the mean.
  [[nodiscard]] std::vector<MomentSummary> summaries(Estimator estimator) const;

 private:
  // How a parameter is made for all lanes at once: from rows or by products; or not.
  enum class Joined { kNo, kRows, kOuter };

  // Gives every lane an array for a parameter that is merged lane by lane.
  void make_lane_arrays(int parameter);
  void join_lanes(const Piece& product, bool squares);
  void join_outer(const Piece& product, bool squares, Arena& scratch);
  void join_rows(const Piece& product, Arena& scratch);
  [[nodiscard]] kernels::MergedMoments merge_piece(const Piece& piece);
  void centre(int lane, int parameter);
  void redo_where_cancelled(LanePool& pool);

  LaneBuffers<Real> sums_;  // S1; after the merge, lane 0 holds the mean
  LaneBuffers<Real> m2_;    // S2 or M2; after the merge, lane 0 holds the batch's M2
  OfferedGradients<Real> offered_;
  TaskArenas arenas_;
  std::vector<Weights> lane_weights_;
  std::vector<std::vector<char>> centred_;  // [lane][parameter]: m2_ holds M2, not S2
  std::vector<Joined> joined_;              // by parameter
  Weights weights_;
  std::vector<Piece> products_;  // row blocks, each joined by two tasks
  std::vector<Piece> pieces_;
  std::vector<kernels::MergedMoments> piece_sums_;
};

// S1 and M2 of one lane by the plainest road: two passes over whole gradients, in f64. The fallback
// above, and the reference in tests and benches. out_sum and out_m2 are [size].
template <class Real>
void centred_moments(const SampleGradients<Real>& gradients, std::span<const Real> weights,
                     Arena& scratch, Real* out_sum, Real* out_m2);

}  // namespace gradvar

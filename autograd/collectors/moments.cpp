#include "autograd/collectors/moments.h"

#include <algorithm>

#include "autograd/blas.h"
#include "autograd/collectors/sum.h"
#include "autograd/kernels.h"

namespace gradvar {

namespace {

// How many times the largest M2 the largest S2 may be before M2 = S2 - S1^2/W is not trusted. A
// GEMM leaves some 1e-6 (f32) or 1e-14 (f64) of S2 as error, the promise is 1e-4 or 1e-12 of M2.
constexpr double kMaxCancellation = 30;

// Elements merged at a time: two f64 arrays of this length stay in the first-level cache.
constexpr std::int64_t kMergeBlock = 512;

// S1 and S2 by two GEMMs.
template <class Real>
void factored_moments(const SampleGradients<Real>& gradients, std::span<const Real> weights,
                      Arena& scratch, Real* sum, Real* sum_squares) {
  const ArenaScope scope(scratch);
  const Factor<Real>& use = gradients.uses[0];
  const std::int64_t b = gradients.batch, p = gradients.fan_out, d = gradients.fan_in;
  sum_gradients(gradients, weights, scratch, sum);
  Real* delta_squared = scratch.allocate<Real>(b * p);
  Real* a_squared = scratch.allocate<Real>(b * d);
  kernels::square(use.delta, delta_squared, b * p);
  kernels::square(use.a, a_squared, b * d);
  const Real* weighted = weighted_rows<Real>(delta_squared, 1, p, weights, scratch);
  blas::gemm(blas::Transpose::kYes, blas::Transpose::kNo, p, d, b, Real(1), weighted, p, a_squared,
             d, Real(0), sum_squares, d);
}

// S1 and S2 by making each g_n whole.
template <class Real>
void folded_moments(const SampleGradients<Real>& gradients, std::span<const Real> weights,
                    Arena& scratch, Real* sum, Real* sum_squares) {
  const ArenaScope scope(scratch);
  const std::int64_t size = gradients.size();
  Real* tile = scratch.allocate<Real>(size);
  std::fill_n(sum, size, Real(0));
  std::fill_n(sum_squares, size, Real(0));
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    gradients.materialise(n, tile);
    kernels::fold_moments(tile, weights.empty() ? Real(1) : weights[n], sum, sum_squares, size);
  }
}

// S1 and M2 of gradients given as rows: the mean first, then the deviations from it.
template <class Real>
void row_moments(const SampleGradients<Real>& gradients, std::span<const Real> weights,
                 double total_weight, Arena& scratch, Real* sum, Real* m2) {
  const ArenaScope scope(scratch);
  const std::int64_t size = gradients.size();
  sum_gradients(gradients, weights, scratch, sum);
  Real* mean = scratch.allocate<Real>(size);
  std::copy_n(sum, size, mean);
  kernels::scale(static_cast<Real>(1 / total_weight), mean, size);
  std::fill_n(m2, size, Real(0));
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    kernels::fold_deviations(gradients.uses[0].delta + n * size, mean,
                             weights.empty() ? Real(1) : weights[n], m2, size);
  }
}

}  // namespace

template <class Real>
void centred_moments(const SampleGradients<Real>& gradients, std::span<const Real> weights,
                     Arena& scratch, Real* out_sum, Real* out_m2) {
  const ArenaScope scope(scratch);
  const std::int64_t size = gradients.size();
  Real* tile = scratch.allocate<Real>(size);
  double* mean = scratch.allocate<double>(size);
  double* m2 = scratch.allocate<double>(size);
  const auto weight = [&](std::int64_t n) {
    return weights.empty() ? 1.0 : static_cast<double>(weights[n]);
  };
  std::fill_n(mean, size, 0.0);
  std::fill_n(m2, size, 0.0);
  double total = 0;
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    gradients.materialise(n, tile);
    total += weight(n);
    for (std::int64_t i = 0; i < size; ++i) mean[i] += weight(n) * static_cast<double>(tile[i]);
  }
  for (std::int64_t i = 0; i < size; ++i) out_sum[i] = static_cast<Real>(mean[i]);
  if (total > 0) {
    for (std::int64_t i = 0; i < size; ++i) mean[i] /= total;
  }
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    gradients.materialise(n, tile);
    for (std::int64_t i = 0; i < size; ++i) {
      const double deviation = static_cast<double>(tile[i]) - mean[i];
      m2[i] += weight(n) * deviation * deviation;
    }
  }
  for (std::int64_t i = 0; i < size; ++i) out_m2[i] = static_cast<Real>(m2[i]);
}

template <class Real>
void MomentsCollector<Real>::begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) {
  if (sums_.layout().padded_size() != layout.padded_size()) pieces_ = pieces_of(layout);
  sums_.begin(layout, plan.lanes);
  m2_.begin(layout, plan.lanes);
  lane_weights_.assign(plan.lanes, Weights{});
  for (int lane = 0; lane < plan.lanes; ++lane) {
    const LanePool::Range range = LanePool::piece(plan.batch, plan.lanes, lane);
    const std::int64_t count = range.end - range.begin;
    lane_weights_[lane] = Weights::of(
        plan.weights.empty() ? plan.weights : plan.weights.subspan(range.begin, count), count);
  }
  weights_ = Weights::of(plan.weights, plan.batch);
}

template <class Real>
void MomentsCollector<Real>::collect(const SampleGradients<Real>& gradients,
                                     const LaneRows<Real>& rows, Arena& scratch) {
  Real* sum = sums_.take(rows.lane, gradients.parameter).data();
  Real* m2 = m2_.take(rows.lane, gradients.parameter).data();
  const std::int64_t size = gradients.size();
  const double total = lane_weights_[rows.lane].sum;
  if (total <= 0) {  // every sample of this lane has weight 0
    std::fill_n(sum, size, Real(0));
    std::fill_n(m2, size, Real(0));
    return;
  }
  if (gradients.single_rows()) {
    row_moments(gradients, rows.weights, total, scratch, sum, m2);
    return;
  }
  if (gradients.single_outer()) {
    factored_moments(gradients, rows.weights, scratch, sum, m2);
  } else {
    folded_moments(gradients, rows.weights, scratch, sum, m2);
  }
  const auto largest = kernels::centre_moments(sum, static_cast<Real>(1 / total), m2, size);
  if (static_cast<double>(largest.before) > kMaxCancellation * static_cast<double>(largest.after)) {
    centred_moments(gradients, rows.weights, scratch, sum, m2);
  }
}

template <class Real>
void MomentsCollector<Real>::merge(LanePool& pool) {
  sums_.clear_unseen();
  m2_.clear_unseen();
  piece_sums_.assign(pieces_.size(), PieceSums{});
  pool.run(static_cast<int>(pieces_.size()),
           [&](int i) { merge_piece(pieces_[i], piece_sums_[i]); });
}

template <class Real>
void MomentsCollector<Real>::merge_piece(const Piece& piece, PieceSums& sums) {
  double mean[kMergeBlock], m2[kMergeBlock];
  for (std::int64_t begin = piece.begin; begin < piece.end; begin += kMergeBlock) {
    const std::int64_t count = std::min(kMergeBlock, piece.end - begin);
    std::fill_n(mean, count, 0.0);
    std::fill_n(m2, count, 0.0);
    double total = 0;
    for (int lane = 0; lane < sums_.lanes(); ++lane) {
      const double weight = lane_weights_[lane].sum;
      if (weight <= 0) continue;
      kernels::merge_moments(sums_.lane(lane).data() + begin, m2_.lane(lane).data() + begin,
                             1 / weight, weight / (total + weight), total * weight / (total + weight),
                             mean, m2, count);
      total += weight;
    }
    kernels::store_moments(mean, m2, sums_.lane(0).data() + begin, m2_.lane(0).data() + begin,
                           count, &sums.mean_squared, &sums.m2);
  }
}

template <class Real>
std::vector<MomentSummary> MomentsCollector<Real>::summaries(Estimator estimator) const {
  const double divisor = weights_.divisor(estimator);
  std::vector<MomentSummary> summaries(sums_.layout().count());
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    summaries[pieces_[i].parameter].trace += piece_sums_[i].m2 / divisor;
    summaries[pieces_[i].parameter].mean_squared_norm += piece_sums_[i].mean_squared;
  }
  return summaries;
}

template class MomentsCollector<float>;
template class MomentsCollector<double>;
template void centred_moments(const SampleGradients<float>&, std::span<const float>, Arena&, float*,
                              float*);
template void centred_moments(const SampleGradients<double>&, std::span<const double>, Arena&,
                              double*, double*);

}  // namespace gradvar

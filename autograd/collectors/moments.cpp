#include "autograd/collectors/moments.h"

#include <algorithm>

#include "autograd/blas.h"
#include "autograd/collectors/sum.h"
#include "autograd/kernels.h"
#include "autograd/planner.h"

namespace gradvar {

namespace {

// How many times the largest M2 the largest S2 may be before M2 = S2 - S1^2/W is not trusted. A
// GEMM leaves some 1e-6 (f32) or 1e-14 (f64) of S2 as error, the promise is 1e-4 or 1e-12 of M2.
constexpr double kMaxCancellation = 30;

// An array summed over a batch of any size: `part` takes kSummedRows samples in Real, and what they
// come to is handed on to f64. Lives in the arena.
template <class Real>
struct LongSum {
  LongSum(std::int64_t count, Arena& scratch)
      : size(count), part(scratch.allocate<Real>(count)), total(scratch.allocate<double>(count)) {
    std::fill_n(part, size, Real(0));
    std::fill_n(total, size, 0.0);
  }
  void hand_on() const {
    for (std::int64_t i = 0; i < size; ++i) total[i] += static_cast<double>(part[i]);
    std::fill_n(part, size, Real(0));
  }
  void finish(Real* out) const {
    hand_on();
    for (std::int64_t i = 0; i < size; ++i) out[i] = static_cast<Real>(total[i]);
  }

  std::int64_t size;
  Real* part;
  double* total;
};

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
  const LongSum<Real> total(size, scratch), total_squares(size, scratch);
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    gradients.materialise_as_made(n, scratch, tile);
    kernels::fold_moments(tile, weights.empty() ? Real(1) : weights[n], total.part,
                          total_squares.part, size);
    if ((n + 1) % kernels::kSummedRows != 0) continue;
    total.hand_on();
    total_squares.hand_on();
  }
  if (!gradients.all_patches()) {
    total.finish(sum);
    total_squares.finish(sum_squares);
    return;
  }
  const PatchGrid& grid = gradients.uses[0].grid;
  total.finish(tile);
  from_patch_order(grid, gradients.fan_out, tile, sum);
  total_squares.finish(tile);
  from_patch_order(grid, gradients.fan_out, tile, sum_squares);
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
  const LongSum<Real> total(size, scratch);
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    kernels::fold_deviations(gradients.uses[0].delta + n * size, mean,
                             weights.empty() ? Real(1) : weights[n], total.part, size);
    if ((n + 1) % kernels::kSummedRows == 0) total.hand_on();
  }
  total.finish(m2);
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
    gradients.materialise(n, scratch, tile);
    total += weight(n);
    for (std::int64_t i = 0; i < size; ++i) mean[i] += weight(n) * static_cast<double>(tile[i]);
  }
  for (std::int64_t i = 0; i < size; ++i) out_sum[i] = static_cast<Real>(mean[i]);
  if (total > 0) {
    for (std::int64_t i = 0; i < size; ++i) mean[i] /= total;
  }
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    gradients.materialise(n, scratch, tile);
    for (std::int64_t i = 0; i < size; ++i) {
      const double deviation = static_cast<double>(tile[i]) - mean[i];
      m2[i] += weight(n) * deviation * deviation;
    }
  }
  for (std::int64_t i = 0; i < size; ++i) out_m2[i] = static_cast<Real>(m2[i]);
}

template <class Real>
void MomentsCollector<Real>::begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) {
  if (sums_.begin(layout, plan.lanes)) {
    pieces_ = pieces_of(layout);
    no_samples_.assign(kLongestPiece, Real(0));
  }
  m2_.begin(layout, plan.lanes);
  lane_states_.resize(plan.lanes);
  for (int lane = 0; lane < plan.lanes; ++lane) {
    const LanePool::Range range = LanePool::piece(plan.batch, plan.lanes, lane);
    const std::int64_t count = range.end - range.begin;
    LaneState& state = lane_states_[lane];
    state.sample_weights =
        plan.weights.empty() ? plan.weights : plan.weights.subspan(range.begin, count);
    state.weights = Weights::of(state.sample_weights, count);
    state.seen.assign(layout.count(), SampleGradients<Real>{});
    state.centred.assign(layout.count(), 0);
  }
  weights_ = Weights::of(plan.weights, plan.batch);
}

template <class Real>
void MomentsCollector<Real>::collect(const SampleGradients<Real>& gradients,
                                     const LaneRows<Real>& rows, Arena& scratch) {
  Real* sum = sums_.take(rows.lane, gradients.parameter).data();
  Real* m2 = m2_.take(rows.lane, gradients.parameter).data();
  LaneState& state = lane_states_[rows.lane];
  if (state.weights.sum <= 0) {  // every sample of this lane has weight 0
    std::fill_n(sum, gradients.size(), Real(0));
    std::fill_n(m2, gradients.size(), Real(0));
    return;
  }
  state.seen[gradients.parameter.index] = gradients;
  switch (plan_moments(gradients)) {
    case Formula::kRows:
      row_moments(gradients, rows.weights, state.weights.sum, scratch, sum, m2);
      state.centred[gradients.parameter.index] = 1;
      break;
    case Formula::kFactored:
      factored_moments(gradients, rows.weights, scratch, sum, m2);
      break;
    default:
      folded_moments(gradients, rows.weights, scratch, sum, m2);
  }
}

template <class Real>
void MomentsCollector<Real>::merge(LanePool& pool) {
  sums_.clear_unseen();
  m2_.clear_unseen();
  piece_sums_.resize(pieces_.size());
  pool.run(static_cast<int>(pieces_.size()),
           [&](int i) { piece_sums_[i] = merge_piece(pieces_[i]); });
  redo_where_cancelled(pool);
}

template <class Real>
kernels::MergedMoments MomentsCollector<Real>::merge_piece(const Piece& piece) {
  const std::int64_t count = piece.end - piece.begin;
  Real* sum = sums_.lane(0).data() + piece.begin;
  Real* m2 = m2_.lane(0).data() + piece.begin;
  const auto inverse = [](double weight) { return weight > 0 ? 1 / weight : 0; };
  const auto correction = [&](int lane) {
    const LaneState& state = lane_states_[lane];
    return state.centred[piece.parameter] ? 0 : inverse(state.weights.sum);
  };
  double total = lane_states_[0].weights.sum;
  double correction_a = correction(0), largest_s2 = 0;
  kernels::MergedMoments merged;
  const auto merge_lane = [&](const Real* sum_b, const Real* m2_b, double weight,
                              double correction_b, bool last) {
    merged = kernels::merge_moments(sum, m2, sum_b, m2_b,
                                    {.inverse_weight_a = inverse(total),
                                     .inverse_weight_b = inverse(weight),
                                     .correction_a = correction_a,
                                     .correction_b = correction_b,
                                     .between = total * weight * inverse(total + weight),
                                     .scale = last ? inverse(total + weight) : 1},
                                    count);
    total += weight;
    correction_a = 0;
    largest_s2 += merged.largest_s2;
  };
  const int lanes = sums_.lanes();
  if (lanes == 1) {
    merge_lane(no_samples_.data(), no_samples_.data(), 0, 0, true);
  }
  for (int lane = 1; lane < lanes; ++lane) {
    merge_lane(sums_.lane(lane).data() + piece.begin, m2_.lane(lane).data() + piece.begin,
               lane_states_[lane].weights.sum, correction(lane), lane + 1 == lanes);
  }
  merged.largest_s2 = largest_s2;
  return merged;
}

template <class Real>
void MomentsCollector<Real>::redo_where_cancelled(LanePool& pool) {
  const int parameters = sums_.layout().count();
  std::vector<kernels::MergedMoments> largest(parameters);
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    kernels::MergedMoments& of = largest[pieces_[i].parameter];
    of.largest_s2 = std::max(of.largest_s2, piece_sums_[i].largest_s2);
    of.largest_m2 = std::max(of.largest_m2, piece_sums_[i].largest_m2);
  }
  const auto cancelled = [&](int k) {
    return largest[k].largest_s2 > kMaxCancellation * largest[k].largest_m2;
  };
  pool.run(parameters * sums_.lanes(), [&](int task) {
    const int k = task / sums_.lanes(), lane = task % sums_.lanes();
    LaneState& state = lane_states_[lane];
    if (!cancelled(k)) return;
    const std::span<Real> sum = sums_.take(lane, ParameterId{k});
    const std::span<Real> m2 = m2_.take(lane, ParameterId{k});
    state.centred[k] = 1;
    if (state.weights.sum <= 0 || state.seen[k].uses.empty()) {
      // Lane 0 holds what was merged first, not its own zeros.
      std::fill(sum.begin(), sum.end(), Real(0));
      std::fill(m2.begin(), m2.end(), Real(0));
      return;
    }
    Arena scratch;
    centred_moments(state.seen[k], state.sample_weights, scratch, sum.data(), m2.data());
  });
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (!cancelled(pieces_[i].parameter)) continue;
    piece_sums_[i] = merge_piece(pieces_[i]);
  }
}

template <class Real>
std::vector<MomentSummary> MomentsCollector<Real>::summaries(Estimator estimator) const {
  const double divisor = weights_.divisor(estimator);
  std::vector<MomentSummary> summaries(sums_.layout().count());
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    summaries[pieces_[i].parameter].trace += piece_sums_[i].m2 / divisor;
    summaries[pieces_[i].parameter].mean_squared_norm += piece_sums_[i].sum_squared;
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

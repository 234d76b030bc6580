#include "autograd/collectors/moments.h"

#include <algorithm>
#include <limits>
#include <new>

#include "autograd/kernels.h"

namespace gradvar {

namespace {

// How many times the largest M2 the largest S2 may be before M2 = S2 - S1^2/W is not trusted. A
// GEMM leaves some 1e-6 (f32) or 1e-14 (f64) of S2 as error, the promise is 1e-4 or 1e-12 of M2.
constexpr double kMaxCancellation = 30;
// Squared relative error of a mean over rows, 64 roundings, and what of it M2 may hold.
template <class Real>
constexpr double kMeanError =
    4096.0 * std::numeric_limits<Real>::epsilon() * std::numeric_limits<Real>::epsilon();
template <class Real>
constexpr double kTolerated = sizeof(Real) == 4 ? 1e-5 : 1e-13;

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

// S1 and S2 of whole gradients.
template <class Real>
class MomentsFold final : public GradientFold<Real> {
 public:
  MomentsFold(const SampleGradients<Real>& gradients, std::span<const Real> weights, Arena& scratch,
              Real* sum, Real* sum_squares)
      : gradients_(gradients),
        weights_(weights),
        scratch_(scratch),
        total_(gradients.size(), scratch),
        total_squares_(gradients.size(), scratch),
        sum_(sum),
        sum_squares_(sum_squares) {}

  void take(std::int64_t n, const Real* g) override {
    kernels::fold_moments(g, weights_.empty() ? Real(1) : weights_[n], total_.part,
                          total_squares_.part, gradients_.size());
    if ((n + 1) % kernels::kSummedRows != 0) return;
    total_.hand_on();
    total_squares_.hand_on();
  }

  void finish() override {
    if (!gradients_.all_patches()) {
      total_.finish(sum_);
      total_squares_.finish(sum_squares_);
      return;
    }
    const PatchGrid& grid = gradients_.uses[0].grid;
    Real* ordered = scratch_.allocate<Real>(gradients_.size());
    total_.finish(ordered);
    from_patch_order(grid, gradients_.fan_out, ordered, sum_);
    total_squares_.finish(ordered);
    from_patch_order(grid, gradients_.fan_out, ordered, sum_squares_);
  }

 private:
  const SampleGradients<Real>& gradients_;
  std::span<const Real> weights_;
  Arena& scratch_;
  LongSum<Real> total_, total_squares_;
  Real *sum_, *sum_squares_;
};

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
    products_ = row_pieces_of(layout, (plan.lanes + 1) / 2);
  }
  m2_.begin(layout, plan.lanes);
  offered_.begin(layout.count(), plan.lanes);
  lane_weights_.resize(plan.lanes);
  centred_.resize(plan.lanes);
  for (int lane = 0; lane < plan.lanes; ++lane) {
    const LanePool::Range range = LanePool::piece(plan.batch, plan.lanes, lane);
    const std::int64_t count = range.end - range.begin;
    lane_weights_[lane] = Weights::of(
        plan.weights.empty() ? plan.weights : plan.weights.subspan(range.begin, count), count);
    centred_[lane].assign(layout.count(), 0);
  }
  weights_ = Weights::of(plan.weights, plan.batch);
}

template <class Real>
void MomentsCollector<Real>::collect(const SampleGradients<Real>& gradients,
                                     const LaneRows<Real>& rows, Arena&) {
  offered_.keep(gradients, rows, true);
}

template <class Real>
GradientFold<Real>* MomentsCollector<Real>::fold(const SampleGradients<Real>& gradients,
                                                 const LaneRows<Real>& rows, Arena& scratch) {
  offered_.keep(gradients, rows, false);
  const std::span<Real> sum = sums_.take(rows.lane, gradients.parameter);
  const std::span<Real> m2 = m2_.take(rows.lane, gradients.parameter);
  if (lane_weights_[rows.lane].sum > 0) {
    return new (scratch.allocate<MomentsFold<Real>>(1))
        MomentsFold<Real>(gradients, rows.weights, scratch, sum.data(), m2.data());
  }
  std::fill(sum.begin(), sum.end(), Real(0));
  std::fill(m2.begin(), m2.end(), Real(0));
  return nullptr;
}

template <class Real>
void MomentsCollector<Real>::merge(LanePool& pool) {
  joined_.resize(sums_.layout().count());
  for (int k = 0; k < sums_.layout().count(); ++k) {
    const SampleGradients<Real>* first = offered_.first(k);
    const bool rows = first != nullptr && first->single_rows();
    joined_[k] = !offered_.waits(k) ? Joined::kNo : rows ? Joined::kRows : Joined::kOuter;
    if (joined_[k] != Joined::kNo) continue;
    make_lane_arrays(k);
    for (int lane = 0; lane < sums_.lanes(); ++lane) {
      if (offered_.waits_in(lane, k)) centre(lane, k);
    }
  }
  pool.run(2 * static_cast<int>(products_.size()), [&](int task) {
    const Piece& product = products_[task / 2];
    if (joined_[product.parameter] != Joined::kNo) join_lanes(product, task % 2 == 1);
  });
  piece_sums_.resize(pieces_.size());
  pool.run(static_cast<int>(pieces_.size()),
           [&](int i) { piece_sums_[i] = merge_piece(pieces_[i]); });
  redo_where_cancelled(pool);
}

template <class Real>
void MomentsCollector<Real>::make_lane_arrays(int parameter) {
  const ParameterId id{parameter};
  for (int lane = 0; lane < sums_.lanes(); ++lane) {
    if (sums_.seen(lane, id)) continue;
    const std::span<Real> sum = sums_.take(lane, id), m2 = m2_.take(lane, id);
    std::fill(sum.begin(), sum.end(), Real(0));
    std::fill(m2.begin(), m2.end(), Real(0));
  }
}

// S1, or S2, by one GEMM a lane.
template <class Real>
void MomentsCollector<Real>::join_outer(const Piece& product, bool squares, Arena& scratch) {
  const RowBlock block = rows_of(sums_.layout(), product);
  Real* out = (squares ? m2_ : sums_).lane(0).data() + product.begin;
  Real beta = 0;
  for (int lane = 0; lane < sums_.lanes(); ++lane) {
    if (!offered_.offered(lane, product.parameter) || lane_weights_[lane].sum <= 0) continue;
    const LaneGradients<Real>& of = offered_.at(lane, product.parameter);
    if (squares) {
      add_outer_squares(of, block, scratch, beta, out);
    } else {
      add_outer_sums(of, block, scratch, beta, out);
    }
    beta = 1;
  }
  if (beta == Real(0)) std::fill_n(out, product.end - product.begin, Real(0));  // nobody uses it
}

// S1 and M2 of gradients given as rows: the mean first, then the deviations from it.
template <class Real>
void MomentsCollector<Real>::join_rows(const Piece& piece, Arena& scratch) {
  const ArenaScope scope(scratch);
  const std::int64_t begin = piece.begin - sums_.layout().infos()[piece.parameter].offset;
  const std::int64_t count = piece.end - piece.begin;
  Real* sum = sums_.lane(0).data() + piece.begin;
  std::fill_n(sum, count, Real(0));
  for (int lane = 0; lane < sums_.lanes(); ++lane) {
    if (!offered_.offered(lane, piece.parameter) || lane_weights_[lane].sum <= 0) continue;
    const ArenaScope of_lane(scratch);
    const LaneGradients<Real>& of = offered_.at(lane, piece.parameter);
    kernels::accumulate_rows(row_columns(of, begin, begin + count, true, scratch), sum,
                             of.gradients.batch, count);
  }
  Real* mean = scratch.allocate<Real>(count);
  std::copy_n(sum, count, mean);
  kernels::scale(static_cast<Real>(1 / weights_.sum), mean, count);
  const LongSum<Real> total(count, scratch);
  for (int lane = 0; lane < sums_.lanes(); ++lane) {
    if (!offered_.offered(lane, piece.parameter)) {  // samples with a gradient of zero
      for (std::int64_t i = 0; i < count; ++i) {
        const double deviation = static_cast<double>(mean[i]);
        total.total[i] += lane_weights_[lane].sum * deviation * deviation;
      }
      continue;
    }
    if (lane_weights_[lane].sum <= 0) continue;
    const ArenaScope of_lane(scratch);
    const LaneGradients<Real>& of = offered_.at(lane, piece.parameter);
    const Real* rows = row_columns(of, begin, begin + count, false, scratch);
    for (std::int64_t n = 0; n < of.gradients.batch; ++n) {
      kernels::fold_deviations(rows + n * count, mean, of.weights.empty() ? Real(1) : of.weights[n],
                               total.part, count);
      if ((n + 1) % kernels::kSummedRows == 0) total.hand_on();
    }
    total.hand_on();
  }
  total.finish(m2_.lane(0).data() + piece.begin);
}

// One of two tasks for a block of a parameter that all lanes left to the merge.
template <class Real>
void MomentsCollector<Real>::join_lanes(const Piece& product, bool squares) {
  TaskArenas::Lease lease(arenas_);
  if (joined_[product.parameter] == Joined::kOuter) {
    join_outer(product, squares, lease.arena());
  } else if (!squares) {
    join_rows(product, lease.arena());  // both in one
  }
}

// The mean and M2 of the batch into lane 0's arrays.
template <class Real>
kernels::MergedMoments MomentsCollector<Real>::merge_piece(const Piece& piece) {
  const std::int64_t count = piece.end - piece.begin;
  Real* sum = sums_.lane(0).data() + piece.begin;
  Real* m2 = m2_.lane(0).data() + piece.begin;
  if (joined_[piece.parameter] != Joined::kNo) {
    const double scale = 1 / weights_.sum;
    const double correction = joined_[piece.parameter] == Joined::kRows ? 0 : scale;
    return kernels::centre_moments(sum, m2, correction, scale, count);
  }
  const auto inverse = [](double weight) { return weight > 0 ? 1 / weight : 0; };
  const auto correction = [&](int lane) {
    return centred_[lane][piece.parameter] ? 0 : inverse(lane_weights_[lane].sum);
  };
  double total = lane_weights_[0].sum;
  double correction_a = correction(0), largest_s2 = 0;
  const int lanes = sums_.lanes();
  if (lanes == 1) return kernels::centre_moments(sum, m2, correction_a, inverse(total), count);
  kernels::MergedMoments merged;
  for (int lane = 1; lane < lanes; ++lane) {
    const double weight = lane_weights_[lane].sum;
    merged = kernels::merge_moments(sum, m2, sums_.lane(lane).data() + piece.begin,
                                    m2_.lane(lane).data() + piece.begin,
                                    {.inverse_weight_a = inverse(total),
                                     .inverse_weight_b = inverse(weight),
                                     .correction_a = correction_a,
                                     .correction_b = correction(lane),
                                     .between = total * weight * inverse(total + weight),
                                     .scale = lane + 1 == lanes ? inverse(total + weight) : 1},
                                    count);
    total += weight;
    correction_a = 0;
    largest_s2 += merged.largest_s2;
  }
  merged.largest_s2 = largest_s2;
  return merged;
}

// S1 and M2 of one lane, from its factors, in f64.
template <class Real>
void MomentsCollector<Real>::centre(int lane, int parameter) {
  const std::span<Real> sum = sums_.take(lane, ParameterId{parameter});
  const std::span<Real> m2 = m2_.take(lane, ParameterId{parameter});
  centred_[lane][parameter] = 1;
  if (lane_weights_[lane].sum <= 0 || !offered_.offered(lane, parameter)) {
    // Lane 0 holds what was merged first, not its own zeros.
    std::fill(sum.begin(), sum.end(), Real(0));
    std::fill(m2.begin(), m2.end(), Real(0));
    return;
  }
  const LaneGradients<Real>& of = offered_.at(lane, parameter);
  TaskArenas::Lease lease(arenas_);
  centred_moments(of.gradients, of.weights, lease.arena(), sum.data(), m2.data());
}

template <class Real>
void MomentsCollector<Real>::redo_where_cancelled(LanePool& pool) {
  std::vector<kernels::MergedMoments> largest(sums_.layout().count());
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    kernels::MergedMoments& of = largest[pieces_[i].parameter];
    of.largest_s2 = std::max(of.largest_s2, piece_sums_[i].largest_s2);
    of.largest_m2 = std::max(of.largest_m2, piece_sums_[i].largest_m2);
    of.sum_squared += piece_sums_[i].sum_squared;
  }
  std::vector<int> cancelled;
  for (int k = 0; k < sums_.layout().count(); ++k) {
    // Of rows, the squared error of the mean adds up in M2.
    const bool mean_is_off =
        joined_[k] == Joined::kRows && weights_.sum * kMeanError<Real> * largest[k].sum_squared >
                                           kTolerated<Real> * largest[k].largest_m2;
    const bool lost = largest[k].largest_s2 > kMaxCancellation * largest[k].largest_m2;
    if (!lost && !mean_is_off) continue;
    cancelled.push_back(k);
    make_lane_arrays(k);  // here, not in the tasks: two of them may share a lane
    joined_[k] = Joined::kNo;
  }
  if (cancelled.empty()) return;
  pool.run(static_cast<int>(cancelled.size()) * sums_.lanes(),
           [&](int task) { centre(task % sums_.lanes(), cancelled[task / sums_.lanes()]); });
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (std::find(cancelled.begin(), cancelled.end(), pieces_[i].parameter) == cancelled.end()) {
      continue;
    }
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

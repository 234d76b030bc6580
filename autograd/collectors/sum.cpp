#include "autograd/collectors/sum.h"

#include <algorithm>

#include "autograd/blas.h"
#include "autograd/kernels.h"
#include "autograd/statistics.h"

namespace gradvar {

template <class Real>
void sum_gradients(const SampleGradients<Real>& gradients, std::span<const Real> weights,
                   Arena& scratch, Real* out) {
  const std::int64_t p = gradients.fan_out, d = gradients.fan_in, size = gradients.size();
  bool first = true;
  for (const Factor<Real>& use : gradients.uses) {
    const ArenaScope scope(scratch);
    switch (use.form) {
      case Factor<Real>::Form::kRows: {
        const Real* rows = weighted_rows(use.delta, 1, size, weights, scratch);
        if (first) std::fill_n(out, size, Real(0));
        kernels::accumulate_rows(rows, out, gradients.batch, size);
        break;
      }
      case Factor<Real>::Form::kOuter: {
        const Real* delta = weighted_rows(use.delta, use.positions, p, weights, scratch);
        blas::gemm(blas::Transpose::kYes, blas::Transpose::kNo, p, d,
                   gradients.batch * use.positions, Real(1), delta, p, use.a, d,
                   first ? Real(0) : Real(1), out, d);
        break;
      }
      case Factor<Real>::Form::kPatches: {
        const Real* delta = weighted_rows(use.delta, use.positions, p, weights, scratch);
        Real* ordered = scratch.allocate<Real>(2 * size);
        std::fill_n(ordered, size, Real(0));  // what an empty batch comes to
        add_patch_products(use, delta, 0, gradients.batch, p, scratch, Real(1), ordered);
        from_patch_order(use.grid, p, ordered, ordered + size);
        if (first) std::fill_n(out, size, Real(0));
        kernels::accumulate(ordered + size, out, size);
        break;
      }
    }
    first = false;
  }
}

template <class Real>
void SumCollector<Real>::begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) {
  if (lanes_.begin(layout, plan.lanes)) pieces_ = row_pieces_of(layout, plan.lanes);
  offered_.begin(layout.count(), plan.lanes);
  total_weight_ = Weights::of(plan.weights, plan.batch).sum;
}

template <class Real>
void SumCollector<Real>::collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
                                 Arena& scratch) {
  const bool waits = gradients.single_rows() || gradients.all_outer();
  offered_.keep(gradients, rows, waits);
  if (waits) return;
  sum_gradients(gradients, rows.weights, scratch,
                lanes_.take(rows.lane, gradients.parameter).data());
}

// Lane after lane into lane 0's array, which ends as the mean.
template <class Real>
void SumCollector<Real>::merge_piece(const Piece& piece) {
  const RowBlock block = rows_of(lanes_.layout(), piece);
  const std::int64_t begin = piece.begin - lanes_.layout().infos()[piece.parameter].offset;
  const std::int64_t count = piece.end - piece.begin;
  Real* total = lanes_.lane(0).data() + piece.begin;
  TaskArenas::Lease lease(arenas_);
  Real beta = lanes_.seen(0, {piece.parameter}) ? Real(1) : Real(0);
  for (int lane = 0; lane < lanes_.lanes(); ++lane) {
    if (!offered_.offered(lane, piece.parameter)) continue;
    const LaneGradients<Real>& of = offered_.at(lane, piece.parameter);
    const bool waits = offered_.waits_in(lane, piece.parameter);
    if (waits && of.gradients.all_outer()) {
      add_outer_sums(of, block, lease.arena(), beta, total);
    } else if (waits || lane > 0) {
      const ArenaScope scope(lease.arena());
      if (beta == Real(0)) std::fill_n(total, count, Real(0));
      if (waits) {
        const Real* rows = row_columns(of, begin, begin + count, true, lease.arena());
        kernels::accumulate_rows(rows, total, of.gradients.batch, count);
      } else {
        kernels::accumulate(lanes_.lane(lane).data() + piece.begin, total, count);
      }
    }
    beta = 1;
  }
  if (beta == Real(0)) std::fill_n(total, count, Real(0));
  kernels::scale(static_cast<Real>(1.0 / total_weight_), total, count);
}

template <class Real>
void SumCollector<Real>::merge(LanePool& pool) {
  pool.run(static_cast<int>(pieces_.size()), [&](int i) { merge_piece(pieces_[i]); });
}

template class SumCollector<float>;
template class SumCollector<double>;
template void sum_gradients(const SampleGradients<float>&, std::span<const float>, Arena&, float*);
template void sum_gradients(const SampleGradients<double>&, std::span<const double>, Arena&,
                            double*);

}  // namespace gradvar

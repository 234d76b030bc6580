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
  if (lanes_.begin(layout, plan.lanes)) pieces_ = pieces_of(layout);
  total_weight_ = Weights::of(plan.weights, plan.batch).sum;
}

template <class Real>
void SumCollector<Real>::collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
                                 Arena& scratch) {
  sum_gradients(gradients, rows.weights, scratch,
                lanes_.take(rows.lane, gradients.parameter).data());
}

template <class Real>
void SumCollector<Real>::merge(LanePool& pool) {
  lanes_.clear_unseen();
  const Real scale = static_cast<Real>(1.0 / total_weight_);
  pool.run(static_cast<int>(pieces_.size()), [&](int i) {
    const Piece& piece = pieces_[i];
    const std::int64_t count = piece.end - piece.begin;
    Real* total = lanes_.lane(0).data() + piece.begin;
    for (int lane = 1; lane < lanes_.lanes(); ++lane) {
      kernels::accumulate(lanes_.lane(lane).data() + piece.begin, total, count);
    }
    kernels::scale(scale, total, count);
  });
}

template class SumCollector<float>;
template class SumCollector<double>;
template void sum_gradients(const SampleGradients<float>&, std::span<const float>, Arena&, float*);
template void sum_gradients(const SampleGradients<double>&, std::span<const double>, Arena&,
                            double*);

}  // namespace gradvar

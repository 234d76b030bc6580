#include "autograd/collectors/projection.h"

#include <utility>

#include "autograd/blas.h"
#include "autograd/check.h"

namespace gradvar {

namespace {

// out[n] += sum_t delta_nt . (U a_nt), with U [p,d].
template <class Real>
void project_outer(const SampleGradients<Real>& gradients, const Factor<Real>& use, const Real* u,
                   Arena& scratch, double* out) {
  const ArenaScope scope(scratch);
  const std::int64_t p = gradients.fan_out, d = gradients.fan_in, t = use.positions;
  Real* turned = scratch.allocate<Real>(gradients.batch * t * p);  // A U^T
  blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, gradients.batch * t, p, d, Real(1), use.a,
             d, u, d, Real(0), turned, p);
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    out[n] += static_cast<double>(blas::dot(t * p, turned + n * t * p, use.delta + n * t * p));
  }
}

// out[n] += <g_n, U>, g_n the part of one use over patches; U [p,k,k,C], in patch order.
template <class Real>
void project_patches(const SampleGradients<Real>& gradients, const Factor<Real>& use, const Real* u,
                     Arena& scratch, double* out) {
  const ArenaScope scope(scratch);
  const std::int64_t size = gradients.size();
  Real* ordered = scratch.allocate<Real>(2 * size);
  Real* gradient = ordered + size;
  to_patch_order(use.grid, gradients.fan_out, u, ordered);
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    add_patch_products(use, use.delta, n, n + 1, gradients.fan_out, scratch, Real(0), gradient);
    out[n] += static_cast<double>(blas::dot(size, gradient, ordered));
  }
}

}  // namespace

template <class Real>
void ProjectionCollector<Real>::begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) {
  check(directions_.shape().rank() == 2 && directions_.row_size() == layout.padded_size(),
        "projection", [&] {
          return "the directions are " + directions_.shape().to_string() + ", expected Kx" +
                 std::to_string(layout.padded_size()) + ", flat over the parameters";
        });
  layout_ = layout;
  projections_ = Tensor<double>(Shape{directions_.rows(), plan.batch});
}

template <class Real>
void ProjectionCollector<Real>::collect(const SampleGradients<Real>& gradients,
                                        const LaneRows<Real>& rows, Arena& scratch) {
  for (std::int64_t k = 0; k < directions_.rows(); ++k) {
    const std::span<const Real> row = std::as_const(directions_).row(k);
    const Real* u = layout_.slice(row, gradients.parameter).data();
    double* out = projections_.data() + k * projections_.row_size() + rows.begin;
    for (const Factor<Real>& use : gradients.uses) {
      if (use.form == Factor<Real>::Form::kOuter) {
        project_outer(gradients, use, u, scratch, out);
        continue;
      }
      if (use.form == Factor<Real>::Form::kPatches) {
        project_patches(gradients, use, u, scratch, out);
        continue;
      }
      for (std::int64_t n = 0; n < gradients.batch; ++n) {
        out[n] +=
            static_cast<double>(blas::dot(gradients.size(), use.delta + n * gradients.size(), u));
      }
    }
  }
}

template class ProjectionCollector<float>;
template class ProjectionCollector<double>;

}  // namespace gradvar

#include "autograd/collectors/projection.h"

#include <algorithm>
#include <new>
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

// Directions [K,size], in the order in which gradients are made; out [K,stride] from sample 0 on,
// where the parts of all parameters add up.
template <class Real>
class ProjectionFold final : public GradientFold<Real> {
 public:
  ProjectionFold(std::int64_t size, std::int64_t count, const Real* directions, double* out,
                 std::int64_t stride)
      : size_(size), count_(count), directions_(directions), out_(out), stride_(stride) {}

  void take(std::int64_t n, const Real* g) override {
    for (std::int64_t k = 0; k < count_; ++k) {
      out_[k * stride_ + n] += static_cast<double>(blas::dot(size_, g, directions_ + k * size_));
    }
  }
  void finish() override {}

 private:
  std::int64_t size_, count_;
  const Real* directions_;
  double* out_;
  std::int64_t stride_;
};

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
      for (std::int64_t n = 0; n < gradients.batch; ++n) {
        out[n] +=
            static_cast<double>(blas::dot(gradients.size(), use.delta + n * gradients.size(), u));
      }
    }
  }
}

template <class Real>
GradientFold<Real>* ProjectionCollector<Real>::fold(const SampleGradients<Real>& gradients,
                                                    const LaneRows<Real>& rows, Arena& scratch) {
  const std::int64_t size = gradients.size(), count = directions_.rows();
  Real* directions = scratch.allocate<Real>(count * size);
  for (std::int64_t k = 0; k < count; ++k) {
    const std::span<const Real> row = std::as_const(directions_).row(k);
    const std::span<const Real> u = layout_.slice(row, gradients.parameter);
    if (gradients.all_patches()) {
      to_patch_order(gradients.uses[0].grid, gradients.fan_out, u.data(), directions + k * size);
    } else {
      std::copy(u.begin(), u.end(), directions + k * size);
    }
  }
  return new (scratch.allocate<ProjectionFold<Real>>(1)) ProjectionFold<Real>(
      size, count, directions, projections_.data() + rows.begin, projections_.row_size());
}

template class ProjectionCollector<float>;
template class ProjectionCollector<double>;

}  // namespace gradvar

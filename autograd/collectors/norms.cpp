#include "autograd/collectors/norms.h"

#include <algorithm>
#include <new>

#include "autograd/blas.h"
#include "autograd/kernels.h"

namespace gradvar {

namespace {

// sum_ts (a_t . a_s)(delta_t . delta_s) of sample n. Symmetric in (t, s).
template <class Real>
double positions_norm(const SampleGradients<Real>& gradients, std::int64_t n) {
  const std::int64_t p = gradients.fan_out, d = gradients.fan_in;
  double total = 0;
  for (std::size_t f = 0; f < gradients.uses.size(); ++f) {
    const Factor<Real>& left = gradients.uses[f];
    for (std::size_t h = 0; h <= f; ++h) {
      const Factor<Real>& right = gradients.uses[h];
      double sum = 0;
      for (std::int64_t t = 0; t < left.positions; ++t) {
        const std::int64_t row_t = n * left.positions + t;
        for (std::int64_t s = 0; s < right.positions; ++s) {
          const std::int64_t row_s = n * right.positions + s;
          sum += static_cast<double>(blas::dot(d, left.a + row_t * d, right.a + row_s * d)) *
                 static_cast<double>(blas::dot(p, left.delta + row_t * p, right.delta + row_s * p));
        }
      }
      total += h == f ? sum : 2 * sum;
    }
  }
  return std::max(total, 0.0);  // a square; rounding may leave a tiny negative number
}

// A norm does not ask for the order of a gradient's numbers.
template <class Real>
class NormsFold final : public GradientFold<Real> {
 public:
  NormsFold(std::int64_t size, double* out) : size_(size), out_(out) {}
  void take(std::int64_t n, const Real* g) override {
    kernels::row_squared_norms(g, out_ + n, 1, size_);
  }
  void finish() override {}

 private:
  std::int64_t size_;
  double* out_;
};

}  // namespace

template <class Real>
void NormsCollector<Real>::begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) {
  batch_ = plan.batch;
  parameters_ = layout.count();
  by_parameter_.assign(parameters_ * batch_, 0.0);
  whole_.assign(batch_, 0.0);
}

template <class Real>
void NormsCollector<Real>::collect(const SampleGradients<Real>& gradients,
                                   const LaneRows<Real>& rows, Arena& scratch) {
  const ArenaScope scope(scratch);
  const std::int64_t b = gradients.batch, p = gradients.fan_out, d = gradients.fan_in;
  double* out = place(gradients, rows);
  switch (plan_norms(gradients)) {
    case Formula::kRows:
      kernels::row_squared_norms(gradients.uses[0].delta, out, b, gradients.size());
      break;
    case Formula::kFactored: {
      double* a_norms = scratch.allocate<double>(b);
      kernels::row_squared_norms(gradients.uses[0].delta, out, b, p);
      kernels::row_squared_norms(gradients.uses[0].a, a_norms, b, d);
      for (std::int64_t n = 0; n < b; ++n) out[n] *= a_norms[n];
      break;
    }
    case Formula::kPositions:
      for (std::int64_t n = 0; n < b; ++n) out[n] = positions_norm(gradients, n);
      break;
    case Formula::kFolded:
      break;  // fold()
  }
}

template <class Real>
GradientFold<Real>* NormsCollector<Real>::fold(const SampleGradients<Real>& gradients,
                                               const LaneRows<Real>& rows, Arena& scratch) {
  return new (scratch.allocate<NormsFold<Real>>(1))
      NormsFold<Real>(gradients.size(), place(gradients, rows));
}

template <class Real>
void NormsCollector<Real>::merge(LanePool&) {
  for (int k = 0; k < parameters_; ++k) {
    for (std::int64_t n = 0; n < batch_; ++n) whole_[n] += by_parameter_[k * batch_ + n];
  }
}

template <class Real>
std::span<const double> NormsCollector<Real>::squared_norms(ParameterId parameter) const {
  return std::span<const double>(by_parameter_).subspan(parameter.index * batch_, batch_);
}

template class NormsCollector<float>;
template class NormsCollector<double>;

}  // namespace gradvar

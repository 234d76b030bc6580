#include "autograd/factors.h"

#include <algorithm>

#include "autograd/blas.h"

namespace gradvar {

template <class Real>
std::int64_t SampleGradients<Real>::positions() const {
  std::int64_t total = 0;
  for (const Factor<Real>& use : uses) total += use.positions;
  return total;
}

template <class Real>
void SampleGradients<Real>::materialise(std::int64_t n, Real* out) const {
  std::fill_n(out, size(), Real(0));
  for (const Factor<Real>& use : uses) {
    if (use.form == Factor<Real>::Form::kRows) {
      const Real* row = use.delta + n * size();
      for (std::int64_t i = 0; i < size(); ++i) out[i] += row[i];
    } else {
      const std::int64_t t = use.positions;
      blas::gemm(blas::Transpose::kYes, blas::Transpose::kNo, fan_out, fan_in, t, Real(1),
                 use.delta + n * t * fan_out, fan_out, use.a + n * t * fan_in, fan_in, Real(1), out,
                 fan_in);
    }
  }
}

template struct SampleGradients<float>;
template struct SampleGradients<double>;

}  // namespace gradvar

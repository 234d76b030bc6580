#include "flow/affine_gaussian.h"

#include <algorithm>

#include "autograd/check.h"
#include "autograd/ops.h"
#include "io/spec.h"

namespace gradvar {

template <class Real>
AffineGaussianField<Real>::AffineGaussianField(std::int64_t dim) : dim_(dim) {
  check(dim >= 1, "affine-gaussian", "dim is " + std::to_string(dim) + ", expected 1 or more");
  theta_ = this->parameters_.add("theta", {dim});
  matrix_ = this->parameters_.add("Theta", {dim, dim});
}

template <class Real>
AffineGaussianField<Real>::AffineGaussianField(const AffineMap& map)
    : AffineGaussianField(map.dim()) {
  set(map);
}

template <class Real>
void AffineGaussianField<Real>::set(const AffineMap& map) {
  check(map.dim() == dim_ && map.matrix.shape() == Shape({dim_, dim_}), "affine-gaussian",
        "the map is " + map.matrix.shape().to_string() + " with an offset of " +
            std::to_string(map.dim()) + ", expected " + Shape({dim_, dim_}).to_string());
  const std::span<Real> theta = this->parameters_.values(theta_);
  const std::span<Real> matrix = this->parameters_.values(matrix_);
  for (std::int64_t i = 0; i < dim_; ++i) {
    theta[i] = static_cast<Real>(map.offset[i]);
    for (std::int64_t j = 0; j < dim_; ++j) {
      matrix[i * dim_ + j] = static_cast<Real>(map.matrix[i * dim_ + j] - (i == j ? 1 : 0));
    }
  }
}

template <class Real>
Value AffineGaussianField<Real>::forward(Tape<Real>& tape, Value x, Value t) const {
  return affine_gaussian(tape, x, t, theta_, matrix_);
}

template <class Real>
std::string AffineGaussianField<Real>::spec() const {
  return SpecWriter("affine-gaussian").integer("dim", dim_).text();
}

template <class Real>
AffineGaussianField<Real> AffineGaussianField<Real>::parse(std::string_view spec) {
  SpecReader reader(spec);
  reader.expect_name("affine-gaussian");
  reader.require("dim");
  const std::int64_t dim = reader.integer("dim", 0);
  reader.done();
  return AffineGaussianField(dim);
}

template <class Real>
void AffineGaussianField<Real>::initialise(std::uint64_t) {
  std::ranges::fill(this->parameters_.flat(), Real(0));
}

template class AffineGaussianField<float>;
template class AffineGaussianField<double>;

}  // namespace gradvar

// affine_map: T(x) = A x + b, and the ones that carry one Gaussian into another.
//
//   N(m0, S0) -> N(m1, S1),  C = (S0^1/2 S1 S0^1/2)^1/2
//
//   optimal    A = S0^-1/2 C S0^-1/2                 the transport of least mean squared distance
//   rotated    A = (S0^-1/2 C S0^-1/2) S0^1/2 R S0^-1/2,   R a rotation
//
// and b = m1 - A m0. Both push the source forward into the target exactly, A S0 A^T = S1. With
// S0 = I they are the maps of Lemma 1, A = S1^1/2 and S1^1/2 R.
#pragma once

#include <cstdint>

#include "autograd/tensor.h"

namespace gradvar {

struct AffineMap {
  Tensor<double> matrix;  // A [d,d]
  Tensor<double> offset;  // b [d]

  [[nodiscard]] std::int64_t dim() const { return offset.size(); }
  // A x + b for every row of x [N, ...], shaped like x. Throws std::invalid_argument when a row
  // does not have d numbers.
  [[nodiscard]] Tensor<double> apply(const Tensor<double>& x) const;
};

// Mean [d] and covariance [d,d].
struct GaussianMoments {
  Tensor<double> mean;
  Tensor<double> covariance;
};

// Rotations by `degrees` in coordinate planes (1,2), (3,4), ...: in the first `planes` of them.
// Throws std::invalid_argument unless dim >= 2, 1 <= planes <= dim / 2 and the angle is finite.
[[nodiscard]] Tensor<double> rotation_matrix(std::int64_t dim, double degrees, std::int64_t planes);

// Throw std::invalid_argument when dimensions differ, a covariance is not symmetric positive
// definite, or the rotation [d,d] is not orthogonal (R R^T = I to 1e-12; a reflection will do).
[[nodiscard]] AffineMap optimal_map(const GaussianMoments& source, const GaussianMoments& target);
[[nodiscard]] AffineMap rotated_map(const GaussianMoments& source, const GaussianMoments& target,
                                    const Tensor<double>& rotation);

// f applied to the eigenvalues of a symmetric positive definite matrix: its root, inverse root.
// Throws std::invalid_argument("[what] ...") when it is not symmetric (to 1e-12 of its largest
// entry) or has an eigenvalue that is not above 0, or above the rounding of the largest.
[[nodiscard]] Tensor<double> symmetric_power(const Tensor<double>& matrix, double exponent,
                                             const char* what);

// Row-major A B for square matrices of one size.
[[nodiscard]] Tensor<double> product(const Tensor<double>& a, const Tensor<double>& b);

}  // namespace gradvar

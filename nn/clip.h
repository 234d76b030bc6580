// clip: keep a gradient's norm below a bound, as PyTorch's clip_grad_norm_ does.
//
//   norm = sqrt(sum over all parameters of g^2)      g *= min(1, max_norm / (norm + 1e-6))
//
// The sum is taken in f64, in pieces of a fixed size that are added in order: its bits do not
// depend on threads, and f32 gradients neither overflow nor lose digits in it.
#pragma once

#include <span>

#include "autograd/lanes.h"

namespace gradvar {

// The Euclidean norm of a flat block. Padding is zero and does not matter.
template <class Real>
[[nodiscard]] double gradient_norm(std::span<const Real> gradient, LanePool* pool = nullptr);

// Scales the gradient in place and returns its norm before. With max_norm 0 it only measures. A
// norm that is not finite is returned and nothing is scaled: the caller has to stop. Throws
// std::invalid_argument when max_norm is negative or NaN.
template <class Real>
double clip_by_norm(std::span<Real> gradient, double max_norm, LanePool* pool = nullptr);

}  // namespace gradvar

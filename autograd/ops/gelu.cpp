// gelu: y = x Phi(x), Phi the normal distribution function, element by element
//
//   x, y any shape                                 saves x
//   backward    dx += dy (Phi(x) + x phi(x))       phi the normal density
//   per sample  no parameters
// The exact form, by the error function, which is PyTorch's default; not the tanh approximation.
// Rows never mix.

#include "autograd/kernels.h"
#include "autograd/ops.h"
#include "autograd/ops/unary.h"

namespace gradvar {

template <class Real>
Value gelu(Tape<Real>& tape, Value x) {
  return record_unary<Real>(
      tape, x, {"gelu", kernels::gelu, kernels::gelu_backward, /*saves_output=*/false});
}

template Value gelu(Tape<float>&, Value);
template Value gelu(Tape<double>&, Value);

}  // namespace gradvar

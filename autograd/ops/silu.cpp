// silu: y = x s(x), s(x) = 1 / (1 + e^-x), element by element
//
//   x, y any shape                                 saves x
//   backward    dx += dy s (1 + x (1 - s))         s computed again: cheaper than keeping it
//   per sample  no parameters
// Rows never mix.

#include "autograd/kernels.h"
#include "autograd/ops.h"
#include "autograd/ops/unary.h"

namespace gradvar {

template <class Real>
Value silu(Tape<Real>& tape, Value x) {
  return record_unary<Real>(
      tape, x, {"silu", kernels::silu, kernels::silu_backward, /*saves_output=*/false});
}

template Value silu(Tape<float>&, Value);
template Value silu(Tape<double>&, Value);

}  // namespace gradvar

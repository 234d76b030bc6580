// selu: y = lambda x for x > 0, lambda alpha (e^x - 1) otherwise, element by element
//
//   x, y any shape                                 saves y
//   backward    dx += dy lambda  for y > 0,  dy (y + lambda alpha)  otherwise
//   per sample  no parameters
// alpha = 1.6732632423543772, lambda = 1.0507009873554805 (Klambauer et al. 2017), as PyTorch has
// them. Trap: the derivative jumps at 0, from lambda alpha below to lambda above.
// Rows never mix.

#include "autograd/kernels.h"
#include "autograd/ops.h"
#include "autograd/ops/unary.h"

namespace gradvar {

template <class Real>
Value selu(Tape<Real>& tape, Value x) {
  return record_unary<Real>(tape, x,
                            {"selu", kernels::selu, kernels::selu_backward, /*saves_output=*/true});
}

template Value selu(Tape<float>&, Value);
template Value selu(Tape<double>&, Value);

}  // namespace gradvar

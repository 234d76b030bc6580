// relu: y = max(x, 0), element by element
//
//   x, y any shape                                 saves y
//   backward    dx += dy for y > 0                 0 at x = 0, as in PyTorch
//   per sample  no parameters
// Rows never mix.

#include "autograd/kernels.h"
#include "autograd/ops.h"
#include "autograd/ops/unary.h"

namespace gradvar {

template <class Real>
Value relu(Tape<Real>& tape, Value x) {
  return record_unary<Real>(tape, x,
                            {"relu", kernels::relu, kernels::relu_backward, /*saves_output=*/true});
}

template Value relu(Tape<float>&, Value);
template Value relu(Tape<double>&, Value);

}  // namespace gradvar

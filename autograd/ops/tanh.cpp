// tanh: y = tanh(x), element by element
//
//   x, y any shape                                 saves y
//   backward    dx += dy (1 - y^2)
//   per sample  no parameters
// Rows never mix.

#include "autograd/kernels.h"
#include "autograd/ops.h"
#include "autograd/ops/unary.h"

namespace gradvar {

template <class Real>
Value tanh(Tape<Real>& tape, Value x) {
  return record_unary<Real>(tape, x,
                            {"tanh", kernels::tanh, kernels::tanh_backward, /*saves_output=*/true});
}

template Value tanh(Tape<float>&, Value);
template Value tanh(Tape<double>&, Value);

}  // namespace gradvar

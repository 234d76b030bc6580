// silu: y = x s(x), s(x) = 1 / (1 + e^-x), element by element
//
//   x, y any shape                                 saves x
//   backward    dx += dy s (1 + x (1 - s))         s computed again: cheaper than keeping it
//   per sample  no parameters
// Rows never mix.

#include "autograd/check.h"
#include "autograd/kernels.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class Silu final : public Op<Real> {
 public:
  explicit Silu(Value x) : x_(x) {}
  std::string_view name() const override { return "silu"; }

  void forward(Tape<Real>& tape) override {
    const std::span<const Real> x = tape.value(x_);
    kernels::silu(x.data(), tape.output(this->output).data(), x.size());
  }

  void backward(Tape<Real>& tape) override {
    const std::span<const Real> x = tape.value(x_);
    kernels::silu_backward(x.data(), tape.adjoint(this->output).data(), tape.adjoint(x_).data(),
                           x.size());
  }

 private:
  Value x_;
};

}  // namespace

template <class Real>
Value silu(Tape<Real>& tape, Value x) {
  check_rank_at_least("silu", "x", tape.shape(x), 1);
  return tape.record(Silu<Real>(x), tape.shape(x), {x});
}

template Value silu(Tape<float>&, Value);
template Value silu(Tape<double>&, Value);

}  // namespace gradvar

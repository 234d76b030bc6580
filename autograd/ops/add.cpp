// add: y = a + b, element by element
//
//   a, b, y any shape                              saves nothing
//   backward    da += dy     db += dy
//   per sample  no parameters
// REQUIRES: a and b have the same shape. Rows never mix.
// Trap: a and b may be the same value; both adjoints are then added to the same memory, in turn.

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class Add final : public Op<Real> {
 public:
  Add(Value a, Value b) : a_(a), b_(b) {}
  [[nodiscard]] std::string_view name() const override { return "add"; }

  void forward(Tape<Real>& tape) override {
    const std::span<const Real> a = tape.value(a_), b = tape.value(b_);
    const std::span<Real> y = tape.output(this->output);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = a[i] + b[i];
  }

  void backward(Tape<Real>& tape) override {
    const std::span<const Real> dy = tape.adjoint(this->output);
    if (tape.wants_adjoint(a_)) tape.add_to_adjoint(a_, dy);
    if (tape.wants_adjoint(b_)) tape.add_to_adjoint(b_, dy);
  }

 private:
  Value a_, b_;
};

}  // namespace

template <class Real>
Value add(Tape<Real>& tape, Value a, Value b) {
  check_same_shape("add", "a", tape.shape(a), "b", tape.shape(b));
  check_rank_at_least("add", "a", tape.shape(a), 1);
  return tape.record(Add<Real>(a, b), tape.shape(a), {a, b});
}

template Value add(Tape<float>&, Value, Value);
template Value add(Tape<double>&, Value, Value);

}  // namespace gradvar

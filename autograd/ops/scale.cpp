// scale: y = c x for a number c
//
//   x, y any shape                                 saves nothing
//   backward    dx += c dy
//   per sample  no parameters: c is a constant
// Rows never mix.

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class Scale final : public Op<Real> {
 public:
  Scale(Value x, Real c) : x_(x), c_(c) {}
  [[nodiscard]] std::string_view name() const override { return "scale"; }

  void forward(Tape<Real>& tape) override {
    const std::span<const Real> x = tape.value(x_);
    const std::span<Real> y = tape.output(this->output);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = c_ * x[i];
  }

  void backward(Tape<Real>& tape) override {
    const std::span<const Real> dy = tape.adjoint(this->output);
    const std::span<Real> dx = tape.adjoint(x_);
    for (std::size_t i = 0; i < dy.size(); ++i) dx[i] += c_ * dy[i];
  }

 private:
  Value x_;
  Real c_;
};

}  // namespace

template <class Real>
Value scale(Tape<Real>& tape, Value x, Real c) {
  check_rank_at_least("scale", "x", tape.shape(x), 1);
  return tape.record(Scale<Real>(x, c), tape.shape(x), {x});
}

template Value scale(Tape<float>&, Value, float);
template Value scale(Tape<double>&, Value, double);

}  // namespace gradvar

// shift: y = x + b, a free parameter added to every sample
//
//   x, y [B,...]  b [...]                          saves nothing
//   backward    dx += dy
//   per sample  db_n = dy_n                        rows: dy itself
// REQUIRES: the parameter has the shape of a sample. Rows never mix.

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class Shift final : public Op<Real> {
 public:
  Shift(Value x, ParameterId b) : x_(x), b_(b) {}
  [[nodiscard]] std::string_view name() const override { return "shift"; }

  void forward(Tape<Real>& tape) override {
    const std::int64_t d = tape.shape(x_).row_size();
    const Real* x = tape.value(x_).data();
    const Real* b = tape.parameters().values(b_).data();
    Real* y = tape.output(this->output).data();
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      for (std::int64_t i = 0; i < d; ++i) y[n * d + i] = x[n * d + i] + b[i];
    }
  }

  void backward(Tape<Real>& tape) override {
    if (!tape.wants_adjoint(x_)) return;
    const std::span<const Real> dy = tape.adjoint(this->output);
    const std::span<Real> dx = tape.adjoint(x_);
    for (std::size_t i = 0; i < dy.size(); ++i) dx[i] += dy[i];
  }

  void per_sample(Tape<Real>& tape, FactorBook<Real>& book) override {
    book.rows(b_, tape.adjoint(this->output).data());
  }

 private:
  Value x_;
  ParameterId b_;
};

}  // namespace

template <class Real>
Value shift(Tape<Real>& tape, Value x, ParameterId b) {
  const Shape& shape = tape.shape(x);
  const Shape& own = tape.parameters().info(b).shape;
  check_rank_at_least("shift", "x", shape, 2);
  check(own == shape.sample(), "shift", [&] {
    return "a sample of x is " + shape.sample().to_string() + ", the parameter is " +
           own.to_string() + ": the shapes must agree";
  });
  return tape.record(Shift<Real>(x, b), shape, {x}, {b});
}

template Value shift(Tape<float>&, Value, ParameterId);
template Value shift(Tape<double>&, Value, ParameterId);

}  // namespace gradvar

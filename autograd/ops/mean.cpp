// mean: y_n = (1/d) sum_i x_ni, over all axes of a sample
//
//   x [B,...]  y [B]                               saves nothing
//   backward    dx_ni += dy_n / d
//   per sample  no parameters
// Never over the batch: rows never mix. REQUIRES: a sample has at least one element.

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class Mean final : public Op<Real> {
 public:
  explicit Mean(Value x) : x_(x) {}
  [[nodiscard]] std::string_view name() const override { return "mean"; }

  void forward(Tape<Real>& tape) override {
    const std::int64_t d = tape.shape(x_).row_size();
    const Real* x = tape.value(x_).data();
    const std::span<Real> y = tape.output(this->output);
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      Real total = 0;
      for (std::int64_t i = 0; i < d; ++i) total += x[n * d + i];
      y[n] = total / static_cast<Real>(d);
    }
  }

  void backward(Tape<Real>& tape) override {
    const std::int64_t d = tape.shape(x_).row_size();
    const std::span<const Real> dy = tape.adjoint(this->output);
    Real* dx = tape.adjoint(x_).data();
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      for (std::int64_t i = 0; i < d; ++i) dx[n * d + i] += dy[n] / static_cast<Real>(d);
    }
  }

 private:
  Value x_;
};

}  // namespace

template <class Real>
Value mean(Tape<Real>& tape, Value x) {
  const Shape& shape = tape.shape(x);
  check_rank_at_least("mean", "x", shape, 1);
  check(shape.row_size() >= 1, "mean",
        [&] { return "x is " + shape.to_string() + ", expected at least one element a sample"; });
  return tape.record(Mean<Real>(x), Shape{tape.batch()}, {x});
}

template Value mean(Tape<float>&, Value);
template Value mean(Tape<double>&, Value);

}  // namespace gradvar

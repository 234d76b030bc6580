// gain: y = x g, a free parameter that multiplies every sample
//
//   x, y [B,...]  g [...]                          saves x (the input itself)
//   backward    dx += dy g
//   per sample  dg_n = dy_n x_n                    rows, made whole in the arena
// REQUIRES: the parameter has the shape of a sample. Rows never mix.

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class Gain final : public Op<Real> {
 public:
  Gain(Value x, ParameterId g) : x_(x), g_(g) {}
  [[nodiscard]] std::string_view name() const override { return "gain"; }

  void forward(Tape<Real>& tape) override {
    const std::int64_t d = tape.shape(x_).row_size();
    const Real* x = tape.value(x_).data();
    const Real* g = tape.parameters().values(g_).data();
    Real* y = tape.output(this->output).data();
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      for (std::int64_t i = 0; i < d; ++i) y[n * d + i] = x[n * d + i] * g[i];
    }
  }

  void backward(Tape<Real>& tape) override {
    if (!tape.wants_adjoint(x_)) return;
    const std::int64_t d = tape.shape(x_).row_size();
    const Real* g = tape.parameters().values(g_).data();
    const Real* dy = tape.adjoint(this->output).data();
    Real* dx = tape.adjoint(x_).data();
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      for (std::int64_t i = 0; i < d; ++i) dx[n * d + i] += dy[n * d + i] * g[i];
    }
  }

  void per_sample(Tape<Real>& tape, FactorBook<Real>& book) override {
    const std::span<const Real> x = tape.value(x_);
    const std::span<const Real> dy = tape.adjoint(this->output);
    Real* dg = tape.arena().template allocate<Real>(static_cast<std::int64_t>(x.size()));
    for (std::size_t i = 0; i < x.size(); ++i) dg[i] = dy[i] * x[i];
    book.rows(g_, dg);
  }

 private:
  Value x_;
  ParameterId g_;
};

}  // namespace

template <class Real>
Value gain(Tape<Real>& tape, Value x, ParameterId g) {
  const Shape& shape = tape.shape(x);
  const Shape& own = tape.parameters().info(g).shape;
  check_rank_at_least("gain", "x", shape, 2);
  check(own == shape.sample(), "gain", [&] {
    return "a sample of x is " + shape.sample().to_string() + ", the parameter is " +
           own.to_string() + ": the shapes must agree";
  });
  return tape.record(Gain<Real>(x, g), shape, {x}, {g});
}

template Value gain(Tape<float>&, Value, ParameterId);
template Value gain(Tape<double>&, Value, ParameterId);

}  // namespace gradvar

// dense: y = x W^T + b, at every position of a sample
//
//   x [B,...,I]  W [O,I]  b [O]  y [B,...,O]       T = product of the axes between B and I
//   W may have further axes of 1, as the weight of a convolution with a kernel of 1 has
//   saves       x (the input itself)
//   backward    dx += dy W
//   per sample  dW_n = sum_t dy_nt (x) x_nt        factors (dy, x), T positions
//               db_n = sum_t dy_nt                 rows; for T = 1 they are dy itself
// REQUIRES: the last axis of x equals the columns of W. Rows never mix.
// Trap: the weight's factors point at dy and x, which must not be written to afterwards; every
// backward adds to its inputs' adjoints only, so they are not.

#include "autograd/blas.h"
#include "autograd/check.h"
#include "autograd/kernels.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class Dense final : public Op<Real> {
 public:
  Dense(Value x, ParameterId weight, ParameterId bias) : x_(x), weight_(weight), bias_(bias) {}
  [[nodiscard]] std::string_view name() const override { return "dense"; }

  void forward(Tape<Real>& tape) override {
    const Sizes s = sizes(tape);
    Real* y = tape.output(this->output).data();
    kernels::broadcast_row(tape.parameters().values(bias_).data(), y, s.rows, s.out);
    blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, s.rows, s.out, s.in, Real(1),
               tape.value(x_).data(), s.in, weight(tape), s.in, Real(1), y, s.out);
  }

  void backward(Tape<Real>& tape) override {
    if (!tape.wants_adjoint(x_)) return;
    const Sizes s = sizes(tape);
    const auto dx = tape.accumulate(x_);
    blas::gemm(blas::Transpose::kNo, blas::Transpose::kNo, s.rows, s.in, s.out, Real(1),
               tape.adjoint(this->output).data(), s.out, weight(tape), s.in, dx.beta, dx.data,
               s.in);
  }

  void per_sample(Tape<Real>& tape, FactorBook<Real>& book) override {
    const Sizes s = sizes(tape);
    const Real* dy = tape.adjoint(this->output).data();
    book.outer(weight_, dy, tape.value(x_).data(), s.positions);
    if (s.positions == 1) {
      book.rows(bias_, dy);
      return;
    }
    Real* db = tape.arena().template allocate<Real>(tape.batch() * s.out);
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      Real* row = db + n * s.out;
      std::fill_n(row, s.out, Real(0));
      kernels::accumulate_rows(dy + n * s.positions * s.out, row, s.positions, s.out);
    }
    book.rows(bias_, db);
  }

 private:
  struct Sizes {
    std::int64_t rows, positions, in, out;  // rows = B T
  };
  [[nodiscard]] Sizes sizes(const Tape<Real>& tape) const {
    const Shape& w = tape.parameters().info(weight_).shape;
    const std::int64_t positions = tape.shape(x_).row_size() / w[1];
    return {tape.batch() * positions, positions, w[1], w[0]};
  }
  [[nodiscard]] const Real* weight(const Tape<Real>& tape) const {
    return tape.parameters().values(weight_).data();
  }

  Value x_;
  ParameterId weight_, bias_;
};

}  // namespace

template <class Real>
Value dense(Tape<Real>& tape, Value x, ParameterId weight, ParameterId bias) {
  const Shape& xs = tape.shape(x);
  const Shape& ws = tape.parameters().info(weight).shape;
  const Shape& bs = tape.parameters().info(bias).shape;
  check_rank_at_least("dense", "x", xs, 2);
  check(ws.rank() >= 2 && xs.columns() == ws[1] && ws.size() == ws[0] * ws[1], "dense", [&] {
    return "x is " + xs.to_string() + ", W is " + ws.to_string() +
           ": W must be OxI with I the last axis of x";
  });
  check(ws.size() > 0, "dense",
        [&] { return "W is " + ws.to_string() + ", expected 1 or more of each"; });
  check(bs == Shape{ws[0]}, "dense", [&] {
    return "b is " + bs.to_string() + ", W is " + ws.to_string() +
           ": b must have one entry a row of W";
  });
  std::int64_t axes[Shape::kMaxRank];
  for (int i = 0; i < xs.rank(); ++i) axes[i] = i + 1 == xs.rank() ? ws[0] : xs[i];
  const Shape out(std::span<const std::int64_t>(axes, xs.rank()));
  return tape.record(Dense<Real>(x, weight, bias), out, {x}, {weight, bias});
}

template Value dense(Tape<float>&, Value, ParameterId, ParameterId);
template Value dense(Tape<double>&, Value, ParameterId, ParameterId);

}  // namespace gradvar

// slice: y = columns begin .. end of the last axis of x
//
//   x [B,...,I]  y [B,...,end - begin]             saves nothing
//   backward    dx[..., begin + c] += dy[..., c]
//   per sample  no parameters
// REQUIRES: at least two axes, 0 <= begin <= end <= I. Rows never mix: the batch is never sliced.

#include <algorithm>

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class Slice final : public Op<Real> {
 public:
  Slice(Value x, std::int64_t begin) : x_(x), begin_(begin) {}
  [[nodiscard]] std::string_view name() const override { return "slice"; }

  void forward(Tape<Real>& tape) override {
    const Sizes s = sizes(tape);
    const Real* x = tape.value(x_).data();
    Real* y = tape.output(this->output).data();
    for (std::int64_t r = 0; r < s.rows; ++r)
      std::copy_n(x + r * s.in + begin_, s.out, y + r * s.out);
  }

  void backward(Tape<Real>& tape) override {
    const Sizes s = sizes(tape);
    const Real* dy = tape.adjoint(this->output).data();
    Real* dx = tape.adjoint(x_).data();
    for (std::int64_t r = 0; r < s.rows; ++r) {
      for (std::int64_t c = 0; c < s.out; ++c) dx[r * s.in + begin_ + c] += dy[r * s.out + c];
    }
  }

 private:
  struct Sizes {
    std::int64_t rows, in, out;
  };
  [[nodiscard]] Sizes sizes(const Tape<Real>& tape) const {
    const Shape& in = tape.shape(x_);
    return {in.columns() == 0 ? 0 : in.size() / in.columns(), in.columns(),
            tape.shape(this->output).columns()};
  }
  Value x_;
  std::int64_t begin_;
};

}  // namespace

template <class Real>
Value slice(Tape<Real>& tape, Value x, std::int64_t begin, std::int64_t end) {
  const Shape& shape = tape.shape(x);
  check_rank_at_least("slice", "x", shape, 2);
  check(0 <= begin && begin <= end && end <= shape.columns(), "slice", [&] {
    return "columns " + std::to_string(begin) + " to " + std::to_string(end) + " of " +
           shape.to_string() + ": expected 0 <= begin <= end <= " + std::to_string(shape.columns());
  });
  return tape.record(Slice<Real>(x, begin), shape.with_columns(end - begin), {x});
}

template Value slice(Tape<float>&, Value, std::int64_t, std::int64_t);
template Value slice(Tape<double>&, Value, std::int64_t, std::int64_t);

}  // namespace gradvar

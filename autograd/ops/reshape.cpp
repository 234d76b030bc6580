// reshape: y = x under another shape of its samples
//
//   x [B,...]  y [B,sample...]                     saves nothing
//   backward    dx += dy
//   per sample  no parameters
// REQUIRES: the sample has as many elements as before. The batch is kept: rows never mix.

#include <algorithm>

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class Reshape final : public Op<Real> {
 public:
  explicit Reshape(Value x) : x_(x) {}
  [[nodiscard]] std::string_view name() const override { return "reshape"; }

  void forward(Tape<Real>& tape) override {
    const std::span<const Real> x = tape.value(x_);
    std::copy(x.begin(), x.end(), tape.output(this->output).begin());
  }

  void backward(Tape<Real>& tape) override { tape.add_to_adjoint(x_, tape.adjoint(this->output)); }

 private:
  Value x_;
};

}  // namespace

template <class Real>
Value reshape(Tape<Real>& tape, Value x, const Shape& sample) {
  const Shape& shape = tape.shape(x);
  check_rank_at_least("reshape", "x", shape, 1);
  check(sample.size() == shape.row_size(), "reshape", [&] {
    return "a sample of x is " + shape.sample().to_string() + ", it cannot become " +
           sample.to_string() + ": the sizes differ";
  });
  return tape.record(Reshape<Real>(x), sample.batched(shape.rows()), {x});
}

template Value reshape(Tape<float>&, Value, const Shape&);
template Value reshape(Tape<double>&, Value, const Shape&);

}  // namespace gradvar

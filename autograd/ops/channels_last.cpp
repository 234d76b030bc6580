// channels_last: an image from planes to pixels
//
//   x [B,C,H,W]  y [B,H,W,C]      y[i,j,c] = x[c,i,j]                 saves nothing
//   backward    dx[c,i,j] += dy[i,j,c]
//   per sample  no parameters
// Files and everything outside a model hold images channels first, as PyTorch does; inside a model
// channels are the last axis, so that a position is a row of a matrix product. Rows never mix.

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class ChannelsLast final : public Op<Real> {
 public:
  explicit ChannelsLast(Value x) : x_(x) {}
  std::string_view name() const override { return "channels_last"; }

  void forward(Tape<Real>& tape) override {
    const Shape& shape = tape.shape(x_);
    const std::int64_t channels = shape[1], plane = shape[2] * shape[3];
    const Real* x = tape.value(x_).data();
    Real* y = tape.output(this->output).data();
    for (std::int64_t n = 0; n < shape[0]; ++n, y += channels * plane) {
      for (std::int64_t c = 0; c < channels; ++c, x += plane) {
        for (std::int64_t t = 0; t < plane; ++t) y[t * channels + c] = x[t];
      }
    }
  }

  void backward(Tape<Real>& tape) override {
    const Shape& shape = tape.shape(x_);
    const std::int64_t channels = shape[1], plane = shape[2] * shape[3];
    const Real* dy = tape.adjoint(this->output).data();
    Real* dx = tape.adjoint(x_).data();
    for (std::int64_t n = 0; n < shape[0]; ++n, dy += channels * plane) {
      for (std::int64_t c = 0; c < channels; ++c, dx += plane) {
        for (std::int64_t t = 0; t < plane; ++t) dx[t] += dy[t * channels + c];
      }
    }
  }

 private:
  Value x_;
};

}  // namespace

template <class Real>
Value channels_last(Tape<Real>& tape, Value x) {
  const Shape& shape = tape.shape(x);
  check(shape.rank() == 4, "channels_last",
        [&] { return "x is " + shape.to_string() + ", expected BxCxHxW"; });
  return tape.record(ChannelsLast<Real>(x), {shape[0], shape[2], shape[3], shape[1]}, {x});
}

template Value channels_last(Tape<float>&, Value);
template Value channels_last(Tape<double>&, Value);

}  // namespace gradvar

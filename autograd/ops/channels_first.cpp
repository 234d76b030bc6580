// channels_first: an image from pixels to planes
//
//   x [B,H,W,C]  y [B,C,H,W]      y[c,i,j] = x[i,j,c]                 saves nothing
//   backward    dx[i,j,c] += dy[c,i,j]
//   per sample  no parameters
// The reverse of channels_last, at the way out of a model. Rows never mix.

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class ChannelsFirst final : public Op<Real> {
 public:
  explicit ChannelsFirst(Value x) : x_(x) {}
  std::string_view name() const override { return "channels_first"; }

  void forward(Tape<Real>& tape) override {
    const Shape& shape = tape.shape(x_);
    const std::int64_t channels = shape[3], plane = shape[1] * shape[2];
    const Real* x = tape.value(x_).data();
    Real* y = tape.output(this->output).data();
    for (std::int64_t n = 0; n < shape[0]; ++n, x += channels * plane) {
      for (std::int64_t c = 0; c < channels; ++c, y += plane) {
        for (std::int64_t t = 0; t < plane; ++t) y[t] = x[t * channels + c];
      }
    }
  }

  void backward(Tape<Real>& tape) override {
    const Shape& shape = tape.shape(x_);
    const std::int64_t channels = shape[3], plane = shape[1] * shape[2];
    const Real* dy = tape.adjoint(this->output).data();
    Real* dx = tape.adjoint(x_).data();
    for (std::int64_t n = 0; n < shape[0]; ++n, dx += channels * plane) {
      for (std::int64_t c = 0; c < channels; ++c, dy += plane) {
        for (std::int64_t t = 0; t < plane; ++t) dx[t * channels + c] += dy[t];
      }
    }
  }

 private:
  Value x_;
};

}  // namespace

template <class Real>
Value channels_first(Tape<Real>& tape, Value x) {
  const Shape& shape = tape.shape(x);
  check(shape.rank() == 4, "channels_first",
        [&] { return "x is " + shape.to_string() + ", expected BxHxWxC"; });
  return tape.record(ChannelsFirst<Real>(x), {shape[0], shape[3], shape[1], shape[2]}, {x});
}

template Value channels_first(Tape<float>&, Value);
template Value channels_first(Tape<double>&, Value);

}  // namespace gradvar

// upsample_nearest: every pixel becomes 2 x 2
//
//   x [B,H,W,C]  y [B,2H,2W,C]      y[i,j] = x[i / 2, j / 2]           saves nothing
//   backward    dx[i,j] += dy[2i,2j] + dy[2i,2j+1] + dy[2i+1,2j] + dy[2i+1,2j+1]
//   per sample  no parameters
// PyTorch's interpolate(scale_factor=2, mode="nearest"). Rows never mix.

#include <algorithm>

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class UpsampleNearest final : public Op<Real> {
 public:
  explicit UpsampleNearest(Value x) : x_(x) {}
  std::string_view name() const override { return "upsample_nearest"; }

  void forward(Tape<Real>& tape) override {
    const Shape& shape = tape.shape(x_);
    const std::int64_t width = shape[2], channels = shape[3], line = 2 * width * channels;
    const Real* x = tape.value(x_).data();
    Real* y = tape.output(this->output).data();
    for (std::int64_t i = 0; i < shape[0] * shape[1]; ++i, y += 2 * line) {
      for (std::int64_t j = 0; j < width; ++j, x += channels) {
        std::copy_n(x, channels, y + 2 * j * channels);
        std::copy_n(x, channels, y + (2 * j + 1) * channels);
      }
      std::copy_n(y, line, y + line);
    }
  }

  void backward(Tape<Real>& tape) override {
    const Shape& shape = tape.shape(x_);
    const std::int64_t width = shape[2], channels = shape[3], line = 2 * width * channels;
    const Real* dy = tape.adjoint(this->output).data();
    const auto to = tape.accumulate(x_);
    Real* dx = to.data;
    for (std::int64_t i = 0; i < shape[0] * shape[1]; ++i, dy += 2 * line) {
      if (to.beta == Real(0)) std::fill_n(dx, line / 2, Real(0));
      for (std::int64_t j = 0; j < width; ++j, dx += channels) {
        const Real* upper = dy + 2 * j * channels;
        const Real* lower = upper + line;
        for (std::int64_t c = 0; c < channels; ++c) {
          dx[c] += (upper[c] + upper[channels + c]) + (lower[c] + lower[channels + c]);
        }
      }
    }
  }

 private:
  Value x_;
};

}  // namespace

template <class Real>
Value upsample_nearest(Tape<Real>& tape, Value x) {
  const Shape& shape = tape.shape(x);
  check(shape.rank() == 4, "upsample_nearest",
        [&] { return "x is " + shape.to_string() + ", expected BxHxWxC"; });
  const Shape out{shape[0], 2 * shape[1], 2 * shape[2], shape[3]};
  return tape.record(UpsampleNearest<Real>(x), out, {x});
}

template Value upsample_nearest(Tape<float>&, Value);
template Value upsample_nearest(Tape<double>&, Value);

}  // namespace gradvar

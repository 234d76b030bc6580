// average_pool: the mean of every 2 x 2 pixels
//
//   x [B,H,W,C]  y [B,H/2,W/2,C]                                      saves nothing
//   y[i,j] = (x[2i,2j] + x[2i,2j+1] + x[2i+1,2j] + x[2i+1,2j+1]) / 4
//   backward    dx[i,j] += dy[i / 2, j / 2] / 4
//   per sample  no parameters
// PyTorch's AvgPool2d(2). REQUIRES: H and W are even; nothing is dropped at an edge. Rows never
// mix.

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class AveragePool final : public Op<Real> {
 public:
  explicit AveragePool(Value x) : x_(x) {}
  std::string_view name() const override { return "average_pool"; }

  void forward(Tape<Real>& tape) override {
    const Shape& shape = tape.shape(this->output);
    const std::int64_t width = shape[2], channels = shape[3], line = 2 * width * channels;
    const Real* x = tape.value(x_).data();
    Real* y = tape.output(this->output).data();
    for (std::int64_t i = 0; i < shape[0] * shape[1]; ++i, x += 2 * line) {
      for (std::int64_t j = 0; j < width; ++j, y += channels) {
        const Real* upper = x + 2 * j * channels;
        const Real* lower = upper + line;
        for (std::int64_t c = 0; c < channels; ++c) {
          y[c] = Real(0.25) * ((upper[c] + upper[channels + c]) + (lower[c] + lower[channels + c]));
        }
      }
    }
  }

  void backward(Tape<Real>& tape) override {
    const Shape& shape = tape.shape(this->output);
    const std::int64_t width = shape[2], channels = shape[3], line = 2 * width * channels;
    const Real* dy = tape.adjoint(this->output).data();
    Real* dx = tape.adjoint(x_).data();
    for (std::int64_t i = 0; i < shape[0] * shape[1]; ++i, dx += 2 * line) {
      for (std::int64_t j = 0; j < width; ++j, dy += channels) {
        Real* upper = dx + 2 * j * channels;
        Real* lower = upper + line;
        for (std::int64_t c = 0; c < channels; ++c) {
          const Real share = Real(0.25) * dy[c];
          upper[c] += share;
          upper[channels + c] += share;
          lower[c] += share;
          lower[channels + c] += share;
        }
      }
    }
  }

 private:
  Value x_;
};

}  // namespace

template <class Real>
Value average_pool(Tape<Real>& tape, Value x) {
  const Shape& shape = tape.shape(x);
  check(shape.rank() == 4 && shape[1] % 2 == 0 && shape[2] % 2 == 0, "average_pool", [&] {
    return "x is " + shape.to_string() + ", expected BxHxWxC with even height and width";
  });
  const Shape out{shape[0], shape[1] / 2, shape[2] / 2, shape[3]};
  return tape.record(AveragePool<Real>(x), out, {x});
}

template Value average_pool(Tape<float>&, Value);
template Value average_pool(Tape<double>&, Value);

}  // namespace gradvar

// conv2d: y = x * W + b, a convolution over the pixels of an image
//
//   x [B,H,W,C]  W [O,C,k,k]  b [O]  y [B,H',W',O]      k odd, padded by k / 2 zeros, stride s
//   y[i,j] = b + sum_cuv W[:,c,u,v] x[s i + u - k/2, s j + v - k/2, c]
//   H' = (H - 1) / s + 1, rounded down, and W' alike; T = H' W' positions
//   saves       the patches a [B,T,C k k], in W's order
//   backward    da = dy W, added back to the pixels it was taken from
//   per sample  dW_n = sum_t dy_nt (x) a_nt             factors (dy, a), T positions
//               db_n = sum_t dy_nt                      rows
// REQUIRES: C is W's second axis. Rows never mix.

#include <algorithm>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "autograd/kernels.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class ImageConvolution final : public Op<Real> {
 public:
  ImageConvolution(Value x, ParameterId weight, ParameterId bias, std::int64_t stride)
      : x_(x), weight_(weight), bias_(bias), stride_(stride) {}
  std::string_view name() const override { return "conv2d"; }

  void forward(Tape<Real>& tape) override {
    const Sizes s = sizes(tape);
    patches_ = tape.arena().template allocate<Real>(s.rows * s.d);
    const Real* x = tape.value(x_).data();
    Real* patches = patches_;
    over_pixels(s, [&](std::int64_t pixel, std::int64_t element) {
      patches[element] = pixel < 0 ? Real(0) : x[pixel];
    });
    Real* y = tape.output(this->output).data();
    kernels::broadcast_row(tape.parameters().values(bias_).data(), y, s.rows, s.out);
    blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, s.rows, s.out, s.d, Real(1), patches_,
               s.d, tape.parameters().values(weight_).data(), s.d, Real(1), y, s.out);
  }

  void backward(Tape<Real>& tape) override {
    if (!tape.wants_adjoint(x_)) return;
    const Sizes s = sizes(tape);
    Real* dx = tape.adjoint(x_).data();
    const Real* dy = tape.adjoint(this->output).data();
    const ArenaScope scope(tape.arena());
    Real* da = tape.arena().template allocate<Real>(s.rows * s.d);
    blas::gemm(blas::Transpose::kNo, blas::Transpose::kNo, s.rows, s.d, s.out, Real(1), dy, s.out,
               tape.parameters().values(weight_).data(), s.d, Real(0), da, s.d);
    over_pixels(s, [&](std::int64_t pixel, std::int64_t element) {
      if (pixel >= 0) dx[pixel] += da[element];
    });
  }

  void per_sample(Tape<Real>& tape, FactorBook<Real>& book) override {
    const Sizes s = sizes(tape);
    const std::int64_t positions = s.rows / tape.batch();
    const Real* dy = tape.adjoint(this->output).data();
    book.outer(weight_, dy, patches_, positions);
    Real* db = tape.arena().template allocate<Real>(tape.batch() * s.out);
    std::fill_n(db, tape.batch() * s.out, Real(0));
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      kernels::accumulate_rows(dy + n * positions * s.out, db + n * s.out, positions, s.out);
    }
    book.rows(bias_, db);
  }

 private:
  struct Sizes {
    std::int64_t batch, height, width, channels, kernel, out_height, out_width, out, rows, d;
  };
  Sizes sizes(const Tape<Real>& tape) const {
    const Shape& x = tape.shape(x_);
    const Shape& y = tape.shape(this->output);
    const Shape& w = tape.parameters().info(weight_).shape;
    return {x[0], x[1], x[2], x[3], w[2], y[1], y[2], y[3], y[0] * y[1] * y[2], w.row_size()};
  }
  // visit(pixel, element) for every element of every patch; pixel -1 lies outside.
  template <class Visit>
  void over_pixels(const Sizes& s, const Visit& visit) const {
    std::int64_t element = 0;
    for (std::int64_t n = 0; n < s.batch; ++n) {
      for (std::int64_t i = 0; i < s.out_height; ++i) {
        for (std::int64_t j = 0; j < s.out_width; ++j) {
          for (std::int64_t c = 0; c < s.channels; ++c) {
            for (std::int64_t u = 0; u < s.kernel; ++u) {
              for (std::int64_t v = 0; v < s.kernel; ++v, ++element) {
                const std::int64_t row = stride_ * i + u - s.kernel / 2;
                const std::int64_t column = stride_ * j + v - s.kernel / 2;
                const bool inside = row >= 0 && row < s.height && column >= 0 && column < s.width;
                visit(inside ? ((n * s.height + row) * s.width + column) * s.channels + c : -1,
                      element);
              }
            }
          }
        }
      }
    }
  }

  Value x_;
  ParameterId weight_, bias_;
  std::int64_t stride_;
  Real* patches_ = nullptr;
};

}  // namespace

template <class Real>
Value conv2d(Tape<Real>& tape, Value x, ParameterId weight, ParameterId bias, std::int64_t stride) {
  const Shape& xs = tape.shape(x);
  const Shape& ws = tape.parameters().info(weight).shape;
  check(xs.rank() == 4 && ws.rank() == 4 && xs[3] == ws[1], "conv2d", [&] {
    return "x is " + xs.to_string() + ", W is " + ws.to_string() + ": expected BxHxWxC and OxCxkxk";
  });
  const Shape out{xs[0], (xs[1] - 1) / stride + 1, (xs[2] - 1) / stride + 1, ws[0]};
  return tape.record(ImageConvolution<Real>(x, weight, bias, stride), out, {x}, {weight, bias});
}

template Value conv2d(Tape<float>&, Value, ParameterId, ParameterId, std::int64_t);
template Value conv2d(Tape<double>&, Value, ParameterId, ParameterId, std::int64_t);

}  // namespace gradvar

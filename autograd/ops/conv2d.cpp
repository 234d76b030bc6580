// conv2d: y = x * W + b, a convolution over the pixels of an image
//
//   x [B,H,W,C]  W [O,C,k,k]  b [O]  y [B,H',W',O]      k odd, padded by k / 2 zeros, stride s
//   y[i,j] = b + sum_cuv W[:,c,u,v] x[s i + u - k/2, s j + v - k/2, c]
//   H' = (H - 1) / s + 1, rounded down, and W' alike; T = H' W' positions
//   saves       x (the input itself)
//   backward    dx += dy * W turned by half a circle     stride 1: again a convolution
//               dx += patches (dy W), added back to where they came from        otherwise
//   per sample  dW_n = sum_t dy_nt (x) a_nt              factors (dy, x) and the grid of patches
//               db_n = sum_t dy_nt                       rows
// REQUIRES: C is W's second axis, its window square and odd, stride >= 1. Rows never mix.
// Patches are never all there: windows are read in tiles of image rows that fit the cache
// (patches.h, convolution.h), and a stride's way back makes a few patches at a time.
// Trap: a kernel of 1 with stride 1 has its pixels for patches. It is a product of matrices, and is
// handed over as the outer product that it is.

#include <algorithm>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "autograd/convolution.h"
#include "autograd/kernels.h"
#include "autograd/ops.h"
#include "autograd/patches.h"

namespace gradvar {

namespace {

using blas::Transpose;

template <class Real>
class Conv2d final : public Op<Real> {
 public:
  Conv2d(Value x, ParameterId weight, ParameterId bias, const PatchGrid& grid, std::int64_t out)
      : x_(x), weight_(weight), bias_(bias), grid_(grid), out_(out) {}
  [[nodiscard]] std::string_view name() const override { return "conv2d"; }

  void forward(Tape<Real>& tape) override {
    const Real* weight = tape.parameters().values(weight_).data();
    const Real* bias = tape.parameters().values(bias_).data();
    const Real* x = tape.value(x_).data();
    Real* y = tape.output(this->output).data();
    if (pixels()) {
      const std::int64_t rows = tape.batch() * grid_.positions();
      kernels::broadcast_row(bias, y, rows, out_);
      blas::gemm(Transpose::kNo, Transpose::kYes, rows, out_, grid_.channels, Real(1), x,
                 grid_.channels, weight, grid_.channels, Real(1), y, out_);
      return;
    }
    const ArenaScope scope(tape.arena());
    Real* packed = tape.arena().template allocate<Real>(packed_weight_size<Real>(grid_, out_));
    pack_weight(grid_, out_, weight, packed);
    convolve_batch(tape, grid_, x, packed, out_, ConvolutionStart::kBias, bias, y);
  }

  void backward(Tape<Real>& tape) override {
    if (!tape.wants_adjoint(x_)) return;
    const Real* weight = tape.parameters().values(weight_).data();
    const Real* dy = tape.adjoint(this->output).data();
    if (grid_.stride != 1) {
      Real* dx = tape.adjoint(x_).data();
      const ArenaScope scope(tape.arena());
      backward_by_scatter(tape, weight, dy, dx);
      return;
    }
    const auto dx = tape.accumulate(x_);  // before the scope: adjoints stay
    if (pixels()) {
      blas::gemm(Transpose::kNo, Transpose::kNo, tape.batch() * grid_.positions(), grid_.channels,
                 out_, Real(1), dy, out_, weight, grid_.channels, dx.beta, dx.data, grid_.channels);
      return;
    }
    PatchGrid turned = grid_;
    turned.channels = out_;
    const ArenaScope scope(tape.arena());
    Real* packed =
        tape.arena().template allocate<Real>(packed_weight_size<Real>(turned, grid_.channels));
    pack_turned_weight(turned, grid_.channels, weight, packed);
    convolve_batch(tape, turned, dy, packed, grid_.channels,
                   dx.beta == 0 ? ConvolutionStart::kZero : ConvolutionStart::kResult, nullptr,
                   dx.data);
  }

  void per_sample(Tape<Real>& tape, FactorBook<Real>& book) override {
    const std::int64_t positions = grid_.positions();
    const Real* dy = tape.adjoint(this->output).data();
    const Real* x = tape.value(x_).data();
    if (pixels()) {
      book.outer(weight_, dy, x, positions);
    } else {
      book.patches(weight_, dy, x, grid_);
    }
    Real* db = tape.arena().template allocate<Real>(tape.batch() * out_);
    std::fill_n(db, tape.batch() * out_, Real(0));
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      kernels::accumulate_rows(dy + n * positions * out_, db + n * out_, positions, out_);
    }
    book.rows(bias_, db);
  }

 private:
  // The patches are the pixels themselves.
  [[nodiscard]] bool pixels() const { return grid_.kernel == 1 && grid_.stride == 1; }
  static void convolve_batch(Tape<Real>& tape, const PatchGrid& grid, const Real* images,
                             const Real* packed, std::int64_t out, ConvolutionStart start,
                             const Real* bias, Real* y) {
    const std::int64_t rows = grid.tile_rows(sizeof(Real));
    Real* tile = tape.arena().template allocate<Real>(grid.template tile_size<Real>());
    for (std::int64_t n = 0; n < tape.batch(); ++n, images += grid.image_size()) {
      for (std::int64_t begin = 0; begin < grid.out_height(); begin += rows) {
        const std::int64_t end = std::min(begin + rows, grid.out_height());
        gather_tile(grid, images, begin, end, tile);
        convolve(grid, tile, end - begin, packed, out, start, bias, y);
        y += (end - begin) * grid.out_width() * out;
      }
    }
  }

  void backward_by_scatter(Tape<Real>& tape, const Real* weight, const Real* dy, Real* dx) {
    constexpr std::int64_t kSome = 64;  // positions whose patches are held at a time
    const std::int64_t d = grid_.patch_size(), positions = grid_.positions();
    Real* ordered = tape.arena().template allocate<Real>(out_ * d);
    to_patch_order(grid_, out_, weight, ordered);
    Real* patches = tape.arena().template allocate<Real>(std::min(kSome, positions) * d);
    for (std::int64_t n = 0; n < tape.batch(); ++n, dy += positions * out_) {
      for (std::int64_t begin = 0; begin < positions; begin += kSome) {
        const std::int64_t end = std::min(begin + kSome, positions);
        blas::gemm(Transpose::kNo, Transpose::kNo, end - begin, d, out_, Real(1), dy + begin * out_,
                   out_, ordered, d, Real(0), patches, d);
        scatter_patches(grid_, patches, begin, end, dx + n * grid_.image_size());
      }
    }
  }

  Value x_;
  ParameterId weight_, bias_;
  PatchGrid grid_;
  std::int64_t out_;
};

}  // namespace

template <class Real>
Value conv2d(Tape<Real>& tape, Value x, ParameterId weight, ParameterId bias, std::int64_t stride) {
  const Shape& xs = tape.shape(x);
  const Shape& ws = tape.parameters().info(weight).shape;
  const Shape& bs = tape.parameters().info(bias).shape;
  check(xs.rank() == 4 && ws.rank() == 4 && xs[3] == ws[1], "conv2d", [&] {
    return "x is " + xs.to_string() + ", W is " + ws.to_string() + ": expected BxHxWxC and OxCxkxk";
  });
  check(ws[2] == ws[3] && ws[2] % 2 == 1 && ws.size() > 0, "conv2d", [&] {
    return "W is " + ws.to_string() + ": the window must be square and odd, and none empty";
  });
  check(xs[1] > 0 && xs[2] > 0, "conv2d",
        [&] { return "x is " + xs.to_string() + ", expected 1 or more pixels each way"; });
  check(bs == Shape{ws[0]}, "conv2d", [&] {
    return "b is " + bs.to_string() + ", W is " + ws.to_string() +
           ": b must have one entry for each channel made";
  });
  check(stride >= 1, "conv2d",
        [&] { return "the stride is " + std::to_string(stride) + ", expected 1 or more"; });
  const PatchGrid grid{
      .height = xs[1], .width = xs[2], .channels = xs[3], .kernel = ws[2], .stride = stride};
  const Shape out{xs[0], grid.out_height(), grid.out_width(), ws[0]};
  return tape.record(Conv2d<Real>(x, weight, bias, grid, ws[0]), out, {x}, {weight, bias});
}

template Value conv2d(Tape<float>&, Value, ParameterId, ParameterId, std::int64_t);
template Value conv2d(Tape<double>&, Value, ParameterId, ParameterId, std::int64_t);

}  // namespace gradvar

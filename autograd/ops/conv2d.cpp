// conv2d: y = x * W + b, a convolution over the pixels of an image
//
//   x [B,H,W,C]  W [O,C,k,k]  b [O]  y [B,H',W',O]      k odd, padded by k / 2 zeros, stride s
//   y[i,j] = b + sum_cuv W[:,c,u,v] x[s i + u - k/2, s j + v - k/2, c]
//   H' = (H - 1) / s + 1, rounded down, and W' alike; T = H' W' positions
//   saves       x (the input itself); W in patch order [O,k,k,C]
//   backward    dx += dy * W turned by half a circle     stride 1: again a convolution
//               dx += patches (dy W), added back to where they came from        otherwise
//   per sample  dW_n = sum_t dy_nt (x) a_nt              factors (dy, x) and the grid of patches
//               db_n = sum_t dy_nt                       rows
// REQUIRES: C is W's second axis, its window square and odd, stride >= 1. Rows never mix.
// Patches are gathered by tiles that fit the cache (patches.h), never for a whole batch.
// Trap: a kernel of 1 with stride 1 has its pixels for patches, and is handed over as the outer
// product that it is.

#include <algorithm>

#include "autograd/blas.h"
#include "autograd/check.h"
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
    const std::int64_t d = grid_.patch_size(), rows = grid_.tile_rows(sizeof(Real));
    Real* ordered = tape.arena().template allocate<Real>(out_ * d);
    to_patch_order(grid_, out_, tape.parameters().values(weight_).data(), ordered);
    ordered_weight_ = ordered;
    Real* y = tape.output(this->output).data();
    kernels::broadcast_row(tape.parameters().values(bias_).data(), y,
                           tape.batch() * grid_.positions(), out_);
    const ArenaScope scope(tape.arena());
    Real* tile = pixels() ? nullptr : tape.arena().template allocate<Real>(tile_size(grid_));
    const Real* x = tape.value(x_).data();
    over_tiles(tape.batch(), rows, [&](std::int64_t n, std::int64_t begin, std::int64_t end) {
      const Real* patches = patches_of(grid_, x + n * grid_.image_size(), begin, end, tile);
      blas::gemm(Transpose::kNo, Transpose::kYes, (end - begin) * grid_.out_width(), out_, d,
                 Real(1), patches, d, ordered, d, Real(1), y + at(n, begin) * out_, out_);
    });
  }

  void backward(Tape<Real>& tape) override {
    if (!tape.wants_adjoint(x_)) return;
    if (grid_.stride == 1) {
      const auto dx = tape.accumulate(x_);  // before the scope: adjoints stay
      const ArenaScope scope(tape.arena());
      backward_as_convolution(tape, dx);
    } else {
      Real* dx = tape.adjoint(x_).data();
      const ArenaScope scope(tape.arena());
      backward_by_scatter(tape, dx);
    }
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
  [[nodiscard]] static std::int64_t tile_size(const PatchGrid& grid) {
    return grid.template tile_size<Real>();
  }
  // The first of row `row`'s positions of sample n, among all of the batch.
  [[nodiscard]] std::int64_t at(std::int64_t n, std::int64_t row) const {
    return n * grid_.positions() + row * grid_.out_width();
  }
  [[nodiscard]] static const Real* patches_of(const PatchGrid& grid, const Real* image,
                                              std::int64_t begin, std::int64_t end, Real* tile) {
    if (tile == nullptr) return image + begin * grid.width * grid.channels;
    gather_patches(grid, image, begin, end, tile);
    return tile;
  }
  template <class Visit>
  void over_tiles(std::int64_t batch, std::int64_t rows, const Visit& visit) const {
    for (std::int64_t n = 0; n < batch; ++n) {
      for (std::int64_t i = 0; i < grid_.out_height(); i += rows) {
        visit(n, i, std::min(i + rows, grid_.out_height()));
      }
    }
  }

  // dx = dy * W', W'[c,u,v,o] = W[o,c,k-1-u,k-1-v].
  void backward_as_convolution(Tape<Real>& tape, const typename Tape<Real>::Accumulator& dx) {
    PatchGrid turned = grid_;
    turned.channels = out_;
    const std::int64_t kk = grid_.kernel * grid_.kernel, c = grid_.channels;
    const std::int64_t d = turned.patch_size();
    Real* weight = tape.arena().template allocate<Real>(d * c);  // [u,v,o,c]
    for (std::int64_t w = 0; w < kk; ++w) {
      for (std::int64_t o = 0; o < out_; ++o) {
        std::copy_n(ordered_weight_ + (o * kk + kk - 1 - w) * c, c, weight + (w * out_ + o) * c);
      }
    }
    Real* tile = pixels() ? nullptr : tape.arena().template allocate<Real>(tile_size(turned));
    const Real* dy = tape.adjoint(this->output).data();
    over_tiles(tape.batch(), turned.tile_rows(sizeof(Real)),
               [&](std::int64_t n, std::int64_t begin, std::int64_t end) {
                 const Real* patches = patches_of(turned, dy + at(n, 0) * out_, begin, end, tile);
                 blas::gemm(Transpose::kNo, Transpose::kNo, (end - begin) * grid_.width, c, d,
                            Real(1), patches, d, weight, c, dx.beta, dx.data + at(n, begin) * c, c);
               });
  }

  void backward_by_scatter(Tape<Real>& tape, Real* dx) {
    const std::int64_t d = grid_.patch_size();
    Real* tile = tape.arena().template allocate<Real>(tile_size(grid_));
    const Real* dy = tape.adjoint(this->output).data();
    over_tiles(tape.batch(), grid_.tile_rows(sizeof(Real)),
               [&](std::int64_t n, std::int64_t begin, std::int64_t end) {
                 blas::gemm(Transpose::kNo, Transpose::kNo, (end - begin) * grid_.out_width(), d,
                            out_, Real(1), dy + at(n, begin) * out_, out_, ordered_weight_, d,
                            Real(0), tile, d);
                 scatter_patches(grid_, tile, begin, end, dx + n * grid_.image_size());
               });
  }

  Value x_;
  ParameterId weight_, bias_;
  PatchGrid grid_;
  std::int64_t out_;
  const Real* ordered_weight_ = nullptr;
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

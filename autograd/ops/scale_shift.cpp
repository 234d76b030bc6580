// scale_shift: y = x (1 + s) + b, the same s and b at every position of a sample
//
//   x, y [B,...,C]  s, b [B,C]                     saves x, s (the inputs themselves)
//   backward    dx += dy (1 + s)     ds_n += sum_t dy_nt x_nt     db_n += sum_t dy_nt
//   per sample  no parameters
// How a time embedding enters a block whose norm is conditioned ("FiLM"). REQUIRES: s and b have a
// sample's channels. Rows never mix: s and b are a sample's own.

#include <algorithm>

#include "autograd/channel_kernels.h"
#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class ScaleShift final : public Op<Real> {
 public:
  ScaleShift(Value x, Value scale, Value shift) : x_(x), scale_(scale), shift_(shift) {}
  std::string_view name() const override { return "scale_shift"; }

  void forward(Tape<Real>& tape) override {
    const Sizes s = sizes(tape);
    const ArenaScope scope(tape.arena());
    const Real* zeros = fresh(tape, s, Real(0));
    Real* slope = fresh(tape, s, Real(1));
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      const Real* scale = tape.value(scale_).data() + n * s.channels;
      for (std::int64_t c = 0; c < s.channels; ++c) slope[c] = Real(1) + scale[c];
      kernels::channel_affine(tape.value(x_).data() + n * s.size, zeros, slope,
                              tape.value(shift_).data() + n * s.channels,
                              tape.output(this->output).data() + n * s.size, s.positions,
                              s.channels);
    }
  }

  void backward(Tape<Real>& tape) override {
    const Sizes s = sizes(tape);
    const Real* dy = tape.adjoint(this->output).data();
    const auto wanted = [&](Value v) {
      return tape.wants_adjoint(v) ? tape.adjoint(v).data() : nullptr;
    };
    Real *dx = wanted(x_), *dscale = wanted(scale_), *dshift = wanted(shift_);
    const ArenaScope scope(tape.arena());
    const Real* zeros = fresh(tape, s, Real(0));
    Real* slope = fresh(tape, s, Real(1));
    double* sums = tape.arena().template allocate<double>(s.channels);
    double* products = tape.arena().template allocate<double>(s.channels);
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      const std::int64_t row = n * s.channels;
      if (dx != nullptr) {
        const Real* scale = tape.value(scale_).data() + row;
        for (std::int64_t c = 0; c < s.channels; ++c) slope[c] = Real(1) + scale[c];
        kernels::channel_scaled(dy + n * s.size, slope, dx + n * s.size, s.positions, s.channels);
      }
      if (dscale == nullptr && dshift == nullptr) continue;
      kernels::channel_products(dy + n * s.size, tape.value(x_).data() + n * s.size, zeros, sums,
                                products, s.positions, s.channels);
      for (std::int64_t c = 0; c < s.channels; ++c) {
        if (dscale != nullptr) dscale[row + c] += static_cast<Real>(products[c]);
        if (dshift != nullptr) dshift[row + c] += static_cast<Real>(sums[c]);
      }
    }
  }

 private:
  struct Sizes {
    std::int64_t size, positions, channels;  // size = T C
  };
  Sizes sizes(const Tape<Real>& tape) const {
    const Shape& shape = tape.shape(x_);
    return {shape.row_size(), shape.row_size() / shape.columns(), shape.columns()};
  }
  // A row of channels, for the length of the caller's scope.
  static Real* fresh(Tape<Real>& tape, const Sizes& s, Real value) {
    Real* row = tape.arena().template allocate<Real>(s.channels);
    std::fill_n(row, s.channels, value);
    return row;
  }

  Value x_, scale_, shift_;
};

}  // namespace

template <class Real>
Value scale_shift(Tape<Real>& tape, Value x, Value scale, Value shift) {
  const Shape& xs = tape.shape(x);
  check_rank_at_least("scale_shift", "x", xs, 2);
  for (const Value v : {scale, shift}) {
    const Shape& own = tape.shape(v);
    check(xs.columns() >= 1 && own == Shape{xs.rows(), xs.columns()}, "scale_shift", [&] {
      return "x is " + xs.to_string() + ", " + (v.index == scale.index ? "scale" : "shift") +
             " is " + own.to_string() + ": it must be BxC with C the last axis of x";
    });
  }
  return tape.record(ScaleShift<Real>(x, scale, shift), xs, {x, scale, shift});
}

template Value scale_shift(Tape<float>&, Value, Value, Value);
template Value scale_shift(Tape<double>&, Value, Value, Value);

}  // namespace gradvar

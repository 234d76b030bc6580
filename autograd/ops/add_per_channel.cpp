// add_per_channel: y = x + e, the same e at every position of a sample
//
//   x, y [B,...,C]  e [B,C]                        saves nothing
//   backward    dx += dy     de_n += sum_t dy_nt   in blocks, see channel_kernels.h
//   per sample  no parameters
// How a time embedding enters a block of a U-Net. REQUIRES: e has a sample's channels. Rows never
// mix: e is a sample's own.

#include "autograd/channel_kernels.h"
#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class AddPerChannel final : public Op<Real> {
 public:
  AddPerChannel(Value x, Value e) : x_(x), e_(e) {}
  std::string_view name() const override { return "add_per_channel"; }

  void forward(Tape<Real>& tape) override {
    const std::int64_t size = tape.shape(x_).row_size(), channels = tape.shape(x_).columns();
    const Real* x = tape.value(x_).data();
    const Real* e = tape.value(e_).data();
    Real* y = tape.output(this->output).data();
    for (std::int64_t n = 0; n < tape.batch(); ++n, e += channels) {
      for (std::int64_t at = 0; at < size; at += channels, x += channels, y += channels) {
        for (std::int64_t c = 0; c < channels; ++c) y[c] = x[c] + e[c];
      }
    }
  }

  void backward(Tape<Real>& tape) override {
    const std::int64_t size = tape.shape(x_).row_size(), channels = tape.shape(x_).columns();
    const std::span<const Real> dy = tape.adjoint(this->output);
    if (tape.wants_adjoint(x_)) tape.add_to_adjoint(x_, dy);
    if (!tape.wants_adjoint(e_)) return;
    Real* de = tape.adjoint(e_).data();
    const ArenaScope scope(tape.arena());
    double* sums = tape.arena().template allocate<double>(channels);
    for (std::int64_t n = 0; n < tape.batch(); ++n, de += channels) {
      kernels::channel_sums(dy.data() + n * size, sums, size / channels, channels);
      for (std::int64_t c = 0; c < channels; ++c) de[c] += static_cast<Real>(sums[c]);
    }
  }

 private:
  Value x_, e_;
};

}  // namespace

template <class Real>
Value add_per_channel(Tape<Real>& tape, Value x, Value e) {
  const Shape& xs = tape.shape(x);
  const Shape& es = tape.shape(e);
  check_rank_at_least("add_per_channel", "x", xs, 2);
  check(xs.columns() >= 1 && es == Shape{xs.rows(), xs.columns()}, "add_per_channel", [&] {
    return "x is " + xs.to_string() + ", e is " + es.to_string() +
           ": e must be BxC with C the last axis of x";
  });
  return tape.record(AddPerChannel<Real>(x, e), xs, {x, e});
}

template Value add_per_channel(Tape<float>&, Value, Value);
template Value add_per_channel(Tape<double>&, Value, Value);

}  // namespace gradvar

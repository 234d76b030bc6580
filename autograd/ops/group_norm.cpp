// group_norm: y = (x - mean) / sqrt(variance + eps) g + b, over the positions of a group of
// channels
//
//   x, y [B,...,C]  g, b [C]      G groups of C / G neighbouring channels, T positions
//   xhat = (x - mean) r,  r = 1 / sqrt(variance + 1e-5); mean and variance (population) over the
//   N = T C / G numbers of a sample's group              saves x, the means and r
//   backward    dx += r (g dy - m1 - xhat m2),  m1 = sum_group g dy / N,  m2 = sum g dy xhat / N
//   per sample  dg_n = sum_t dy_nt xhat_nt   db_n = sum_t dy_nt         rows
// The nn.GroupNorm of PyTorch. REQUIRES: G divides C; at least one position. Rows never mix: this
// is what stands where others put batch norm, whose statistics would tie the samples together.
// Trap: the mean is rounded to Real before it is subtracted, so a mean much larger than the spread
// costs digits, as in any two-pass formula.

#include <algorithm>
#include <cmath>

#include "autograd/channel_kernels.h"
#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

constexpr double kGroupNormEps = 1e-5;

template <class Real>
class GroupNorm final : public Op<Real> {
 public:
  GroupNorm(Value x, std::int64_t groups, ParameterId gain, ParameterId bias)
      : x_(x), groups_(groups), gain_(gain), bias_(bias) {}
  std::string_view name() const override { return "group_norm"; }

  void forward(Tape<Real>& tape) override {
    const std::int64_t channels = tape.shape(x_).columns(), positions = positions_of(tape);
    const Real* gain = tape.parameters().values(gain_).data();
    const Real* bias = tape.parameters().values(bias_).data();
    centre_ = tape.arena().template allocate<Real>(tape.batch() * channels);
    inverse_ = tape.arena().template allocate<Real>(tape.batch() * channels);
    const ArenaScope scope(tape.arena());
    double* sums = tape.arena().template allocate<double>(channels);
    Real* slope = tape.arena().template allocate<Real>(channels);
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      const Real* x = tape.value(x_).data() + n * positions * channels;
      Real *centre = centre_ + n * channels, *inverse = inverse_ + n * channels;
      kernels::channel_sums(x, sums, positions, channels);
      share_out(sums, positions, channels, centre, [](double mean) { return mean; });
      kernels::channel_squares(x, centre, sums, positions, channels);
      share_out(sums, positions, channels, inverse,
                [](double variance) { return 1 / std::sqrt(variance + kGroupNormEps); });
      for (std::int64_t c = 0; c < channels; ++c) slope[c] = inverse[c] * gain[c];
      kernels::channel_affine(x, centre, slope, bias,
                              tape.output(this->output).data() + n * positions * channels,
                              positions, channels);
    }
  }

  void backward(Tape<Real>& tape) override {
    const std::int64_t channels = tape.shape(x_).columns(), positions = positions_of(tape);
    const std::int64_t size = positions * channels;
    const Real* gain = tape.parameters().values(gain_).data();
    const Real* dy = tape.adjoint(this->output).data();
    typename Tape<Real>::Accumulator dx{};
    if (tape.wants_adjoint(x_)) dx = tape.accumulate(x_);
    dgain_ = tape.arena().template allocate<Real>(tape.batch() * channels);
    dbias_ = tape.arena().template allocate<Real>(tape.batch() * channels);
    const ArenaScope scope(tape.arena());
    double* sums = tape.arena().template allocate<double>(channels);
    double* products = tape.arena().template allocate<double>(channels);
    Real* slope = tape.arena().template allocate<Real>(channels);
    Real* offset = tape.arena().template allocate<Real>(channels);
    Real* along = tape.arena().template allocate<Real>(channels);
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      const Real* x = tape.value(x_).data() + n * size;
      const Real *centre = centre_ + n * channels, *inverse = inverse_ + n * channels;
      kernels::channel_products(dy + n * size, x, centre, sums, products, positions, channels);
      for (std::int64_t c = 0; c < channels; ++c) {
        products[c] *= static_cast<double>(inverse[c]);
        dbias_[n * channels + c] = static_cast<Real>(sums[c]);
        dgain_[n * channels + c] = static_cast<Real>(products[c]);
        slope[c] = inverse[c] * gain[c];
        sums[c] *= static_cast<double>(gain[c]);
        products[c] *= static_cast<double>(gain[c]);
      }
      if (dx.data == nullptr) continue;
      share_out(sums, positions, channels, offset, [](double m1) { return m1; });
      share_out(products, positions, channels, along, [](double m2) { return m2; });
      for (std::int64_t c = 0; c < channels; ++c) {
        offset[c] *= inverse[c];
        along[c] *= inverse[c] * inverse[c];
      }
      // Zeroed sample by sample, while it stays in cache.
      if (dx.beta == Real(0)) std::fill_n(dx.data + n * size, size, Real(0));
      kernels::channel_norm_backward(dy + n * size, x, {centre, slope, offset, along},
                                     dx.data + n * size, positions, channels);
    }
  }

  void per_sample(Tape<Real>&, FactorBook<Real>& book) override {
    book.rows(gain_, dgain_);
    book.rows(bias_, dbias_);
  }

 private:
  std::int64_t positions_of(const Tape<Real>& tape) const {
    const Shape& shape = tape.shape(x_);
    return shape.row_size() / shape.columns();
  }
  // Each channel of a group gets f of the group's mean, (1/N) sum of its channels' sums.
  template <class Function>
  void share_out(const double* sums, std::int64_t positions, std::int64_t channels, Real* out,
                 const Function& f) const {
    const std::int64_t width = channels / groups_;
    for (std::int64_t first = 0; first < channels; first += width) {
      double total = 0;
      for (std::int64_t c = first; c < first + width; ++c) total += sums[c];
      const auto shared = static_cast<Real>(f(total / static_cast<double>(positions * width)));
      for (std::int64_t c = first; c < first + width; ++c) out[c] = shared;
    }
  }

  Value x_;
  std::int64_t groups_;
  ParameterId gain_, bias_;
  Real *centre_ = nullptr, *inverse_ = nullptr;  // [B,C], a group's value at each of its channels
  Real *dgain_ = nullptr, *dbias_ = nullptr;     // [B,C]
};

}  // namespace

template <class Real>
Value group_norm(Tape<Real>& tape, Value x, std::int64_t groups, ParameterId gain,
                 ParameterId bias) {
  const Shape& shape = tape.shape(x);
  check_rank_at_least("group_norm", "x", shape, 2);
  check(shape.row_size() >= 1, "group_norm",
        [&] { return "x is " + shape.to_string() + ", expected 1 or more of each axis"; });
  check(groups >= 1 && shape.columns() % groups == 0, "group_norm", [&] {
    return "x has " + std::to_string(shape.columns()) + " channels, which " +
           std::to_string(groups) + " groups do not divide";
  });
  for (const ParameterId parameter : {gain, bias}) {
    const Shape& own = tape.parameters().info(parameter).shape;
    check(own == Shape{shape.columns()}, "group_norm", [&] {
      return "x is " + shape.to_string() + ", a parameter is " + own.to_string() +
             ": gain and bias must have one entry a channel";
    });
  }
  return tape.record(GroupNorm<Real>(x, groups, gain, bias), shape, {x}, {gain, bias});
}

template Value group_norm(Tape<float>&, Value, std::int64_t, ParameterId, ParameterId);
template Value group_norm(Tape<double>&, Value, std::int64_t, ParameterId, ParameterId);

}  // namespace gradvar

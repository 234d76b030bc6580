// layer_norm: y = (x - mean) / sqrt(variance + eps) g + b, over the channels of each position
//
//   x, y [B,...,C]  g, b [C]                       T = product of the axes between B and C
//   xhat = (x - mean) r,  r = 1 / sqrt(variance + 1e-5), for each position by itself
//   saves       x, the means and r
//   backward    dx += r (g dy - m1 - xhat m2),  m1 = sum_c g dy / C,  m2 = sum_c g dy xhat / C
//   per sample  dg_n = sum_t dy_nt xhat_nt   db_n = sum_t dy_nt         rows
// The nn.LayerNorm of PyTorch over the last axis. REQUIRES: at least one channel. Rows never mix.

#include <algorithm>

#include "autograd/channel_kernels.h"
#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

constexpr double kLayerNormEps = 1e-5;

template <class Real>
class LayerNorm final : public Op<Real> {
 public:
  LayerNorm(Value x, ParameterId gain, ParameterId bias) : x_(x), gain_(gain), bias_(bias) {}
  std::string_view name() const override { return "layer_norm"; }

  void forward(Tape<Real>& tape) override {
    const Sizes s = sizes(tape);
    const Real* gain = tape.parameters().values(gain_).data();
    const Real* bias = tape.parameters().values(bias_).data();
    const Real* x = tape.value(x_).data();
    Real* y = tape.output(this->output).data();
    mean_ = tape.arena().template allocate<Real>(s.rows);
    inverse_ = tape.arena().template allocate<Real>(s.rows);
    kernels::row_moments(x, Real(kLayerNormEps), mean_, inverse_, s.rows, s.channels);
    for (std::int64_t r = 0; r < s.rows; ++r, x += s.channels, y += s.channels) {
      for (std::int64_t c = 0; c < s.channels; ++c) {
        y[c] = (x[c] - mean_[r]) * inverse_[r] * gain[c] + bias[c];
      }
    }
  }

  void backward(Tape<Real>& tape) override {
    const Sizes s = sizes(tape);
    const Real* gain = tape.parameters().values(gain_).data();
    const Real* x = tape.value(x_).data();
    const Real* dy = tape.adjoint(this->output).data();
    Real* dx = tape.wants_adjoint(x_) ? tape.adjoint(x_).data() : nullptr;
    dgain_ = tape.arena().template allocate<Real>(tape.batch() * s.channels);
    dbias_ = tape.arena().template allocate<Real>(tape.batch() * s.channels);
    const ArenaScope scope(tape.arena());
    double* dgain = tape.arena().template allocate<double>(s.channels);
    double* dbias = tape.arena().template allocate<double>(s.channels);
    const auto channels = static_cast<Real>(s.channels);
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      std::fill_n(dgain, s.channels, 0.0);
      std::fill_n(dbias, s.channels, 0.0);
      for (std::int64_t r = n * s.positions; r < (n + 1) * s.positions; ++r) {
        const std::int64_t at = r * s.channels;
        double m1 = 0, m2 = 0;
        for (std::int64_t c = 0; c < s.channels; ++c) {
          const Real xhat = (x[at + c] - mean_[r]) * inverse_[r];
          dbias[c] += static_cast<double>(dy[at + c]);
          dgain[c] += static_cast<double>(dy[at + c] * xhat);
          m1 += static_cast<double>(gain[c] * dy[at + c]);
          m2 += static_cast<double>(gain[c] * dy[at + c] * xhat);
        }
        if (dx == nullptr) continue;
        const Real share1 = static_cast<Real>(m1) / channels;
        const Real share2 = static_cast<Real>(m2) / channels;
        for (std::int64_t c = 0; c < s.channels; ++c) {
          const Real xhat = (x[at + c] - mean_[r]) * inverse_[r];
          dx[at + c] += inverse_[r] * (gain[c] * dy[at + c] - share1 - xhat * share2);
        }
      }
      std::copy_n(dgain, s.channels, dgain_ + n * s.channels);
      std::copy_n(dbias, s.channels, dbias_ + n * s.channels);
    }
  }

  void per_sample(Tape<Real>&, FactorBook<Real>& book) override {
    book.rows(gain_, dgain_);
    book.rows(bias_, dbias_);
  }

 private:
  struct Sizes {
    std::int64_t rows, positions, channels;  // rows = B T
  };
  Sizes sizes(const Tape<Real>& tape) const {
    const Shape& shape = tape.shape(x_);
    const std::int64_t positions = shape.row_size() / shape.columns();
    return {tape.batch() * positions, positions, shape.columns()};
  }

  Value x_;
  ParameterId gain_, bias_;
  Real *mean_ = nullptr, *inverse_ = nullptr;  // [B,T]
  Real *dgain_ = nullptr, *dbias_ = nullptr;   // [B,C]
};

}  // namespace

template <class Real>
Value layer_norm(Tape<Real>& tape, Value x, ParameterId gain, ParameterId bias) {
  const Shape& shape = tape.shape(x);
  check_rank_at_least("layer_norm", "x", shape, 2);
  check(shape.columns() >= 1, "layer_norm",
        [&] { return "x is " + shape.to_string() + ", expected 1 or more channels"; });
  for (const ParameterId parameter : {gain, bias}) {
    const Shape& own = tape.parameters().info(parameter).shape;
    check(own == Shape{shape.columns()}, "layer_norm", [&] {
      return "x is " + shape.to_string() + ", a parameter is " + own.to_string() +
             ": gain and bias must have one entry a channel";
    });
  }
  return tape.record(LayerNorm<Real>(x, gain, bias), shape, {x}, {gain, bias});
}

template Value layer_norm(Tape<float>&, Value, ParameterId, ParameterId);
template Value layer_norm(Tape<double>&, Value, ParameterId, ParameterId);

}  // namespace gradvar

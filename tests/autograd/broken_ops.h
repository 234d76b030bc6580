// broken_ops: ops with one mistake each, on which the checks must fail.
#pragma once

#include "autograd/ops.h"

namespace gradvar::testing {

enum class Mistake {
  kNone,
  kFlippedSign,         // dx -= dy c
  kOverwrites,          // dx = dy c: right until the input is used twice
  kIgnoresTheAdjoint,   // dx += c: right only when the output is the loss itself
  kForgetsAFactor,      // dx += dy
  kWrongValue,          // y = c x + 1e-6
  kAveragesParameter,   // dg_n = mean over the batch of dy_n x_n
  kHalvesOneParameter,  // dg_n halved for the last sample
};

// y = c x g with c = 3, g [...] a parameter like a sample. As `gain`, and wrong as asked.
template <class Real>
class BrokenGain final : public Op<Real> {
 public:
  BrokenGain(Value x, ParameterId g, Mistake mistake) : x_(x), g_(g), mistake_(mistake) {}
  std::string_view name() const override { return "broken gain"; }

  void forward(Tape<Real>& tape) override {
    const std::span<const Real> x = tape.value(x_), g = tape.parameters().values(g_);
    const std::span<Real> y = tape.output(this->output);
    const Real error = mistake_ == Mistake::kWrongValue ? Real(1e-2) : Real(0);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = 3 * x[i] * g[i % g.size()] + error;
  }

  void backward(Tape<Real>& tape) override {
    if (!tape.wants_adjoint(x_)) return;
    const std::span<const Real> g = tape.parameters().values(g_);
    const std::span<const Real> dy = tape.adjoint(this->output);
    const std::span<Real> dx = tape.adjoint(x_);
    for (std::size_t i = 0; i < dy.size(); ++i) {
      const Real c = 3 * g[i % g.size()];
      switch (mistake_) {
        case Mistake::kFlippedSign:
          dx[i] -= dy[i] * c;
          break;
        case Mistake::kOverwrites:
          dx[i] = dy[i] * c;
          break;
        case Mistake::kIgnoresTheAdjoint:
          dx[i] += c;
          break;
        case Mistake::kForgetsAFactor:
          dx[i] += dy[i] * g[i % g.size()];
          break;
        default:
          dx[i] += dy[i] * c;
      }
    }
  }

  void per_sample(Tape<Real>& tape, FactorBook<Real>& book) override {
    const std::span<const Real> x = tape.value(x_);
    const std::span<const Real> dy = tape.adjoint(this->output);
    const std::int64_t size = tape.shape(x_).row_size(), batch = tape.batch();
    Real* dg = tape.arena().template allocate<Real>(batch * size);
    for (std::int64_t i = 0; i < batch * size; ++i) dg[i] = 3 * dy[i] * x[i];
    if (mistake_ == Mistake::kAveragesParameter) {
      for (std::int64_t i = 0; i < size; ++i) {
        Real mean = 0;
        for (std::int64_t n = 0; n < batch; ++n) mean += dg[n * size + i] / Real(batch);
        for (std::int64_t n = 0; n < batch; ++n) dg[n * size + i] = mean;
      }
    }
    if (mistake_ == Mistake::kHalvesOneParameter && batch > 1) {
      for (std::int64_t i = 0; i < size; ++i) dg[(batch - 1) * size + i] /= 2;
    }
    book.rows(g_, dg);
  }

 private:
  Value x_;
  ParameterId g_;
  Mistake mistake_;
};

template <class Real>
Value broken_gain(Tape<Real>& tape, Value x, ParameterId g, Mistake mistake) {
  return tape.record(BrokenGain<Real>(x, g, mistake), tape.shape(x), {x}, {g});
}

// y_n = x_n minus the mean over the batch: it mixes rows, and says so or not.
template <class Real>
class Centre final : public Op<Real> {
 public:
  Centre(Value x, bool admits) : x_(x), admits_(admits) {}
  std::string_view name() const override { return "centre"; }
  bool separable() const override { return !admits_; }

  void forward(Tape<Real>& tape) override {
    subtract_mean(tape, tape.value(x_), tape.output(this->output), Real(0));
  }
  void backward(Tape<Real>& tape) override {
    subtract_mean(tape, tape.adjoint(this->output), tape.adjoint(x_), Real(1));
  }

 private:
  // out = keep * out + in - mean of in over the batch
  void subtract_mean(const Tape<Real>& tape, std::span<const Real> in, std::span<Real> out,
                     Real keep) const {
    const std::int64_t size = tape.shape(x_).row_size(), batch = tape.batch();
    for (std::int64_t i = 0; i < size; ++i) {
      Real mean = 0;
      for (std::int64_t n = 0; n < batch; ++n) mean += in[n * size + i] / Real(batch);
      for (std::int64_t n = 0; n < batch; ++n) {
        Real& to = out[n * size + i];
        to = (keep == Real(0) ? Real(0) : to) + in[n * size + i] - mean;
      }
    }
  }
  Value x_;
  bool admits_;
};

template <class Real>
Value centre(Tape<Real>& tape, Value x, bool admits) {
  return tape.record(Centre<Real>(x, admits), tape.shape(x), {x});
}

}  // namespace gradvar::testing

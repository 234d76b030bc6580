// time_embedding: sinusoids of a time, from slow to fast
//
//   t [B,1]  y [B,D]     half = D / 2,  f_k = max_period^(-k / half),  k = 0 .. half - 1
//   y_k = cos(s t f_k)     y_(half + k) = sin(s t f_k)     y_(D-1) = 0 when D is odd
//   saves       t (the input itself)
//   backward    dt += sum_k s f_k (cos(s t f_k) dy_(half + k) - sin(s t f_k) dy_k)
//   per sample  no parameters
// The `timestep_embedding` of guided diffusion and torchcfm; s stretches t, which lives in [0,1],
// to the range that the frequencies are made for. REQUIRES: D >= 2. Rows never mix.

#include <cmath>

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

constexpr double kMaxPeriod = 10000;

template <class Real>
class TimeEmbedding final : public Op<Real> {
 public:
  TimeEmbedding(Value t, Real scale) : t_(t), scale_(scale) {}
  [[nodiscard]] std::string_view name() const override { return "time_embedding"; }

  void forward(Tape<Real>& tape) override {
    const std::int64_t dim = tape.shape(this->output).columns(), half = dim / 2;
    const std::span<const Real> t = tape.value(t_);
    Real* y = tape.output(this->output).data();
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      Real* row = y + n * dim;
      for (std::int64_t k = 0; k < half; ++k) {
        const Real angle = t[n] * frequency(k, half);
        row[k] = std::cos(angle);
        row[half + k] = std::sin(angle);
      }
      if (dim % 2 == 1) row[dim - 1] = Real(0);
    }
  }

  void backward(Tape<Real>& tape) override {
    const std::int64_t dim = tape.shape(this->output).columns(), half = dim / 2;
    const Real* y = tape.value(this->output).data();
    const Real* dy = tape.adjoint(this->output).data();
    const std::span<Real> dt = tape.adjoint(t_);
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      const Real* row = y + n * dim;
      const Real* drow = dy + n * dim;
      for (std::int64_t k = 0; k < half; ++k) {
        dt[n] += frequency(k, half) * (row[k] * drow[half + k] - row[half + k] * drow[k]);
      }
    }
  }

 private:
  [[nodiscard]] Real frequency(std::int64_t k, std::int64_t half) const {
    const double exponent = -static_cast<double>(k) / static_cast<double>(half);
    return scale_ * static_cast<Real>(std::pow(kMaxPeriod, exponent));
  }

  Value t_;
  Real scale_;
};

}  // namespace

template <class Real>
Value time_embedding(Tape<Real>& tape, Value t, std::int64_t dim, Real scale) {
  const Shape& shape = tape.shape(t);
  check(shape.rank() == 2 && shape[1] == 1, "time_embedding",
        [&] { return "t is " + shape.to_string() + ", expected Bx1"; });
  check(dim >= 2, "time_embedding",
        [&] { return "the width is " + std::to_string(dim) + ", expected 2 or more"; });
  return tape.record(TimeEmbedding<Real>(t, scale), Shape{tape.batch(), dim}, {t});
}

template Value time_embedding(Tape<float>&, Value, std::int64_t, float);
template Value time_embedding(Tape<double>&, Value, std::int64_t, double);

}  // namespace gradvar

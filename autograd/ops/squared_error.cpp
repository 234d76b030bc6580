// squared_error: l_n = sum_i (y_ni - target_ni)^2, one number a sample
//
//   y, target [B,...]  l [B]                       saves y and target (the inputs themselves)
//   backward    dy_ni += 2 dl_n (y_ni - target_ni)         dtarget_ni -= the same
//   per sample  no parameters
// REQUIRES: y and target have the same shape. Rows never mix.
// Trap: this is the sum over coordinates, as in the paper, not the mean that MSELoss takes.

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class SquaredError final : public Op<Real> {
 public:
  SquaredError(Value y, Value target) : y_(y), target_(target) {}
  [[nodiscard]] std::string_view name() const override { return "squared_error"; }

  void forward(Tape<Real>& tape) override {
    const Real* y = tape.value(y_).data();
    const Real* target = tape.value(target_).data();
    const std::int64_t d = tape.shape(y_).row_size();
    std::span<Real> loss = tape.output(this->output);
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      Real sum = 0;
      for (std::int64_t i = n * d; i < (n + 1) * d; ++i) {
        const Real r = y[i] - target[i];
        sum += r * r;
      }
      loss[n] = sum;
    }
  }

  void backward(Tape<Real>& tape) override {
    const Real* dl = tape.adjoint(this->output).data();
    if (tape.wants_adjoint(y_)) add_difference(tape, dl, Real(2), tape.adjoint(y_).data());
    if (tape.wants_adjoint(target_))
      add_difference(tape, dl, Real(-2), tape.adjoint(target_).data());
  }

 private:
  void add_difference(const Tape<Real>& tape, const Real* dl, Real factor, Real* out) const {
    const Real* y = tape.value(y_).data();
    const Real* target = tape.value(target_).data();
    const std::int64_t d = tape.shape(y_).row_size();
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      const Real scale = factor * dl[n];
      for (std::int64_t i = n * d; i < (n + 1) * d; ++i) out[i] += scale * (y[i] - target[i]);
    }
  }

  Value y_, target_;
};

}  // namespace

template <class Real>
Value squared_error(Tape<Real>& tape, Value y, Value target) {
  check_same_shape("squared_error", "y", tape.shape(y), "target", tape.shape(target));
  check_rank_at_least("squared_error", "y", tape.shape(y), 1);
  return tape.record(SquaredError<Real>(y, target), Shape{tape.batch()}, {y, target});
}

template Value squared_error(Tape<float>&, Value, Value);
template Value squared_error(Tape<double>&, Value, Value);

}  // namespace gradvar

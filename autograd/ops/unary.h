// unary: what the activations share. Each has its own file with its formula; here is the op around
// it: y has the shape of x, rows never mix, there are no parameters.
#pragma once

#include <algorithm>

#include "autograd/check.h"
#include "autograd/tape.h"

namespace gradvar {

template <class Real>
struct UnaryRule {
  const char* name;
  void (*forward)(const Real* x, Real* y, std::int64_t n);
  // dx += dy f'(x), from what is saved: x, or y when the derivative can be told from it.
  void (*backward)(const Real* saved, const Real* dy, Real* dx, std::int64_t n);
  bool saves_output;
};

template <class Real>
class Unary final : public Op<Real> {
 public:
  Unary(Value x, const UnaryRule<Real>& rule) : x_(x), rule_(rule) {}
  [[nodiscard]] std::string_view name() const override { return rule_.name; }

  void forward(Tape<Real>& tape) override {
    const std::span<const Real> x = tape.value(x_);
    rule_.forward(x.data(), tape.output(this->output).data(), x.size());
  }

  void backward(Tape<Real>& tape) override {
    const std::span<const Real> saved = tape.value(rule_.saves_output ? this->output : x_);
    const Real* dy = tape.adjoint(this->output).data();
    const auto dx = tape.accumulate(x_);
    const auto size = static_cast<std::int64_t>(saved.size());
    for (std::int64_t at = 0; at < size; at += kPiece) {
      const std::int64_t count = std::min(kPiece, size - at);
      if (dx.beta == Real(0)) std::fill_n(dx.data + at, count, Real(0));
      rule_.backward(saved.data() + at, dy + at, dx.data + at, count);
    }
  }

 private:
  // An adjoint that is touched first is zeroed by pieces that stay in cache until they are added
  // to.
  static constexpr std::int64_t kPiece = 2048;

  Value x_;
  UnaryRule<Real> rule_;
};

template <class Real>
Value record_unary(Tape<Real>& tape, Value x, const UnaryRule<Real>& rule) {
  check_rank_at_least(rule.name, "x", tape.shape(x), 1);
  return tape.record(Unary<Real>(x, rule), tape.shape(x), {x});
}

}  // namespace gradvar

// concat: y = [x_1, x_2, ...] along the last axis
//
//   x_k [B,...,I_k]  y [B,...,sum I_k]             saves nothing
//   backward    dx_k += the columns of dy that came from x_k
//   per sample  no parameters
// REQUIRES: at least one input; all axes but the last agree. Rows never mix.
// Trap: an input may stand there twice; it then gets both parts of dy.

#include <algorithm>

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

template <class Real>
class Concat final : public Op<Real> {
 public:
  // inputs in the tape's arena.
  explicit Concat(std::span<const Value> inputs) : inputs_(inputs) {}
  [[nodiscard]] std::string_view name() const override { return "concat"; }

  void forward(Tape<Real>& tape) override {
    Real* y = tape.output(this->output).data();
    const std::int64_t width = tape.shape(this->output).columns();
    std::int64_t at = 0;
    for (const Value input : inputs_) {
      const Real* x = tape.value(input).data();
      const std::int64_t columns = tape.shape(input).columns();
      for (std::int64_t r = 0; r < rows(tape); ++r) {
        std::copy_n(x + r * columns, columns, y + r * width + at);
      }
      at += columns;
    }
  }

  void backward(Tape<Real>& tape) override {
    const Real* dy = tape.adjoint(this->output).data();
    const std::int64_t width = tape.shape(this->output).columns();
    std::int64_t at = 0;
    for (const Value input : inputs_) {
      const std::int64_t columns = tape.shape(input).columns();
      if (tape.wants_adjoint(input)) {
        const auto to = tape.accumulate(input);
        for (std::int64_t r = 0; r < rows(tape); ++r) {
          const Real* from = dy + r * width + at;
          Real* dx = to.data + r * columns;
          if (to.beta == Real(0)) {
            std::copy_n(from, columns, dx);
          } else {
            for (std::int64_t c = 0; c < columns; ++c) dx[c] += from[c];
          }
        }
      }
      at += columns;
    }
  }

 private:
  [[nodiscard]] std::int64_t rows(const Tape<Real>& tape) const {
    const Shape& shape = tape.shape(this->output);
    return shape.columns() == 0 ? 0 : shape.size() / shape.columns();
  }
  std::span<const Value> inputs_;
};

}  // namespace

template <class Real>
Value concat(Tape<Real>& tape, std::span<const Value> inputs) {
  check(!inputs.empty(), "concat", "there are no inputs, expected at least one");
  const Shape& first = tape.shape(inputs[0]);
  check_rank_at_least("concat", "input 0", first, 2);
  std::int64_t columns = 0;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Shape& shape = tape.shape(inputs[k]);
    bool agrees = shape.rank() == first.rank();
    for (int i = 0; agrees && i + 1 < first.rank(); ++i) agrees = shape[i] == first[i];
    check(agrees, "concat", [&] {
      return "input 0 is " + first.to_string() + ", input " + std::to_string(k) + " is " +
             shape.to_string() + ": all axes but the last must agree";
    });
    columns += shape.columns();
  }
  Value* kept = tape.arena().template allocate<Value>(static_cast<std::int64_t>(inputs.size()));
  std::copy(inputs.begin(), inputs.end(), kept);
  const std::span<const Value> copies(kept, inputs.size());
  return tape.record(Concat<Real>(copies), first.with_columns(columns), copies);
}

template Value concat(Tape<float>&, std::span<const Value>);
template Value concat(Tape<double>&, std::span<const Value>);

}  // namespace gradvar

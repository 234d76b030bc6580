#include "autograd/probe.h"

#include <algorithm>
#include <vector>

namespace gradvar {

namespace {

// The first row of x [rows, ...] but `seeded` that is not all zeros, or -1. A NaN is not zero.
template <class Real>
std::int64_t first_touched(std::span<const Real> x, std::int64_t rows, std::int64_t seeded) {
  const std::int64_t size = rows == 0 ? 0 : static_cast<std::int64_t>(x.size()) / rows;
  for (std::int64_t n = 0; n < rows; ++n) {
    const std::span<const Real> row = x.subspan(n * size, size);
    const bool zero = std::all_of(row.begin(), row.end(), [](Real v) { return v == Real(0); });
    if (n != seeded && !zero) return n;
  }
  return -1;
}

// Looks at each parameter's per-sample gradients as they are handed over.
template <class Real>
class Watch final : public GradientReceiver<Real> {
 public:
  Watch(const ParameterLayout& layout, ProbeResult& result) : layout_(layout), result_(result) {}
  // An op that admits to mixing rows is to be measured like any other.
  [[nodiscard]] bool needs_separable_samples() const override { return false; }
  [[nodiscard]] bool keeps_adjoints() const override { return true; }

  void receive(const SampleGradients<Real>& gradients) override {
    if (!result_.separable) return;
    std::vector<Real> whole(gradients.batch * gradients.size());
    Arena scratch;
    for (std::int64_t n = 0; n < gradients.batch; ++n) {
      gradients.materialise(n, scratch, whole.data() + n * gradients.size());
    }
    const std::int64_t row = first_touched<Real>(whole, gradients.batch, result_.seeded);
    if (row < 0) return;
    result_.separable = false;
    result_.offending = row;
    result_.where = "the gradient of " + layout_[gradients.parameter].name;
  }

 private:
  const ParameterLayout& layout_;
  ProbeResult& result_;
};

}  // namespace

std::string ProbeResult::to_string() const {
  if (separable) return "the samples are separate: no loss depends on another sample";
  return "the loss of sample " + std::to_string(seeded) + " depends on sample " +
         std::to_string(offending) + ": there, " + where + " is not 0";
}

template <class Real>
ProbeResult probe_separability(const ParameterSet<Real>& parameters,
                               const std::function<Value(Tape<Real>&)>& record) {
  ProbeResult result;
  Tape<Real> tape(parameters);
  std::int64_t batch = 1;
  for (std::int64_t n = 0; n < batch && result.separable; ++n) {
    tape.reset();
    const Value losses = record(tape);
    batch = tape.batch();
    std::vector<Real> seed(batch);
    seed[n] = Real(1);
    result.seeded = n;
    Watch<Real> watch(parameters.layout(), result);
    tape.backward(losses, seed, &watch);
    // From the last value to the first: the one nearest to the op that mixes is named.
    for (std::int32_t v = losses.index; v >= 0; --v) {
      if (!tape.wants_adjoint({v})) continue;
      const std::int64_t row = first_touched<Real>(tape.adjoint({v}), batch, n);
      if (row < 0) continue;
      result.separable = false;
      result.offending = row;
      result.where = "the adjoint of " + tape.describe({v});
      break;
    }
  }
  if (result.separable) result.seeded = -1;
  return result;
}

template ProbeResult probe_separability(const ParameterSet<float>&,
                                        const std::function<Value(Tape<float>&)>&);
template ProbeResult probe_separability(const ParameterSet<double>&,
                                        const std::function<Value(Tape<double>&)>&);

}  // namespace gradvar

#include "autograd/gradcheck.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "autograd/check.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/collectors/sum.h"
#include "autograd/ops.h"
#include "autograd/random.h"

namespace gradvar {

namespace {

// Streams of the numbers a case is filled with: step = kind + index, counted by sample.
constexpr std::uint64_t kParameterStep = 1000, kDirectionStep = 2000;

template <class Real>
void fill(std::uint64_t step, std::int64_t sample, double scale, double gap, std::span<Real> out) {
  std::vector<double> draws(out.size());
  RandomStream(17, Purpose::kTest).normals<double>(step, static_cast<std::uint32_t>(sample), draws);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<Real>(scale * draws[i] + std::copysign(gap, draws[i]));
  }
}

template <class Real>
std::span<const Real> rows_of(const Tensor<Real>& all, std::int64_t first, std::int64_t count) {
  return all.values().subspan(first * all.row_size(), count * all.row_size());
}

template <class Real>
std::vector<double> doubles(std::span<const Real> values) {
  return {values.begin(), values.end()};
}

// Offers factors to collectors, for a tape that stands outside an engine.
template <class Real>
class Hand final : public GradientReceiver<Real> {
 public:
  Hand(std::vector<Collector<Real>*> collectors, const ParameterLayout& layout, std::int64_t batch,
       Arena& scratch)
      : collectors_(std::move(collectors)), rows_{0, 0, batch, {}}, scratch_(scratch) {
    for (Collector<Real>* collector : collectors_) collector->begin(layout, {batch, 1, {}});
  }
  void receive(const SampleGradients<Real>& gradients) override {
    offer<Real>(collectors_, gradients, rows_, scratch_);
  }

 private:
  std::vector<Collector<Real>*> collectors_;
  LaneRows<Real> rows_;
  Arena& scratch_;
};

// Everything a case gives for some of its rows.
template <class Real>
struct Taken {
  Taken(const GradcheckData<Real>& data, std::int64_t first, std::int64_t count) {
    Tape<Real> tape(data.parameters);
    std::vector<Value> inputs;
    Value output;
    const Value losses = data.record(tape, first, count, &inputs, &output);
    Hand<Real> hand({&per_sample, &sum}, data.parameters.layout(), count, tape.arena());
    tape.backward(losses, &hand);
    LanePool pool(1);
    sum.merge(pool);
    y = Tensor<Real>(tape.shape(output), tape.value(output));
    for (const Value input : inputs) adjoints.emplace_back(tape.shape(input), tape.adjoint(input));
  }
  Tensor<Real> y;
  std::vector<Tensor<Real>> adjoints;  // by input
  PerSampleCollector<Real> per_sample;
  SumCollector<Real> sum;
};

ParameterId id_of(std::size_t k) { return {static_cast<std::int32_t>(k)}; }

// The slope of each sample's loss along a coordinate, where move(by) sets the coordinate to what it
// was plus `by`.
template <class Move>
std::vector<double> differences(const GradcheckData<double>& data, std::int64_t batch, double step,
                                const Move& move) {
  Tape<double> tape(data.parameters);
  std::vector<double> slopes(batch);
  const std::pair<double, double> stencil[] = {{-2, 1}, {-1, -8}, {1, 8}, {2, -1}};
  for (const auto& [steps, weight] : stencil) {
    tape.reset();
    move(steps * step);
    const std::span<const double> losses = tape.value(data.record(tape, 0, batch));
    for (std::int64_t n = 0; n < batch; ++n) slopes[n] += weight * losses[n] / (12 * step);
  }
  move(0);
  return slopes;
}

}  // namespace

template <class Real>
GradcheckData<Real>::GradcheckData(const GradcheckCase& of, std::int64_t batch, bool offsets)
    : case_(of), offsets_(offsets) {
  for (std::size_t k = 0; k < of.parameters.size(); ++k) {
    const GradcheckParameter& parameter = of.parameters[k];
    own_.push_back(parameters.add(parameter.name, parameter.shape));
    fill(kParameterStep + k, 0, parameter.scale, 0, parameters.values(own_.back()));
  }
  for (std::size_t k = 0; k < of.inputs.size(); ++k) {
    const GradcheckInput& input = of.inputs[k];
    Tensor<Real>& values = inputs.emplace_back(input.sample.batched(batch));
    for (std::int64_t n = 0; n < batch; ++n) fill(k, n, 1, input.gap, values.row(n));
    const bool shifted = offsets && input.differentiable && input.sample.rank() >= 1;
    offset_.push_back(shifted ? parameters.add("offset of " + input.name, input.sample)
                              : ParameterId{});
  }
  Tape<Real> tape(parameters);
  direction = Tensor<Real>(tape.shape(record_output(tape, 0, batch, nullptr)));
  for (std::int64_t n = 0; n < batch; ++n) fill(kDirectionStep, n, 1, 0, direction.row(n));
}

template <class Real>
Value GradcheckData<Real>::record_output(Tape<Real>& tape, std::int64_t first, std::int64_t count,
                                         std::vector<Value>* handles) const {
  std::vector<Value> x;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const std::span<const Real> rows = rows_of(inputs[k], first, count);
    const Shape shape = inputs[k].shape().with_rows(count);
    const bool wanted = handles != nullptr && case_.inputs[k].differentiable;
    x.push_back(wanted ? tape.variable(rows, shape) : tape.input(rows, shape));
    if (handles != nullptr) handles->push_back(x[k]);
    if (offset_[k].index >= 0) x[k] = shift(tape, x[k], offset_[k]);
  }
  if constexpr (std::is_same_v<Real, float>) {
    return case_.record_f32(tape, x, own_);
  } else {
    return case_.record_f64(tape, x, own_);
  }
}

template <class Real>
Value GradcheckData<Real>::record(Tape<Real>& tape, std::int64_t first, std::int64_t count,
                                  std::vector<Value>* handles, Value* output) const {
  const Value y = record_output(tape, first, count, handles);
  if (output != nullptr) *output = y;
  check(tape.shape(y).sample() == direction.shape().sample(), "gradcheck", [&] {
    return case_.name + " gives " + tape.shape(y).to_string() + " now and gave " +
           direction.shape().to_string() + " before: a sample's shape must not change";
  });
  const Value d = tape.input(rows_of(direction, first, count), tape.shape(y));
  return sum(tape, mul(tape, y, d));
}

template <class Real>
typename Engine<Real>::BuildLosses GradcheckData<Real>::losses(std::int64_t first) const {
  return [this, first](Tape<Real>& tape, const LaneRows<Real>& rows) {
    return record(tape, first + rows.begin, rows.count);
  };
}

void keep_worse(Difference& worst, const Difference& other) {
  if (!(other.relative <= worst.relative)) worst = other;
}

template <class Real>
Difference compare(const std::string& what, std::span<const Real> found,
                   std::span<const double> expected) {
  if (found.size() != expected.size()) {
    return {std::numeric_limits<double>::infinity(), what + ": " + std::to_string(found.size()) +
                                                         " numbers, expected " +
                                                         std::to_string(expected.size())};
  }
  double largest = 0, magnitude = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    double difference = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (std::isnan(difference)) difference = std::numeric_limits<double>::infinity();
    magnitude = std::max(magnitude, std::abs(expected[i]));
    if (difference > largest) {
      largest = difference;
      at = i;
    }
  }
  if (largest == 0) return {};
  const double relative = std::isinf(largest) ? largest : largest / magnitude;
  return {relative, what + ", element " + std::to_string(at) + ": " + std::to_string(found[at]) +
                        ", expected " + std::to_string(expected[at])};
}

template <class Real>
Difference forward_difference(const GradcheckCase& of) {
  check(static_cast<bool>(of.reference), "gradcheck",
        [&] { return of.name + " has no reference to compare with"; });
  const GradcheckData<Real> data(of, of.batch, /*offsets=*/false);
  const Taken<Real> taken(data, 0, of.batch);
  std::vector<std::vector<double>> parameters;
  parameters.reserve(static_cast<std::size_t>(data.parameters.layout().count()));
  for (int k = 0; k < data.parameters.layout().count(); ++k) {
    parameters.push_back(doubles(data.parameters.values(ParameterId{k})));
  }
  std::vector<double> expected;
  for (std::int64_t n = 0; n < of.batch; ++n) {
    std::vector<std::vector<double>> inputs;
    for (const Tensor<Real>& input : data.inputs) inputs.push_back(doubles(input.row(n)));
    const std::vector<double> row = of.reference(inputs, parameters);
    expected.insert(expected.end(), row.begin(), row.end());
  }
  return compare<Real>(of.name + ": output", taken.y.values(), expected);
}

Difference finite_difference(const GradcheckCase& of) {
  GradcheckData<double> data(of, of.batch, /*offsets=*/false);
  const Taken<double> taken(data, 0, of.batch);
  Difference worst;
  for (std::size_t k = 0; k < of.inputs.size(); ++k) {
    if (!of.inputs[k].differentiable) continue;
    Tensor<double>& input = data.inputs[k];
    const Tensor<double> kept = input;
    std::vector<double> expected(input.size());
    for (std::int64_t i = 0; i < input.row_size(); ++i) {
      // All rows move at once: each row's loss is its own.
      const std::vector<double> slopes = differences(data, of.batch, of.step, [&](double by) {
        for (std::int64_t at = i; at < input.size(); at += input.row_size()) {
          input[at] = kept[at] + by;
        }
      });
      for (std::int64_t n = 0; n < of.batch; ++n) expected[n * input.row_size() + i] = slopes[n];
    }
    keep_worse(worst, compare<double>(of.name + ": gradient of input " + of.inputs[k].name,
                                      taken.adjoints[k].values(), expected));
  }
  for (std::size_t k = 0; k < of.parameters.size(); ++k) {
    const std::span<double> values = data.parameters.values(id_of(k));
    std::vector<double> found, expected(of.batch * values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double kept = values[i];
      const std::vector<double> slopes =
          differences(data, of.batch, of.step, [&](double by) { values[i] = kept + by; });
      for (std::int64_t n = 0; n < of.batch; ++n) expected[n * values.size() + i] = slopes[n];
    }
    for (std::int64_t n = 0; n < of.batch; ++n) {
      const std::span<const double> row = taken.per_sample.gradient(n, id_of(k));
      found.insert(found.end(), row.begin(), row.end());
    }
    keep_worse(worst, compare<double>(of.name + ": gradient of parameter " + of.parameters[k].name,
                                      found, expected));
  }
  return worst;
}

template <class Real>
Difference batch_of_one_difference(const GradcheckCase& of) {
  const GradcheckData<Real> data(of, of.batch, /*offsets=*/false);
  const Taken<Real> together(data, 0, of.batch);
  std::vector<double> y;
  std::vector<std::vector<double>> adjoints(of.inputs.size()), gradients(of.parameters.size());
  const auto append = [](std::vector<double>& to, std::span<const Real> row) {
    to.insert(to.end(), row.begin(), row.end());
  };
  for (std::int64_t n = 0; n < of.batch; ++n) {
    const Taken<Real> alone(data, n, 1);
    append(y, alone.y.values());
    for (std::size_t k = 0; k < of.inputs.size(); ++k) {
      append(adjoints[k], alone.adjoints[k].values());
    }
    for (std::size_t k = 0; k < of.parameters.size(); ++k) {
      append(gradients[k], alone.per_sample.gradient(0, id_of(k)));
    }
  }
  Difference worst = compare<Real>(of.name + ": output", together.y.values(), y);
  for (std::size_t k = 0; k < of.inputs.size(); ++k) {
    keep_worse(worst, compare<Real>(of.name + ": gradient of input " + of.inputs[k].name,
                                    std::as_const(together.adjoints[k]).values(), adjoints[k]));
  }
  for (std::size_t k = 0; k < of.parameters.size(); ++k) {
    std::vector<Real> found;
    for (std::int64_t n = 0; n < of.batch; ++n) {
      const std::span<const Real> row = together.per_sample.gradient(n, id_of(k));
      found.insert(found.end(), row.begin(), row.end());
    }
    keep_worse(worst, compare<Real>(of.name + ": gradient of parameter " + of.parameters[k].name,
                                    found, gradients[k]));
  }
  return worst;
}

template <class Real>
Difference sum_difference(const GradcheckCase& of) {
  const GradcheckData<Real> data(of, of.batch, /*offsets=*/true);
  const Taken<Real> taken(data, 0, of.batch);
  Difference worst;
  for (const ParameterInfo& info : data.parameters.layout().infos()) {
    const ParameterId id = *data.parameters.layout().find(info.name);
    std::vector<double> mean(info.size());
    for (std::int64_t n = 0; n < of.batch; ++n) {
      const std::span<const Real> row = taken.per_sample.gradient(n, id);
      for (std::size_t i = 0; i < row.size(); ++i) {
        mean[i] += static_cast<double>(row[i]) / static_cast<double>(of.batch);
      }
    }
    const std::span<const Real> flat = taken.sum.mean();
    keep_worse(worst, compare<Real>(of.name + ": batch gradient of " + info.name,
                                    data.parameters.layout().slice(flat, id), mean));
  }
  return worst;
}

template class GradcheckData<float>;
template class GradcheckData<double>;
template Difference compare(const std::string&, std::span<const float>, std::span<const double>);
template Difference compare(const std::string&, std::span<const double>, std::span<const double>);
template Difference forward_difference<float>(const GradcheckCase&);
template Difference forward_difference<double>(const GradcheckCase&);
template Difference batch_of_one_difference<float>(const GradcheckCase&);
template Difference batch_of_one_difference<double>(const GradcheckCase&);
template Difference sum_difference<float>(const GradcheckCase&);
template Difference sum_difference<double>(const GradcheckCase&);

}  // namespace gradvar

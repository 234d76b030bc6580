#include "tools/variance/measurement.h"

#include <algorithm>
#include <cmath>

#include "tools/monitor.h"

namespace gradvar {

template <class Real>
Measurement measure_all(Engine<Real>& engine, const Model<Real>& model,
                        const Interpolant& interpolant, const Tensor<Real>& x0,
                        const Tensor<Real>& x1, const VarianceOptions& options, bool check,
                        const MeasurementTick& tick) {
  VarianceOptions twice = options;
  twice.nodes_per_bin *= 2;
  const auto gradients = [&](const VarianceOptions& of) {
    return 2 * x0.rows() * samples_of_a_pair(interpolant, of, x0.row_size());
  };
  const std::int64_t total = gradients(options) + (check ? gradients(twice) : 0);
  std::int64_t done = 0;
  const auto after_batch = [&](std::int64_t samples) {
    done += samples;
    if (tick) tick(done, total);
  };
  const auto measure = [&](const VarianceOptions& of) {
    ExactVariance exact;
    exact.first = measure_variance(engine, model, interpolant, x0, x1, of, after_batch);
    exact.pairs = measure_pairs(engine, model, interpolant, x0, x1, of, exact.first, after_batch);
    return exact;
  };
  Measurement measurement{
      .layout = model.parameters().layout(), .options = options, .interpolant = interpolant.spec()};
  measurement.exact = measure(options);
  if (check) measurement.finer = measure(twice);
  return measurement;
}

template <class Real>
void add_loss_floor(Measurement& measurement, const Field<Real>& field, LanePool& pool,
                    const Interpolant& interpolant, const Tensor<Real>& x0,
                    const Tensor<Real>& x1) {
  if (!interpolant.needs_noise()) {
    measurement.floor = {.floor = {}, .excess = {measurement.exact.first.loss, 0}, .points = 0};
    return;
  }
  const VarianceOptions& options = measurement.options;
  measurement.floor = measure_loss_floor(
      field, convert<double>(x0), convert<double>(x1), interpolant,
      {.t_begin = options.t_begin, .t_end = options.t_end, .seed = options.seed}, pool);
}

NamedNumbers named_numbers(const ExactVariance& exact, const ParameterLayout& layout) {
  NamedNumbers numbers;
  const MomentSummary& whole = exact.first.whole;
  numbers.emplace_back("loss", exact.first.loss);
  numbers.emplace_back("trace", whole.trace);
  numbers.emplace_back("mean_squared_norm", whole.mean_squared_norm);
  numbers.emplace_back("signal_to_noise", whole.signal_to_noise());
  numbers.emplace_back("noise_scale", whole.noise_scale());
  const VarianceParts parts = exact.pairs.whole.parts();
  numbers.emplace_back("trace between pairs", parts.pair);
  numbers.emplace_back("trace over time", parts.time);
  if (exact.first.noise_points > 1) numbers.emplace_back("trace over noise", parts.noise);
  numbers.emplace_back("mean cosine", exact.pairs.alignment.mean);
  const std::vector<std::string> layers = layout.layers();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    numbers.emplace_back("trace/" + layers[i], exact.first.by_layer[i].trace);
  }
  for (const TimeBin& bin : exact.first.by_time) {
    numbers.emplace_back("trace/t=" + short_number(bin.t_begin) + ".." + short_number(bin.t_end),
                         bin.moments.trace);
  }
  return numbers;
}

std::vector<Change> changes(const Measurement& measurement) {
  std::vector<Change> list;
  if (!measurement.finer) return list;
  const NamedNumbers once = named_numbers(measurement.exact, measurement.layout);
  const NamedNumbers twice = named_numbers(*measurement.finer, measurement.layout);
  for (std::size_t i = 0; i < once.size(); ++i) {
    const auto& [name, value] = once[i];
    double scale = std::max(std::abs(value), std::abs(twice[i].second));
    if (name.starts_with("trace ")) scale = measurement.exact.first.whole.trace;
    if (name == "mean cosine") scale = 1;
    const double difference = std::abs(twice[i].second - value);
    list.push_back({name, value, twice[i].second, difference == 0 ? 0 : difference / scale});
  }
  return list;
}

double largest_change(const std::vector<Change>& list) {
  double largest = 0;
  for (const Change& change : list) largest = std::max(largest, change.relative);
  return largest;
}

template void add_loss_floor(Measurement&, const Field<float>&, LanePool&, const Interpolant&,
                             const Tensor<float>&, const Tensor<float>&);
template void add_loss_floor(Measurement&, const Field<double>&, LanePool&, const Interpolant&,
                             const Tensor<double>&, const Tensor<double>&);
template Measurement measure_all(Engine<float>&, const Model<float>&, const Interpolant&,
                                 const Tensor<float>&, const Tensor<float>&, const VarianceOptions&,
                                 bool, const MeasurementTick&);
template Measurement measure_all(Engine<double>&, const Model<double>&, const Interpolant&,
                                 const Tensor<double>&, const Tensor<double>&,
                                 const VarianceOptions&, bool, const MeasurementTick&);

}  // namespace gradvar

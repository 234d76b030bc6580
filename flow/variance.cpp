#include "flow/variance.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "autograd/check.h"
#include "autograd/collectors/moments.h"
#include "flow/objective.h"

namespace gradvar {

namespace {

[[noreturn]] void throw_nonfinite(const std::string& where) {
  throw std::runtime_error("[variance] a number is not finite" +
                           (where.empty() ? std::string() : ", first in " + where));
}

}  // namespace

template <class Real>
VarianceReport measure_variance(Engine<Real>& engine, const Model<Real>& model,
                                const Interpolant& interpolant, const Tensor<Real>& x0,
                                const Tensor<Real>& x1, const VarianceOptions& options,
                                const std::function<void(std::int64_t)>& after_batch) {
  options.validate();
  interpolant.validate();
  check_same_shape("variance", "x0", x0.shape(), "x1", x1.shape());
  const NoiseRule noise = NoiseRule::make(interpolant, options, x0.row_size());
  const ParameterLayout& layout = model.parameters().layout();
  VarianceReport report;
  report.moments = StreamingMoments(layout);
  report.noise_points = noise.points;
  report.noise_drawn = noise.drawn;
  MomentsCollector<Real> collector;
  std::vector<Real> losses(options.microbatch);

  const double width = (options.t_end - options.t_begin) / options.time_bins;
  for (int bin = 0; bin < options.time_bins; ++bin) {
    NestedDesign<Real> design(x0, x1, noise, options, bin, 1);
    StreamingMoments bin_moments(layout);
    double bin_loss = 0;
    for (std::int64_t first = 0; first < design.size(); first += options.microbatch) {
      const std::int64_t count = std::min(options.microbatch, design.size() - first);
      design.select(first, count);
      const std::span<Real> batch_losses = std::span(losses).first(count);
      design.run(engine, model, interpolant, {&collector}, batch_losses);
      bin_moments.merge<Real>(collector.mean(), collector.squared_deviations(), collector.weights(),
                              &engine.pool());
      for (std::int64_t n = 0; n < count; ++n) {
        if (!std::isfinite(batch_losses[n])) throw_nonfinite(engine.first_nonfinite());
        bin_loss += static_cast<double>(design.weights()[n]) * static_cast<double>(batch_losses[n]);
      }
      if (after_batch) after_batch(count);
    }
    report.loss += bin_loss;
    const double begin = options.t_begin + bin * width;
    report.by_time.push_back({begin, begin + width,
                              summarise_whole(bin_moments.summaries(Estimator::kPopulation)),
                              bin_loss / bin_moments.weights().sum});
    report.moments.merge(bin_moments);
  }
  report.loss /= report.moments.weights().sum;
  report.samples = report.moments.weights().samples;
  report.by_parameter = report.moments.summaries(Estimator::kPopulation);
  report.by_layer = summarise_layers(layout, report.by_parameter);
  report.whole = summarise_whole(report.by_parameter);
  if (!std::isfinite(report.whole.trace) || !std::isfinite(report.whole.mean_squared_norm)) {
    throw_nonfinite("the squares of gradients: they are too large for this precision");
  }
  return report;
}

template VarianceReport measure_variance(Engine<float>&, const Model<float>&, const Interpolant&,
                                         const Tensor<float>&, const Tensor<float>&,
                                         const VarianceOptions&,
                                         const std::function<void(std::int64_t)>&);
template VarianceReport measure_variance(Engine<double>&, const Model<double>&, const Interpolant&,
                                         const Tensor<double>&, const Tensor<double>&,
                                         const VarianceOptions&,
                                         const std::function<void(std::int64_t)>&);

}  // namespace gradvar

#include "flow/variance.h"

#include <algorithm>

#include "autograd/check.h"
#include "autograd/collectors/moments.h"
#include "autograd/random.h"
#include "flow/objective.h"
#include "flow/quadrature.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

void check_options(const VarianceOptions& options) {
  const auto at_least_one = [](std::int64_t value, const char* name) {
    check(value >= 1, "variance",
          std::string(name) + " is " + std::to_string(value) + ", expected 1 or more");
  };
  at_least_one(options.time_bins, "time-bins");
  at_least_one(options.nodes_per_bin, "nodes");
  at_least_one(options.noise_draws, "noise-draws");
  at_least_one(options.microbatch, "microbatch");
  check(options.t_begin >= 0 && options.t_begin < options.t_end && options.t_end <= 1, "variance",
        "t goes from " + number_text(options.t_begin) + " to " + number_text(options.t_end) +
            ", expected 0 <= t-begin < t-end <= 1");
}

// All (pair, node, draw) of one time bin, in this order, a microbatch at a time.
template <class Real>
class BinDesign {
 public:
  BinDesign(const Tensor<Real>& x0, const Tensor<Real>& x1, bool noisy,
            const VarianceOptions& options, int bin, const Quadrature& times)
      : x0_(x0),
        x1_(x1),
        noise_(options.seed, Purpose::kNoise),
        times_(times),
        first_node_(static_cast<std::uint64_t>(bin) * options.nodes_per_bin),
        draws_(noisy ? options.noise_draws : 1),
        noisy_(noisy) {
    const std::int64_t room = std::min(options.microbatch, size());
    const Shape rows = x0.shape().with_rows(room);
    x0_rows_ = Tensor<Real>(rows);
    x1_rows_ = Tensor<Real>(rows);
    z_ = Tensor<Real>(noisy ? rows : Shape{0});
    t_ = Tensor<Real>(Shape{room});
    weights_ = Tensor<Real>(Shape{room});
  }

  [[nodiscard]] std::int64_t size() const {
    return x0_.rows() * static_cast<std::int64_t>(times_.nodes.size()) * draws_;
  }

  // Samples first .. first + count into the rows' memory.
  void fill(std::int64_t first, std::int64_t count) {
    const std::int64_t d = x0_.row_size(), pairs = x0_.rows();
    for (std::int64_t n = 0; n < count; ++n) {
      const std::int64_t pair = (first + n) % pairs, node = (first + n) / pairs / draws_;
      const std::int64_t draw = (first + n) / pairs % draws_;
      std::copy_n(x0_.data() + pair * d, d, x0_rows_.data() + n * d);
      std::copy_n(x1_.data() + pair * d, d, x1_rows_.data() + n * d);
      t_[n] = static_cast<Real>(times_.nodes[node]);
      weights_[n] = static_cast<Real>(times_.weights[node]);
      if (!noisy_) continue;
      // A stream "step" for each node and draw, so that a pair keeps its noise through training.
      noise_.normals<Real>((first_node_ + node) * draws_ + draw, static_cast<std::uint32_t>(pair),
                           z_.values().subspan(n * d, d));
    }
  }

  [[nodiscard]] FlowRows<Real> rows(std::int64_t begin, std::int64_t count) const {
    const std::int64_t d = x0_.row_size();
    return {.x0 = x0_rows_.values().subspan(begin * d, count * d),
            .x1 = x1_rows_.values().subspan(begin * d, count * d),
            .t = t_.values().subspan(begin, count),
            .z = noisy_ ? z_.values().subspan(begin * d, count * d) : std::span<const Real>{}};
  }
  [[nodiscard]] std::span<const Real> weights(std::int64_t count) const {
    return weights_.values().first(count);
  }

 private:
  const Tensor<Real>& x0_;
  const Tensor<Real>& x1_;
  RandomStream noise_;
  const Quadrature& times_;
  std::uint64_t first_node_;
  std::int64_t draws_;
  bool noisy_;
  Tensor<Real> x0_rows_, x1_rows_, z_, t_, weights_;
};

}  // namespace

template <class Real>
VarianceReport measure_variance(Engine<Real>& engine, const Model<Real>& model,
                                const Interpolant& interpolant, const Tensor<Real>& x0,
                                const Tensor<Real>& x1, const VarianceOptions& options) {
  check_options(options);
  interpolant.validate();
  check_same_shape("variance", "x0", x0.shape(), "x1", x1.shape());
  check(x0.rows() >= 1, "variance", "there are no pairs, expected at least one");
  const ParameterLayout& layout = model.parameters().layout();
  VarianceReport report;
  report.moments = StreamingMoments(layout);
  MomentsCollector<Real> collector;
  std::vector<Real> losses(options.microbatch);

  const double width = (options.t_end - options.t_begin) / options.time_bins;
  for (int bin = 0; bin < options.time_bins; ++bin) {
    const double begin = options.t_begin + bin * width;
    const Quadrature times = gauss_legendre(options.nodes_per_bin, begin, begin + width);
    BinDesign<Real> design(x0, x1, interpolant.needs_noise(), options, bin, times);
    StreamingMoments bin_moments(layout);
    double bin_loss = 0;
    for (std::int64_t first = 0; first < design.size(); first += options.microbatch) {
      const std::int64_t count = std::min(options.microbatch, design.size() - first);
      design.fill(first, count);
      const std::span<Real> batch_losses = std::span(losses).first(count);
      engine.run(
          count,
          [&](Tape<Real>& tape, const LaneRows<Real>& rows) {
            return flow_losses(tape, model, interpolant, design.rows(rows.begin, rows.count),
                               rows.count);
          },
          {&collector}, batch_losses, design.weights(count));
      bin_moments.merge<Real>(collector.mean(), collector.squared_deviations(),
                              collector.weights());
      for (std::int64_t n = 0; n < count; ++n) {
        bin_loss +=
            static_cast<double>(design.weights(count)[n]) * static_cast<double>(batch_losses[n]);
      }
    }
    report.loss += bin_loss;
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
  return report;
}

template VarianceReport measure_variance(Engine<float>&, const Model<float>&, const Interpolant&,
                                         const Tensor<float>&, const Tensor<float>&,
                                         const VarianceOptions&);
template VarianceReport measure_variance(Engine<double>&, const Model<double>&, const Interpolant&,
                                         const Tensor<double>&, const Tensor<double>&,
                                         const VarianceOptions&);

}  // namespace gradvar

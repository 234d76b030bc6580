#include "flow/pair_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "autograd/check.h"
#include "autograd/collectors/group_norms.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/projection.h"

namespace gradvar {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Covariances over draws of (|g|^2, <m, g>, loss), summed as in the header.
struct NoiseSums {
  double norm_norm = 0, norm_projection = 0, projection_projection = 0, loss_loss = 0;

  // The standard error of alpha |g|^2 + beta <m, g>.
  [[nodiscard]] double error(double alpha, double beta) const {
    const double variance = alpha * alpha * norm_norm + 2 * alpha * beta * norm_projection +
                            beta * beta * projection_projection;
    return std::sqrt(std::max(variance, 0.0));
  }
};

// One batch of whole pairs after the other.
template <class Real>
class Fold {
 public:
  Fold(const ParameterLayout& layout, const NoiseRule& noise, std::span<const double> node_weights,
       std::int64_t pairs, const VarianceReport& first)
      : layout_(layout), noise_(noise), node_weights_(node_weights), mean_(first.whole) {
    nodes_ = static_cast<std::int64_t>(node_weights.size());
    report_.by_pair.resize(pairs);
    report_.noise_points = noise.points;
    report_.noise_drawn = noise.drawn;
    const std::vector<std::string> layers = layout.layers();
    report_.by_layer.resize(layers.size());
    for (int k = 0; k < layout.count(); ++k) {
      const auto layer = std::find(layers.begin(), layers.end(), layout.infos()[k].layer());
      layer_of_.push_back(static_cast<std::size_t>(layer - layers.begin()));
      report_.by_layer[layer_of_[k]].mean += first.by_parameter[k].mean_squared_norm;
    }
    const std::int64_t samples = pairs * nodes_ * noise.points;
    cosines_.reserve(samples);
    weights_.reserve(samples);
  }

  void add(std::int64_t first_pair, std::int64_t count, std::span<const Real> losses,
           const NormsCollector<Real>& norms, const GroupNormsCollector<Real>& pair_norms,
           const GroupNormsCollector<Real>& moment_norms,
           const ProjectionCollector<Real>& projection) {
    for (int k = 0; k < layout_.count(); ++k) {
      const ParameterId id{k};
      add_squares(count, norms.squared_norms(id), pair_norms.squared_norms(id),
                  moment_norms.squared_norms(id), report_.by_layer[layer_of_[k]]);
    }
    const std::span<const double> projections = projection.projections().values();
    for (std::int64_t i = 0; i < count; ++i) {
      PairStatistics& pair = report_.by_pair[first_pair + i];
      pair.mean_squared_norm = pair_norms.squared_norms()[i];
      for (std::int64_t k = 0; k < nodes_; ++k) {
        const std::int64_t begin = (i * nodes_ + k) * noise_.points;
        add_samples(k, losses.subspan(begin, noise_.points),
                    norms.squared_norms().subspan(begin, noise_.points),
                    projections.subspan(begin, noise_.points), pair);
      }
    }
  }

  PairReport finish() {
    for (NestedSquares& layer : report_.by_layer) {
      // A single point of noise is its own mean. Said here, as rounding would say otherwise: both
      // sums are of squares of the same gradients, added up in another order.
      if (noise_.points == 1) layer.moment = layer.sample;
      report_.whole += layer;
    }
    report_.jackknife = jackknife_over_pairs(report_.by_pair, mean_.mean_squared_norm);
    report_.noise_errors = noise_errors();
    align();
    return std::move(report_);
  }

 private:
  [[nodiscard]] double pairs() const { return static_cast<double>(report_.by_pair.size()); }

  // Sums of one parameter over `count` pairs into those of its layer.
  void add_squares(std::int64_t count, std::span<const double> norms,
                   std::span<const double> pair_norms, std::span<const double> moment_norms,
                   NestedSquares& sums) const {
    const auto draws = static_cast<double>(noise_.points);
    for (std::int64_t i = 0; i < count; ++i) {
      sums.pair += pair_norms[i] / pairs();
      for (std::int64_t k = 0; k < nodes_; ++k) {
        const std::int64_t group = i * nodes_ + k;
        const double weight = node_weights_[k] / pairs();
        // The collector's sum has the node's weight in it.
        const double moment = moment_norms[group] / (node_weights_[k] * node_weights_[k]);
        double sample = 0;
        for (std::int64_t r = 0; r < noise_.points; ++r) {
          sample += noise_.weights[r] * norms[group * noise_.points + r];
        }
        sums.moment += weight * moment;
        sums.sample += weight * sample;
        if (noise_.drawn && noise_.points > 1) {
          sums.squares += weight * node_weights_[k] * (sample - moment) * draws / (draws - 1);
        }
      }
    }
  }

  // The samples of one pair at one node.
  void add_samples(std::int64_t node, std::span<const Real> losses, std::span<const double> norms,
                   std::span<const double> projections, PairStatistics& pair) {
    double loss = 0, norm = 0, projection = 0;
    for (std::int64_t r = 0; r < noise_.points; ++r) {
      const double h = noise_.weights[r];
      loss += h * static_cast<double>(losses[r]);
      norm += h * norms[r];
      projection += h * projections[r];
      const double length = std::sqrt(norms[r] * mean_.mean_squared_norm);
      if (length > 0) {
        cosines_.push_back(std::clamp(projections[r] / length, -1.0, 1.0));
        weights_.push_back(node_weights_[node] * h / pairs());
      }
    }
    pair.loss += node_weights_[node] * loss;
    pair.squared_norm += node_weights_[node] * norm;
    pair.projection += node_weights_[node] * projection;
    if (!noise_.drawn || noise_.points < 2) return;
    const auto draws = static_cast<double>(noise_.points);
    const double share = node_weights_[node] / pairs();
    const double scale = share * share / (draws * (draws - 1));
    for (std::int64_t r = 0; r < noise_.points; ++r) {
      const double a = norms[r] - norm, b = projections[r] - projection;
      const double l = static_cast<double>(losses[r]) - loss;
      noise_sums_.norm_norm += scale * a * a;
      noise_sums_.norm_projection += scale * a * b;
      noise_sums_.projection_projection += scale * b * b;
      noise_sums_.loss_loss += scale * l * l;
    }
  }

  [[nodiscard]] NoiseErrors noise_errors() const {
    if (!noise_.drawn) return {};
    if (noise_.points < 2) return {kNaN, kNaN, kNaN, kNaN, kNaN};
    const double t = mean_.trace, m = mean_.mean_squared_norm;
    // d T = a - 2 b, d |m|^2 = 2 b.
    return {.loss = std::sqrt(noise_sums_.loss_loss),
            .trace = noise_sums_.error(1, -2),
            .mean_squared_norm = noise_sums_.error(0, 2),
            .signal_to_noise = noise_sums_.error(-m / (t * t), 2 / t + 2 * m / (t * t)),
            .noise_scale = noise_sums_.error(1 / m, -2 / m - 2 * t / (m * m))};
  }

  void align() {
    Alignment& alignment = report_.alignment;
    std::vector<std::size_t> order(cosines_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return cosines_[a] < cosines_[b]; });
    const double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    alignment.without_direction = std::max(0.0, 1 - total);
    if (total <= 0) return;
    double sum = 0;
    for (const std::size_t n : order) {
      sum += weights_[n];
      alignment.cosines.push_back(cosines_[n]);
      alignment.cumulative.push_back(sum / total);
      alignment.mean += weights_[n] * cosines_[n] / total;
      if (cosines_[n] < 0) alignment.share_against = sum / total;
    }
  }

  const ParameterLayout& layout_;
  const NoiseRule& noise_;
  std::span<const double> node_weights_;
  MomentSummary mean_;
  std::int64_t nodes_ = 0;
  std::vector<std::size_t> layer_of_;  // by parameter
  NoiseSums noise_sums_;
  std::vector<double> cosines_, weights_;
  PairReport report_;
};

}  // namespace

double Alignment::quantile(double probability) const {
  if (cosines.empty()) return kNaN;
  // A hair below, so that rounding in the sums does not move on to the next cosine.
  const auto at = std::lower_bound(cumulative.begin(), cumulative.end(), probability * (1 - 1e-12));
  return cosines[std::min<std::size_t>(at - cumulative.begin(), cosines.size() - 1)];
}

std::int64_t samples_of_a_pair(const Interpolant& interpolant, const VarianceOptions& options,
                               std::int64_t d) {
  options.validate();
  interpolant.validate();
  const std::int64_t nodes = options.time_bins * options.nodes_per_bin;
  const std::int64_t points = NoiseRule::make(interpolant, options, d).points;
  check(points <= kMostSamplesOfAPair && nodes * points <= kMostSamplesOfAPair, "variance",
        std::to_string(nodes) + " nodes with " + std::to_string(points) +
            " points of noise are too many samples of each pair, which stay together; expected at "
            "most " +
            std::to_string(kMostSamplesOfAPair));
  return nodes * points;
}

template <class Real>
PairReport measure_pairs(Engine<Real>& engine, const Model<Real>& model,
                         const Interpolant& interpolant, const Tensor<Real>& x0,
                         const Tensor<Real>& x1, const VarianceOptions& options,
                         const VarianceReport& first,
                         const std::function<void(std::int64_t)>& after_batch) {
  check_same_shape("variance", "x0", x0.shape(), "x1", x1.shape());
  const std::int64_t group = samples_of_a_pair(interpolant, options, x0.row_size());
  const NoiseRule noise = NoiseRule::make(interpolant, options, x0.row_size());
  NestedDesign<Real> design(x0, x1, noise, options, 0, options.time_bins);
  const std::int64_t lanes = engine.lanes();
  // Whole pairs, the same number for every lane; what the last batch lacks is filled up with pairs
  // that weigh nothing.
  const std::int64_t most = (design.pairs() + lanes - 1) / lanes;
  const std::int64_t a_lane = std::clamp<std::int64_t>(options.microbatch / group / lanes, 1, most);
  const std::int64_t at_once = a_lane * lanes;

  const ParameterLayout& layout = model.parameters().layout();
  Tensor<Real> direction(Shape{1, layout.padded_size()});
  std::transform(first.moments.mean().begin(), first.moments.mean().end(), direction.data(),
                 [](double value) { return static_cast<Real>(value); });
  NormsCollector<Real> norms;
  ProjectionCollector<Real> projection(std::move(direction));
  GroupNormsCollector<Real> pair_norms(group), moment_norms(noise.points);
  std::vector<Real> losses(at_once * group);
  Fold<Real> fold(layout, noise, design.node_weights(), design.pairs(), first);
  for (std::int64_t pair = 0; pair < design.pairs(); pair += at_once) {
    design.select(pair * group, at_once * group);
    design.run(engine, model, interpolant, {&norms, &projection, &pair_norms, &moment_norms},
               losses);
    const std::int64_t count = std::min(at_once, design.pairs() - pair);
    fold.add(pair, count, losses, norms, pair_norms, moment_norms, projection);
    if (after_batch) after_batch(count * group);
  }
  return fold.finish();
}

template PairReport measure_pairs(Engine<float>&, const Model<float>&, const Interpolant&,
                                  const Tensor<float>&, const Tensor<float>&,
                                  const VarianceOptions&, const VarianceReport&,
                                  const std::function<void(std::int64_t)>&);
template PairReport measure_pairs(Engine<double>&, const Model<double>&, const Interpolant&,
                                  const Tensor<double>&, const Tensor<double>&,
                                  const VarianceOptions&, const VarianceReport&,
                                  const std::function<void(std::int64_t)>&);

}  // namespace gradvar

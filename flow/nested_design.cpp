#include "flow/nested_design.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "autograd/check.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

// Corners of the grid of Gauss-Hermite nodes that weigh less are left out: what f64 adds up to one
// does not see them, and in f32 whole batches of them would weigh nothing.
constexpr double kLeastWeight = 1e-20;

}  // namespace

void VarianceOptions::validate() const {
  const auto at_least = [](std::int64_t least, std::int64_t value, const char* name) {
    check(value >= least, "variance",
          std::string(name) + " is " + std::to_string(value) + ", expected " +
              std::to_string(least) + " or more");
  };
  at_least(1, time_bins, "time-bins");
  at_least(1, nodes_per_bin, "nodes");
  at_least(1, noise_draws, "noise-draws");
  at_least(0, noise_nodes, "noise-nodes");
  at_least(1, microbatch, "microbatch");
  check(t_begin >= 0 && t_begin < t_end && t_end <= 1, "variance",
        "t goes from " + number_text(t_begin) + " to " + number_text(t_end) +
            ", expected 0 <= t-begin < t-end <= 1");
}

std::int64_t usual_microbatch(const Shape& sample) {
  constexpr std::int64_t kNumbersAtATime = 1 << 17, kFewest = 16;
  const std::int64_t numbers = std::max<std::int64_t>(sample.size(), 1);
  return std::min(VarianceOptions{}.microbatch, std::max(kNumbersAtATime / numbers, kFewest));
}

Quadrature VarianceOptions::times() const {
  Quadrature all;
  const double width = (t_end - t_begin) / time_bins;
  for (int bin = 0; bin < time_bins; ++bin) {
    const double begin = t_begin + bin * width;
    const Quadrature part = gauss_legendre(nodes_per_bin, begin, begin + width);
    all.nodes.insert(all.nodes.end(), part.nodes.begin(), part.nodes.end());
    for (const double weight : part.weights) all.weights.push_back(weight / (t_end - t_begin));
  }
  return all;
}

NoiseRule NoiseRule::make(const Interpolant& interpolant, const VarianceOptions& options,
                          std::int64_t d) {
  NoiseRule rule;
  if (!interpolant.needs_noise()) {
    rule.weights = {1};
    return rule;
  }
  if (options.noise_nodes == 0) {
    rule.drawn = true;
    rule.points = options.noise_draws;
    rule.weights.assign(rule.points, 1.0 / static_cast<double>(rule.points));
    return rule;
  }
  check(d <= kMostDimensions, "variance",
        "noise-nodes is " + std::to_string(options.noise_nodes) + " and a sample has " +
            std::to_string(d) + " coordinates, expected at most " +
            std::to_string(kMostDimensions) + ": use noise-draws instead");
  const Quadrature axis = gauss_hermite(options.noise_nodes);
  for (std::int64_t i = 0; i < d; ++i) rule.points *= options.noise_nodes;
  check(rule.points <= kMostPoints, "variance",
        std::to_string(options.noise_nodes) + " noise-nodes a coordinate are " +
            std::to_string(rule.points) + " points, expected at most " +
            std::to_string(kMostPoints));
  std::vector<double> kept;
  double total = 0;
  for (std::int64_t point = 0; point < rule.points; ++point) {
    std::vector<double> z(d);
    double weight = 1;
    std::int64_t rest = point;
    for (double& coordinate : z) {
      coordinate = axis.nodes[rest % options.noise_nodes];
      weight *= axis.weights[rest % options.noise_nodes];
      rest /= options.noise_nodes;
    }
    if (weight < kLeastWeight) continue;
    kept.insert(kept.end(), z.begin(), z.end());
    rule.weights.push_back(weight);
    total += weight;
  }
  for (double& weight : rule.weights) weight /= total;
  rule.points = static_cast<std::int64_t>(rule.weights.size());
  rule.nodes = Tensor<double>(Shape{rule.points, d}, kept);
  return rule;
}

template <class Real>
NestedDesign<Real>::NestedDesign(const Tensor<Real>& x0, const Tensor<Real>& x1,
                                 const NoiseRule& noise, const VarianceOptions& options,
                                 int first_bin, int bins)
    : x0_(x0),
      x1_(x1),
      noise_(noise),
      stream_(options.seed, Purpose::kNoise),
      first_node_(static_cast<std::uint64_t>(first_bin) * options.nodes_per_bin) {
  check_same_shape("variance", "x0", x0.shape(), "x1", x1.shape());
  check(x0.rows() >= 1, "variance", "there are no pairs, expected at least one");
  const Quadrature all = options.times();
  const std::int64_t nodes = static_cast<std::int64_t>(bins) * options.nodes_per_bin;
  const auto begin = static_cast<std::int64_t>(first_node_);
  times_.assign(all.nodes.begin() + begin, all.nodes.begin() + begin + nodes);
  node_weights_.assign(all.weights.begin() + begin, all.weights.begin() + begin + nodes);
}

template <class Real>
void NestedDesign<Real>::select(std::int64_t first, std::int64_t count) {
  first_ = first;
  count_ = count;
  if (t_.size() < count) {
    const Shape rows = x0_.shape().with_rows(count);
    x0_rows_ = Tensor<Real>(rows);
    x1_rows_ = Tensor<Real>(rows);
    const bool noisy = noise_.drawn || noise_.nodes.size() > 0;
    z_ = Tensor<Real>(noisy ? rows : Shape{0});
    t_ = Tensor<Real>(Shape{count});
    weights_ = Tensor<Real>(Shape{count});
  }
  for (std::int64_t n = 0; n < count; ++n) {
    const std::int64_t sample = first + n, node = sample / noise_.points % nodes();
    weights_[n] =
        sample < size()
            ? static_cast<Real>(node_weights_[node] * noise_.weights[sample % noise_.points])
            : Real(0);
  }
}

template <class Real>
FlowRows<Real> NestedDesign<Real>::rows(std::int64_t begin, std::int64_t count) {
  const std::int64_t d = x0_.row_size();
  for (std::int64_t n = begin; n < begin + count; ++n) {
    const std::int64_t sample = std::min(first_ + n, size() - 1);
    const std::int64_t pair = sample / samples_of_a_pair();
    const std::int64_t node = sample / noise_.points % nodes(), r = sample % noise_.points;
    std::copy_n(x0_.data() + pair * d, d, x0_rows_.data() + n * d);
    std::copy_n(x1_.data() + pair * d, d, x1_rows_.data() + n * d);
    t_[n] = static_cast<Real>(times_[node]);
    if (noise_.drawn) {
      // A stream "step" for each node and draw, so that a pair keeps its noise through training.
      stream_.template normals<Real>((first_node_ + node) * noise_.points + r,
                                     static_cast<std::uint32_t>(pair), z_.row(n));
    } else if (z_.size() > 0) {
      for (std::int64_t i = 0; i < d; ++i) {
        z_[n * d + i] = static_cast<Real>(noise_.nodes[r * d + i]);
      }
    }
  }
  const auto part = [&](Tensor<Real>& all) {
    return all.size() == 0 ? std::span<const Real>{}
                           : std::span<const Real>(all.values().subspan(begin * d, count * d));
  };
  return {.x0 = part(x0_rows_),
          .x1 = part(x1_rows_),
          .t = t_.values().subspan(begin, count),
          .z = part(z_)};
}

template <class Real>
void NestedDesign<Real>::run(Engine<Real>& engine, const Model<Real>& model,
                             const Interpolant& interpolant,
                             std::initializer_list<Collector<Real>*> collectors,
                             std::span<Real> losses) {
  engine.run(
      count_,
      [&](Tape<Real>& tape, const LaneRows<Real>& lane) {
        return flow_losses(tape, model, interpolant, rows(lane.begin, lane.count), lane.count);
      },
      collectors, losses, weights());
}

template class NestedDesign<float>;
template class NestedDesign<double>;

}  // namespace gradvar

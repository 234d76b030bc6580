#include <algorithm>
#include <cmath>
#include <string>

#include "autograd/check.h"
#include "autograd/random.h"
#include "flow/pair_fields.h"
#include "flow/quadrature.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

constexpr int kPieces = 64;  // of the pairs; part of the numbers, as it orders the sums

void check_options(const IdentifiabilityOptions& options, bool noisy) {
  check(options.nodes >= 1, "identifiability",
        "nodes is " + std::to_string(options.nodes) + ", expected 1 or more");
  check(!noisy || options.replicates >= 2, "identifiability",
        "replicates is " + std::to_string(options.replicates) +
            ", expected 2 or more for a standard error");
  check(options.t_begin >= 0 && options.t_begin < options.t_end && options.t_end <= 1,
        "identifiability",
        "t goes from " + number_text(options.t_begin) + " to " + number_text(options.t_end) +
            ", expected 0 <= t-begin < t-end <= 1");
}

// Sums over pairs of the floor and the entropy, for each node and replicate.
struct Sums {
  explicit Sums(std::size_t cells) : floor(cells), entropy(cells) {}
  std::vector<double> floor, entropy;
};

}  // namespace

Estimate estimate_of(std::span<const double> replicates) {
  Estimate result;
  const auto count = static_cast<double>(replicates.size());
  for (const double value : replicates) result.value += value / count;
  if (replicates.size() < 2) return result;
  double squares = 0;
  for (const double value : replicates) squares += std::pow(value - result.value, 2);
  result.standard_error = std::sqrt(squares / (count - 1) / count);
  return result;
}

PairIdentifiability measure_identifiability(const Tensor<double>& x0, const Tensor<double>& x1,
                                            const Interpolant& interpolant,
                                            const IdentifiabilityOptions& options, LanePool* pool) {
  const PairPosterior posterior(x0, x1, interpolant);
  const bool noisy = interpolant.needs_noise();
  check_options(options, noisy);
  const Quadrature rule = gauss_legendre(options.nodes, options.t_begin, options.t_end);
  const int replicates = noisy ? options.replicates : 1;
  const std::size_t cells = rule.nodes.size() * replicates;
  const RandomStream noise(options.seed, Purpose::kNoise);
  const std::int64_t pairs = posterior.pairs(), d = posterior.sample_shape().size();

  const int pieces = static_cast<int>(std::min<std::int64_t>(kPieces, pairs));
  std::vector<Sums> sums(pieces, Sums(cells));
  const auto piece = [&](int i) {
    std::vector<double> z(d), x(d), v(d), w(pairs);
    const LanePool::Range range = LanePool::piece(pairs, pieces, i);
    for (std::int64_t pair = range.begin; pair < range.end; ++pair) {
      for (std::size_t cell = 0; cell < cells; ++cell) {
        const double t = rule.nodes[cell / replicates];
        if (noisy) noise.normals<double>(cell, static_cast<std::uint32_t>(pair), z);
        posterior.point(pair, t, z, x);
        sums[i].entropy[cell] += posterior.weights(x, t, w);
        posterior.mean_target(x, t, w, v);
        sums[i].floor[cell] += posterior.target_variance(x, t, w, v);
      }
    }
  };
  if (pool != nullptr) {
    pool->run(pieces, piece);
  } else {
    for (int i = 0; i < pieces; ++i) piece(i);
  }

  Sums total(cells);
  for (const Sums& part : sums) {
    for (std::size_t cell = 0; cell < cells; ++cell) {
      total.floor[cell] += part.floor[cell] / static_cast<double>(pairs);
      total.entropy[cell] += part.entropy[cell] / static_cast<double>(pairs);
    }
  }
  const double most = std::log(static_cast<double>(pairs)), width = options.t_end - options.t_begin;
  std::vector<double> floors(replicates), informations(replicates);
  PairIdentifiability result;
  for (std::size_t node = 0; node < rule.nodes.size(); ++node) {
    const double weight = rule.weights[node] / width;
    PairIdentifiability::AtTime at{rule.nodes[node], 0, 0};
    for (int replicate = 0; replicate < replicates; ++replicate) {
      const std::size_t cell = node * replicates + replicate;
      const double information = most - total.entropy[cell];
      floors[replicate] += weight * total.floor[cell];
      informations[replicate] += weight * information;
      at.loss_floor += total.floor[cell] / replicates;
      at.information += information / replicates;
    }
    result.by_time.push_back(at);
  }
  result.loss_floor = estimate_of(floors);
  result.information = estimate_of(informations);
  return result;
}

}  // namespace gradvar

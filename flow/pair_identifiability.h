// pair_identifiability: how much a training point tells about which pair it is of.
//
// With w the posterior of the pair given a training point (pair_fields.h), what a field can learn
// about who is whose partner goes through
//
//   I(pair; x_t | t) = log N - E H(w(x_t, t))      in nats
//
// log N where every point names its pair, 0 where none says anything; and what no field's loss gets
// below is the loss floor E sum_i w_i |u_i - v*|^2. Both depend on the pairs and the noise alone:
// they are known before any training.
//
// A point of pair i is mu_i + c z, c the size of the noise at t, and
//
//   w_j = softmax_j(-|mu_i - mu_j|^2 / (2 c^2) - z.(mu_i - mu_j) / c)
//
// so that distances between lines and their products with z are taken once, by GEMM, and serve all
// noise levels: with the same z the curves over sigma are smooth. Targets differ by
// u_i - u_j = (mu_i' - mu_j') - (c'/c)(mu_i - mu_j), without z. Differences are from the point's
// own pair, so that little noise keeps its digits.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "autograd/lanes.h"
#include "autograd/tensor.h"
#include "flow/estimate.h"
#include "flow/interpolant.h"

namespace gradvar {

struct IdentifiabilityOptions {
  int nodes = 16;      // in t
  int replicates = 8;  // draws of the noise for each pair and node
  double t_begin = 0, t_end = 1;
  std::uint64_t seed = 0;
  // Only so many pairs, at random, have points drawn, for a rough look; 0: every pair. Errors do
  // not know of it.
  std::int64_t pairs_drawn = 0;
};

// Estimates over the noise: the sum over pairs is complete and t is integrated by Gauss-Legendre.
struct PairIdentifiability {
  Estimate loss_floor{};   // E sum_i w_i |u_i - v*|^2
  Estimate information{};  // I(pair; x_t | t) in nats, at most log N
  struct AtTime {
    double t, loss_floor, information;
  };
  std::vector<AtTime> by_time{};  // at the nodes
};

// How many of how many pieces are done. From any thread, one call at a time; may throw to stop.
using IdentifiabilityTick = std::function<void(std::int64_t done, std::int64_t total)>;

// Over t uniform on [t_begin, t_end], with the interpolant's noise of each of these sizes instead
// of its own. x0, x1 [N, sample...]; O(N^2 nodes replicates (d + sigmas)) operations and O(N d)
// memory. The same numbers for any number of threads, and for a sigma whatever others stand beside
// it. Throws like PairPosterior, for options outside their range, and for noise where the
// interpolant has none; replicates >= 2 where there is noise.
[[nodiscard]] std::vector<PairIdentifiability> measure_identifiability(
    const Tensor<double>& x0, const Tensor<double>& x1, const Interpolant& interpolant,
    std::span<const double> sigmas, const IdentifiabilityOptions& options, LanePool* pool = nullptr,
    const IdentifiabilityTick& tick = {});

// With the interpolant's own noise.
[[nodiscard]] PairIdentifiability measure_identifiability(
    const Tensor<double>& x0, const Tensor<double>& x1, const Interpolant& interpolant,
    const IdentifiabilityOptions& options = {}, LanePool* pool = nullptr);

}  // namespace gradvar

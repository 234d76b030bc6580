// law_distances: is the law of the generated points that of the target: four distances between
// samples of both, each beside its floor, with intervals over independent sets.
//
//   mmd          squared, unbiased, kernel mixture by the median of the first set of targets: 0 on
//                average for equal laws, may be negative                          (flow/mmd.h)
//   energy       V-statistic, in units of a distance                  (flow/sample_distances.h)
//   sliced       2-Wasserstein over 256 random directions, a distance
//   wasserstein  exact 2-Wasserstein by assignment, a distance, over the first kMostAssigned points
//
// A set is so many fresh sources, followed by the flow, and as many fresh targets. The floor of a
// set is the same distance between its targets and as many others: what equal laws would show. The
// interval of a mean over sets is Student's; sets drawn again from a file of points share points,
// and their intervals are then too narrow.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "autograd/tensor.h"
#include "tools/problem.h"

namespace gradvar {

struct LawDistance {
  std::string name{};
  std::vector<double> values{}, floors{};         // by set
  std::vector<double> biased{}, biased_floors{};  // the mmd's by its other estimator
  double bandwidth = 0;                           // of the mmd's kernel; 0 for the others
};

struct LawDistanceOptions {
  std::int64_t points = 1000;  // of a set
  std::int64_t sets = 5;
  const Distribution* held_out = nullptr;  // targets of it, where given; not owned
};

// `generated(set)` is the points that the flow makes of problem.fresh_sources(points, set). The mmd
// comes first and is not there when the median distance between targets is 0. Throws
// std::invalid_argument unless points >= 2 and sets >= 1.
[[nodiscard]] std::vector<LawDistance> law_distances(
    const Problem& problem, const std::function<Tensor<double>(std::uint64_t set)>& generated,
    const LawDistanceOptions& options);

// {"energy": {"mean":..., "low":..., "high":..., "floor": {"mean":..., "low":..., "high":...}},
// ...}; the ends are null with one set.
[[nodiscard]] nlohmann::json to_json(const std::vector<LawDistance>& distances);

}  // namespace gradvar

#include "tools/law_distances.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "autograd/check.h"
#include "flow/intervals.h"
#include "flow/mmd.h"
#include "flow/sample_distances.h"

namespace gradvar {

namespace {

nlohmann::json mean_and_ends(const std::vector<double>& values) {
  if (values.size() >= 2) {
    const Interval interval = student_interval(values);
    return {{"mean", interval.mean}, {"low", interval.low}, {"high", interval.high}};
  }
  return {{"mean", values.front()}, {"low", nullptr}, {"high", nullptr}};
}

}  // namespace

std::vector<LawDistance> law_distances(
    const Problem& problem, const std::function<Tensor<double>(std::uint64_t set)>& generated,
    const LawDistanceOptions& options) {
  check(options.points >= 2 && options.sets >= 1, "law_distances", [&] {
    return std::to_string(options.sets) + " sets of " + std::to_string(options.points) +
           " points asked for, expected 1 or more of 2 or more";
  });
  const std::int64_t assigned = std::min(options.points, Problem::kMostAssigned);
  double bandwidth = 0;
  LawDistance mmds{.name = "mmd"}, energies{.name = "energy"}, sliced{.name = "sliced"},
      exact{.name = "wasserstein"};
  for (std::int64_t set = 0; set < options.sets; ++set) {
    const auto number = static_cast<std::uint64_t>(set);
    const auto targets = [&](std::uint64_t which) {
      return problem.fresh_targets(options.points, 2 * number + which, options.held_out);
    };
    const Tensor<double> made = generated(number);
    const Tensor<double> reference = targets(0), others = targets(1);
    if (set == 0) mmds.bandwidth = bandwidth = median_distance(reference);
    const auto add = [&](LawDistance& distance, const auto& between) {
      distance.values.push_back(between(made));
      distance.floors.push_back(between(others));
    };
    if (bandwidth > 0) {
      const MmdResult to_made = mmd(made, reference, {.bandwidth = bandwidth});
      const MmdResult to_others = mmd(others, reference, {.bandwidth = bandwidth});
      mmds.values.push_back(to_made.unbiased);
      mmds.biased.push_back(to_made.biased);
      mmds.floors.push_back(to_others.unbiased);
      mmds.biased_floors.push_back(to_others.biased);
    }
    add(energies, [&](const Tensor<double>& x) { return energy_distance(x, reference); });
    add(sliced,
        [&](const Tensor<double>& x) { return sliced_wasserstein(x, reference, 256, number); });
    add(exact, [&](const Tensor<double>& x) {
      return wasserstein(x.rows_copy(0, assigned), reference.rows_copy(0, assigned));
    });
  }
  std::vector<LawDistance> all;
  if (bandwidth > 0) all.push_back(std::move(mmds));
  for (LawDistance* distance : {&energies, &sliced, &exact}) all.push_back(std::move(*distance));
  return all;
}

nlohmann::json to_json(const std::vector<LawDistance>& distances) {
  nlohmann::json json = nlohmann::json::object();
  for (const LawDistance& distance : distances) {
    json[distance.name] = mean_and_ends(distance.values);
    json[distance.name]["sets"] = distance.values.size();
    json[distance.name]["floor"] = mean_and_ends(distance.floors);
  }
  return json;
}

}  // namespace gradvar

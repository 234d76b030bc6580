// evaluation: does it memorise, does it generalise: one model, one solver.
//
// For each training source: how far the generated point is from its training partner and from its
// optimal partner, beside the distance between random partners; and for all of them together the
// squared MMD to the training targets, which is 0 when all come back, whoever went where. For
// held-out sources: the same to the optimal map where it has a closed form, and the squared MMD of
// the generated points to fresh targets beside its floor, the MMD between two fresh target samples.
// When asked for sets, also how straight paths are, other distances between the laws, and how sure
// all of this is.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "flow/distances.h"
#include "flow/field.h"
#include "flow/intervals.h"
#include "flow/solver.h"
#include "tools/law_distances.h"
#include "tools/problem.h"

namespace gradvar {

// What memorised shares are measured by; no solver changes it.
struct Yardstick {
  Tensor<double> targets{};  // of training, each once
  // luck_ratios of flow/memorisation.h: of held-out targets, or, where those are training targets
  // again, of one half of the training targets near the other, of kMostInHalves at most. Without
  // fresh points there are none.
  std::vector<double> luck{};
  bool luck_of_held_out = false;
};
inline constexpr std::int64_t kMostInHalves = 5000;  // drawn at random from more
[[nodiscard]] Yardstick yardstick_of(const Problem& problem, std::int64_t fresh,
                                     const Distribution* held_out = nullptr);

struct EvaluationOptions {
  SolverOptions solver;
  std::int64_t fresh = 1000;       // held-out sources and targets
  std::int64_t most_pairs = 5000;  // training sources that are followed: the first ones
  bool with_mmd = true;            // quadratic in `fresh`
  // Where held-out targets come from instead of the problem's target, which may be a file of the
  // training points themselves; not owned.
  const Distribution* held_out = nullptr;
  // Optimal partners of the problem's sources instead of the problem's own; not owned.
  const Tensor<double>* optimal_partners = nullptr;
  // Of the same problem, fresh and held_out, for several solvers; made when it is null, not owned.
  const Yardstick* yardstick = nullptr;
  // Also intervals, straightness, and distances between laws over so many sets of fresh points; 0
  // for none of these.
  std::int64_t sets = 0;
};

struct Evaluation {
  std::string solver;
  double mean_evaluations = 0;         // of the field, for one sample
  Summary to_training_partner;         // distances of generated points
  Summary to_optimal_partner;          // n = 0 where optimal partners are not known
  double between_random_partners = 0;  // mean distance between targets of different pairs
  // Share of points whose nearest training target, each taken once, is under 1/3 as far as the
  // second nearest: of those from training sources, of those from fresh ones, and of targets
  // themselves, the floor, which is luck (Yardstick): of held-out ones, or of one half of the
  // training targets near the other. NaN, null in JSON, where there are too few different targets,
  // or no fresh points.
  double memorised_share = std::numeric_limits<double>::quiet_NaN();
  double fresh_memorised_share = std::numeric_limits<double>::quiet_NaN();
  double memorised_floor = std::numeric_limits<double>::quiet_NaN();
  bool floor_of_held_out = false;
  std::optional<Summary> fresh_to_optimal;   // held-out sources, where the optimal map is known
  std::optional<Summary> fresh_to_coupling;  // held-out sources to the training coupling's map
  // Held-out points to fresh targets, squared: unbiased, and biased. NaN, null in JSON, where the
  // median distance of targets is 0. Floors are those of as many other fresh targets.
  double mmd = 0, mmd_floor = 0, mmd_bandwidth = 0, mmd_biased = 0, mmd_floor_biased = 0;
  // Points from training sources to their training targets, likewise; the biased one is the measure
  // here: the sets are paired, and the unbiased one is below 0 when all come back.
  struct TrainingMmd {
    double biased = 0, unbiased = 0, floor_biased = 0, floor = 0, bandwidth = 0;
  };
  std::optional<TrainingMmd> training_mmd;  // as above, from two pairs on

  // With sets. Intervals are bootstrapped over the pairs, 95 %; not there for a single pair.
  std::optional<Interval> training_interval, optimal_interval, memorised_interval;
  std::optional<Interval> fresh_memorised_interval, memorised_floor_interval;
  Summary nearest_ratio;  // distance to the nearest training target over that to the second
  // Of the paths of the first pairs (flow/straightness.h), in units of a squared distance.
  std::optional<Summary> straightness;
  std::optional<Interval> straightness_interval;
  std::vector<LawDistance> laws;
};

template <class Real>
[[nodiscard]] Evaluation evaluate(const Field<Real>& field, const Problem& problem,
                                  const EvaluationOptions& options);

[[nodiscard]] nlohmann::json to_json(const Evaluation& evaluation);
[[nodiscard]] nlohmann::json to_json(const Summary& summary);

}  // namespace gradvar

#include "tools/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "flow/memorisation.h"
#include "flow/mmd.h"
#include "flow/straightness.h"
#include "tools/json_number.h"

namespace gradvar {

namespace {

constexpr std::int64_t kMostStates = 1 << 23;  // numbers of the paths that are kept
constexpr std::int64_t kAdaptiveTimes = 33;

std::optional<Interval> interval_of(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  return bootstrap_interval(values, 0);
}

// The share of ratios that count as memorised; nothing changes where there are none.
void count_memorised(const std::vector<double>& ratios, std::int64_t sets, double& share,
                     std::optional<Interval>& interval) {
  if (ratios.empty()) return;
  std::vector<double> memorised;
  for (const double ratio : ratios) memorised.push_back(ratio < kMemorisedRatio ? 1 : 0);
  share = summarise(memorised).mean;
  if (sets > 0) interval = interval_of(memorised);
}

// Where the training sources end, and the bend of the paths of the first ones.
struct Followed {
  Tensor<double> ends;
  double mean_evaluations = 0;
  std::vector<double> bends;
};

template <class Real>
Followed follow(const Field<Real>& field, const SolverOptions& solver,
                const Tensor<double>& sources) {
  Solution<Real> solution = solve<Real>(field, solver, convert<Real>(sources));
  return {convert<double>(solution.end), solution.mean_evaluations, {}};
}

// Each source once: the first with their paths, as many as are kept, the others without.
template <class Real>
Followed follow_with_bends(const Field<Real>& field, const SolverOptions& solver,
                           const Tensor<double>& sources) {
  TrajectoryRequest request;
  request.every_step = solver.method != SolverMethod::dopri5;
  std::int64_t times = solver.steps + 1;
  if (!request.every_step) {
    times = kAdaptiveTimes;
    for (std::int64_t k = 0; k < times; ++k) {
      request.times.push_back(static_cast<double>(k) / static_cast<double>(times - 1));
    }
  }
  const std::int64_t most = kMostStates / (times * std::max<std::int64_t>(sources.row_size(), 1));
  const std::int64_t rows = std::min(sources.rows(), std::max<std::int64_t>(most, 1));
  const Solution<Real> solution =
      solve<Real>(field, solver, convert<Real>(sources.rows_copy(0, rows)), 0, 1, request);
  Followed followed{convert<double>(solution.end), solution.mean_evaluations,
                    straightness(field, solution.trajectory)};
  if (rows == sources.rows()) return followed;
  const std::int64_t others = sources.rows() - rows;
  const Followed rest = follow(field, solver, sources.rows_copy(rows, others));
  Tensor<double> ends(sources.shape());
  std::ranges::copy(followed.ends.values(), ends.values().begin());
  std::ranges::copy(rest.ends.values(), ends.values().begin() + followed.ends.size());
  followed.ends = std::move(ends);
  followed.mean_evaluations = (followed.mean_evaluations * static_cast<double>(rows) +
                               rest.mean_evaluations * static_cast<double>(others)) /
                              static_cast<double>(sources.rows());
  return followed;
}

// Squared MMD of the generated points to fresh targets and its floor, where nothing else needs it.
void measure_mmd(Evaluation& result, const Problem& problem, const Tensor<double>& fresh,
                 const EvaluationOptions& options) {
  const Tensor<double> targets = problem.fresh_targets(options.fresh, 0, options.held_out);
  result.mmd_bandwidth = median_distance(targets);
  if (!(result.mmd_bandwidth > 0)) return;
  const MmdOptions kernel{.bandwidth = result.mmd_bandwidth};
  const MmdResult measured = mmd(fresh, targets, kernel);
  // The same kernel between two samples of the target itself.
  const MmdResult floor =
      mmd(problem.fresh_targets(options.fresh, 1, options.held_out), targets, kernel);
  result.mmd = measured.unbiased;
  result.mmd_biased = measured.biased;
  result.mmd_floor = floor.unbiased;
  result.mmd_floor_biased = floor.biased;
}

// Of the generated points to the targets they were trained on; nothing where most of those are one
// point.
std::optional<Evaluation::TrainingMmd> training_mmd(const Tensor<double>& generated,
                                                    const Tensor<double>& targets,
                                                    const Problem& problem,
                                                    const Distribution* held_out) {
  const double bandwidth = median_distance(targets);
  if (!(bandwidth > 0)) return std::nullopt;
  const MmdResult measured = mmd(generated, targets, {.bandwidth = bandwidth});
  const MmdResult floor =
      mmd(problem.fresh_targets(targets.rows(), 0, held_out), targets, {.bandwidth = bandwidth});
  return Evaluation::TrainingMmd{.biased = measured.biased,
                                 .unbiased = measured.unbiased,
                                 .floor_biased = floor.biased,
                                 .floor = floor.unbiased,
                                 .bandwidth = bandwidth};
}

nlohmann::json with_ends(nlohmann::json summary, const std::optional<Interval>& interval) {
  if (interval) {
    summary["mean_low"] = interval->low;
    summary["mean_high"] = interval->high;
  }
  return summary;
}

nlohmann::json floor_of(const Evaluation& e) {
  if (std::isnan(e.memorised_floor)) return nullptr;
  return e.floor_of_held_out ? "held-out targets" : "halves of the training targets";
}

nlohmann::json ends(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  return {{"low", interval->low}, {"high", interval->high}};
}

}  // namespace

Yardstick yardstick_of(const Problem& problem, std::int64_t fresh, const Distribution* held_out) {
  Yardstick yardstick;
  yardstick.targets = distinct_rows(problem.pairs().x1);
  const Tensor<double>& targets = yardstick.targets;
  if (fresh == 0 || targets.rows() < 2) return yardstick;
  const Tensor<double> others = problem.fresh_targets(fresh, 0, held_out);
  yardstick.luck_of_held_out = mostly_fresh(others, targets);
  if (!yardstick.luck_of_held_out && targets.rows() > kMostInHalves) {
    const Tensor<double> some =
        select_rows(targets, random_subset(targets.rows(), kMostInHalves, 0));
    yardstick.luck = luck_ratios(some, some);
  } else {
    yardstick.luck = luck_ratios(others, targets);
  }
  return yardstick;
}

template <class Real>
Evaluation evaluate(const Field<Real>& field, const Problem& problem,
                    const EvaluationOptions& options) {
  const Pairs& pairs = problem.pairs();
  Evaluation result;
  result.solver = options.solver.spec();
  const std::int64_t followed = std::min(pairs.x0.rows(), options.most_pairs);
  const auto first = [&](const Tensor<double>& all) { return all.rows_copy(0, followed); };
  const Followed training = options.sets > 0
                                ? follow_with_bends(field, options.solver, first(pairs.x0))
                                : follow(field, options.solver, first(pairs.x0));
  const Tensor<double>& generated = training.ends;
  result.mean_evaluations = training.mean_evaluations;
  const std::vector<double> to_training = row_distances(generated, first(pairs.x1));
  result.to_training_partner = summarise(to_training);
  if (options.sets > 0) result.training_interval = interval_of(to_training);
  const Tensor<double>& optimal =
      options.optimal_partners != nullptr ? *options.optimal_partners : problem.optimal_partners();
  if (optimal.size() > 0) {
    const std::vector<double> to_optimal = row_distances(generated, first(optimal));
    result.to_optimal_partner = summarise(to_optimal);
    if (options.sets > 0) result.optimal_interval = interval_of(to_optimal);
  }
  if (pairs.x1.rows() >= 2) {
    result.between_random_partners = random_partner_distance(pairs.x1, pairs.x1);
  }
  std::optional<Yardstick> own;
  if (options.yardstick == nullptr) {
    own = yardstick_of(problem, options.fresh, options.held_out);
  }
  const Yardstick& yardstick = own ? *own : *options.yardstick;
  const Tensor<double>& targets = yardstick.targets;
  if (targets.rows() >= 2) {
    const std::vector<double> ratios = nearest_targets(generated, targets).ratio;
    if (options.sets > 0) result.nearest_ratio = summarise(ratios);
    count_memorised(ratios, options.sets, result.memorised_share, result.memorised_interval);
  }
  if (options.sets > 0) {
    result.straightness = summarise(training.bends);
    result.straightness_interval = interval_of(training.bends);
  }
  if (options.with_mmd && followed >= 2) {
    result.training_mmd = training_mmd(generated, first(pairs.x1), problem, options.held_out);
  }
  if (options.fresh == 0) return result;

  const Tensor<double> sources = problem.fresh_sources(options.fresh);
  const Tensor<double> fresh = follow(field, options.solver, sources).ends;
  if (targets.rows() >= 2) {
    count_memorised(nearest_targets(fresh, targets).ratio, options.sets,
                    result.fresh_memorised_share, result.fresh_memorised_interval);
    count_memorised(yardstick.luck, options.sets, result.memorised_floor,
                    result.memorised_floor_interval);
    result.floor_of_held_out = yardstick.luck_of_held_out;
  }
  if (problem.optimal_map()) {
    result.fresh_to_optimal =
        summarise(row_distances(fresh, problem.optimal_map()->apply(sources)));
  }
  if (const AffineMap* map = problem.coupling().map()) {
    result.fresh_to_coupling = summarise(row_distances(fresh, map->apply(sources)));
  }
  if (options.sets > 0) {
    result.laws = law_distances(
        problem,
        [&](std::uint64_t set) {  // the first was followed above
          return set == 0 ? fresh
                          : follow(field, options.solver, problem.fresh_sources(options.fresh, set))
                                .ends;
        },
        {.points = options.fresh, .sets = options.sets, .held_out = options.held_out});
  }
  if (options.with_mmd) {
    // NaN where most targets are one point: the median heuristic has no kernel for them.
    result.mmd = result.mmd_floor = std::numeric_limits<double>::quiet_NaN();
    result.mmd_biased = result.mmd_floor_biased = std::numeric_limits<double>::quiet_NaN();
    if (result.laws.empty()) {
      measure_mmd(result, problem, fresh, options);
    } else if (const LawDistance& law = result.laws.front(); law.bandwidth > 0) {  // the first set
      result.mmd = law.values.front();
      result.mmd_biased = law.biased.front();
      result.mmd_floor = law.floors.front();
      result.mmd_floor_biased = law.biased_floors.front();
      result.mmd_bandwidth = law.bandwidth;
    }
  }
  return result;
}

nlohmann::json to_json(const Summary& summary) {
  if (summary.n == 0) return nullptr;
  return {{"n", summary.n},
          {"mean", summary.mean},
          {"standard_deviation", json_number(summary.standard_deviation)},
          {"median", summary.median}};
}

nlohmann::json to_json(const Evaluation& e) {
  nlohmann::json json = {{"solver", e.solver},
                         {"mean_evaluations", e.mean_evaluations},
                         {"to_training_partner", to_json(e.to_training_partner)},
                         {"to_optimal_partner", to_json(e.to_optimal_partner)},
                         {"between_random_partners", e.between_random_partners},
                         {"memorised_share", json_number(e.memorised_share)},
                         {"fresh_memorised_share", json_number(e.fresh_memorised_share)},
                         {"memorised_floor", json_number(e.memorised_floor)},
                         {"memorised_floor_of", floor_of(e)},
                         {"mmd", json_number(e.mmd)},
                         {"mmd_floor", json_number(e.mmd_floor)},
                         {"mmd_biased", json_number(e.mmd_biased)},
                         {"mmd_floor_biased", json_number(e.mmd_floor_biased)},
                         {"mmd_bandwidth", e.mmd_bandwidth},
                         {"mmd_kernel", describe_kernel()}};
  if (e.training_mmd) {
    json["training_mmd"] = {{"biased", e.training_mmd->biased},
                            {"unbiased", e.training_mmd->unbiased},
                            {"floor_biased", e.training_mmd->floor_biased},
                            {"floor", e.training_mmd->floor},
                            {"bandwidth", e.training_mmd->bandwidth}};
  }
  if (e.straightness) {
    json["to_training_partner"] = with_ends(json["to_training_partner"], e.training_interval);
    if (e.to_optimal_partner.n > 0) {
      json["to_optimal_partner"] = with_ends(json["to_optimal_partner"], e.optimal_interval);
    }
    json["memorised_share_interval"] = ends(e.memorised_interval);
    json["fresh_memorised_share_interval"] = ends(e.fresh_memorised_interval);
    json["memorised_floor_interval"] = ends(e.memorised_floor_interval);
    json["nearest_ratio"] = to_json(e.nearest_ratio);
    json["straightness"] = with_ends(to_json(*e.straightness), e.straightness_interval);
    json["laws"] = to_json(e.laws);
  }
  if (e.fresh_to_optimal) json["fresh_to_optimal"] = to_json(*e.fresh_to_optimal);
  if (e.fresh_to_coupling) json["fresh_to_coupling"] = to_json(*e.fresh_to_coupling);
  return json;
}

template Evaluation evaluate(const Field<float>&, const Problem&, const EvaluationOptions&);
template Evaluation evaluate(const Field<double>&, const Problem&, const EvaluationOptions&);

}  // namespace gradvar

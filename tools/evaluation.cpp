#include "tools/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "flow/mmd.h"
#include "tools/json_number.h"

namespace gradvar {

template <class Real>
Evaluation evaluate(const Field<Real>& field, const Problem& problem,
                    const EvaluationOptions& options) {
  const auto flow = [&](const Tensor<double>& sources, double* evaluations) {
    const Solution<Real> solution = solve<Real>(field, options.solver, convert<Real>(sources));
    if (evaluations != nullptr) *evaluations = solution.mean_evaluations;
    return convert<double>(solution.end);
  };
  const Pairs& pairs = problem.pairs();
  Evaluation result;
  result.solver = options.solver.spec();
  const std::int64_t followed = std::min(pairs.x0.rows(), options.most_pairs);
  const auto first = [&](const Tensor<double>& all) { return all.rows_copy(0, followed); };
  const Tensor<double> generated = flow(first(pairs.x0), &result.mean_evaluations);
  result.to_training_partner = summarise(row_distances(generated, first(pairs.x1)));
  if (const Tensor<double>& optimal = problem.optimal_partners(); optimal.size() > 0) {
    result.to_optimal_partner = summarise(row_distances(generated, first(optimal)));
  }
  if (pairs.x1.rows() >= 2) {
    result.between_random_partners = random_partner_distance(pairs.x1, pairs.x1);
    result.memorised_share = nearest_targets(generated, pairs.x1).memorised_share;
  }
  if (options.fresh == 0) return result;

  const Tensor<double> sources = problem.fresh_sources(options.fresh);
  const Tensor<double> fresh = flow(sources, nullptr);
  if (problem.optimal_map()) {
    result.fresh_to_optimal =
        summarise(row_distances(fresh, problem.optimal_map()->apply(sources)));
  }
  if (const AffineMap* map = problem.coupling().map()) {
    result.fresh_to_coupling = summarise(row_distances(fresh, map->apply(sources)));
  }
  if (options.with_mmd) {
    const Tensor<double> targets = problem.fresh_targets(options.fresh, 0, options.held_out);
    result.mmd_bandwidth = median_distance(targets);
    if (result.mmd_bandwidth > 0) {
      result.mmd = mmd(fresh, targets, {.bandwidth = result.mmd_bandwidth}).value;
      // The same kernel between two samples of the target itself.
      result.mmd_floor = mmd(problem.fresh_targets(options.fresh, 1, options.held_out), targets,
                             {.bandwidth = result.mmd_bandwidth})
                             .value;
    } else {  // most targets are one point: the median heuristic has no kernel for them
      result.mmd = result.mmd_floor = std::numeric_limits<double>::quiet_NaN();
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
                         {"memorised_share", e.memorised_share},
                         {"mmd", json_number(e.mmd)},
                         {"mmd_floor", json_number(e.mmd_floor)},
                         {"mmd_bandwidth", e.mmd_bandwidth}};
  if (e.fresh_to_optimal) json["fresh_to_optimal"] = to_json(*e.fresh_to_optimal);
  if (e.fresh_to_coupling) json["fresh_to_coupling"] = to_json(*e.fresh_to_coupling);
  return json;
}

template Evaluation evaluate(const Field<float>&, const Problem&, const EvaluationOptions&);
template Evaluation evaluate(const Field<double>&, const Problem&, const EvaluationOptions&);

}  // namespace gradvar

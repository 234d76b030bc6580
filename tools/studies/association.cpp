#include "tools/studies/association.h"

#include "flow/rank_correlation.h"

namespace gradvar {

using nlohmann::json;

RunNumbers run_numbers(const TaskResults& results, const std::string& id,
                       const SolverOptions& solver) {
  const json& run = results.at(id);
  const json& at_end = with_solver(run.at("final"), solver.spec());
  const json& monitor = run.at("monitor");
  return {.memorisation = at_end.at("to_training_partner").at("mean").get<double>() /
                          at_end.at("between_random_partners").get<double>(),
          .variance =
              monitor.back().at("trace").get<double>() / monitor.front().at("trace").get<double>()};
}

Spread association(const TaskResults& results, const std::vector<Marks>& marks,
                   const SolverOptions& solver) {
  Spread correlation = no_correlations();
  const std::size_t seeds = marks.front().groups.front().ids.size();
  for (std::size_t seed = 0; seed < seeds; ++seed) {
    std::vector<double> memorisation, variance;
    for (const Marks& m : marks) {
      for (const Group& group : m.groups) {
        const RunNumbers numbers = run_numbers(results, group.ids[seed], solver);
        memorisation.push_back(numbers.memorisation);
        variance.push_back(numbers.variance);
      }
    }
    correlation.values.push_back(rank_correlation(memorisation, variance));
  }
  return correlation;
}

report::Panel association_panel(const TaskResults& results, const std::vector<Marks>& marks,
                                const SolverOptions& solver) {
  report::Panel panel;
  panel.x = {.label = "tr Cov, end / start", .logarithmic = true};
  panel.y = {.label = "to training partner / random partners", .logarithmic = true};
  for (const Marks& m : marks) {
    std::vector<double> x, y;
    for (const Group& group : m.groups) {
      for (const std::string& id : group.ids) {
        const RunNumbers numbers = run_numbers(results, id, solver);
        x.push_back(numbers.variance);
        y.push_back(numbers.memorisation);
      }
    }
    panel.series.push_back(report::points(m.label, m.style, x, y, 0.9));
  }
  panel.references = {{false, kMemorisesBelow, "memorises"}, {false, 1, "random partner"}};
  return panel;
}

}  // namespace gradvar

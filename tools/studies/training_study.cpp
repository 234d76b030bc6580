#include "tools/studies/training_study.h"

#include <algorithm>

#include "io/number_text.h"
#include "tools/report/number.h"

namespace gradvar {

using nlohmann::json;

std::string sigma_id(double sigma) { return "sigma-" + number_text(sigma); }

std::string sigma_label(double sigma) { return "*σ* = " + number_text(sigma); }

std::string interpolant_spec(double sigma) {
  return sigma == 0 ? "linear" : "constant:sigma=" + number_text(sigma);
}

std::string solver_label(const SolverOptions& solver) {
  const std::string steps = ", " + report::format_integer(solver.steps) + " steps";
  switch (solver.method) {
    case SolverMethod::euler:
      return "Euler" + steps;
    case SolverMethod::midpoint:
      return "midpoint" + steps;
    case SolverMethod::heun:
      return "Heun" + steps;
    case SolverMethod::rk4:
      return "RK4" + steps;
    case SolverMethod::dopri5:
      break;
  }
  return "adaptive (dopri5)";
}

namespace {

double read_number(const json& evaluation, const std::string& what) {
  const json& value = evaluation.at(what);
  return value.is_object() ? value.at("mean").get<double>() : value.get<double>();
}

}  // namespace

Spread at_the_end(const TaskResults& results, const Group& group, const SolverOptions& solver,
                  const std::string& what) {
  return over_seeds(results, group.ids, [&](const json& r) {
    return read_number(with_solver(r.at("final"), solver.spec()), what);
  });
}

Spread memorisation_ratio(const TaskResults& results, const Group& group,
                          const SolverOptions& solver) {
  return ratio(at_the_end(results, group, solver, "to_training_partner"),
               at_the_end(results, group, solver, "between_random_partners"));
}

Spread last_measured(const TaskResults& results, const Group& group, const std::string& what) {
  return over_seeds(results, group.ids,
                    [&](const json& r) { return r.at("monitor").back().at(what).get<double>(); });
}

bool memorises(const Spread& ratio) { return ratio.interval().high < kMemorises; }

bool is_broken(const Spread& ratio) { return ratio.interval().low > kBroken; }

std::string percent(const Spread& ratio) {
  const double value = 100 * ratio.mean();
  return report::format_number(value, value < 10 ? 2 : 3) + " %";
}

std::vector<report::Series> training_curves(const TaskResults& results,
                                            const std::vector<Group>& groups,
                                            const std::string& what) {
  std::vector<report::Series> series;
  for (const Group& group : groups) {
    Curve curve;
    const json& monitor = results.at(group.ids[0]).at("monitor");
    for (std::size_t i = 0; i < monitor.size(); ++i) {
      curve.add(std::max(1.0, monitor[i].at("step").get<double>()),
                over_seeds(results, group.ids, [&](const json& r) {
                  return r.at("monitor")[i].at(what).get<double>();
                }));
    }
    series.push_back(
        report::band(group.label, group.style, curve.x, curve.mean, curve.low, curve.high, 3));
  }
  return series;
}

std::vector<report::Series> distance_curves(const TaskResults& results,
                                            const std::vector<Group>& groups,
                                            const SolverOptions& solver, const std::string& what) {
  std::vector<report::Series> series;
  for (const Group& group : groups) {
    Curve curve;
    for (const json& first : results.at(group.ids[0]).at("evaluations")) {
      if (first.at("solver") != solver.spec()) continue;
      const auto step = first.at("step").get<std::uint64_t>();
      curve.add(std::max(1.0, static_cast<double>(step)),
                over_seeds(results, group.ids, [&](const json& r) {
                  for (const json& e : r.at("evaluations")) {
                    if (e.at("step") != step || e.at("solver") != solver.spec()) continue;
                    return read_number(e, what) / read_number(e, "between_random_partners");
                  }
                  return 0.0;
                }));
    }
    series.push_back(
        report::band(group.label, group.style, curve.x, curve.mean, curve.low, curve.high, 2));
  }
  return series;
}

std::string seeds_text(const Group& group) {
  const std::size_t n = group.ids.size();
  return std::to_string(n) + (n == 1 ? " seed" : " seeds");
}

}  // namespace gradvar

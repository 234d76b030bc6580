#include "tools/studies/training_study.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/number_text.h"
#include "tools/report/number.h"
#include "tools/report/scale.h"

namespace gradvar {

using nlohmann::json;

std::string sigma_id(double sigma) { return "sigma-" + number_text(sigma); }

std::string sigma_label(double sigma) { return "*σ* = " + number_text(sigma); }

std::string interpolant_spec(double sigma) {
  return sigma == 0 ? "linear" : "constant:sigma=" + number_text(sigma);
}

SolverOptions euler(std::int64_t steps) { return {.method = SolverMethod::euler, .steps = steps}; }

SolverOptions finest() { return {.method = SolverMethod::dopri5, .rtol = 1e-4, .atol = 1e-4}; }

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
  const json& value = evaluation.at(json::json_pointer("/" + what));
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

Spread of_results(const TaskResults& results, const Group& group, const std::string& pointer) {
  return over_seeds(results, group.ids, [&](const json& r) {
    return r.value(json::json_pointer(pointer), std::numeric_limits<double>::quiet_NaN());
  });
}

std::string information_text(const TaskResults& results, const Group& group, double sigma) {
  const Spread share = of_results(results, group, "/information/share");
  if (!std::isfinite(share.mean())) return "";
  return "At " + sigma_label(sigma) + " a training point tells which pair it is of to " +
         percent(share) + " of log *N*";
}

bool memorises(const Spread& ratio) { return ratio.interval().high < kMemorisesBelow; }

bool is_broken(const Spread& ratio) { return ratio.interval().low > kBrokenAbove; }

report::Verdict order_verdict(const Spread& less, const Spread& more) {
  if (less.interval().high < more.interval().low) return report::Verdict::kShown;
  if (difference(more, less).interval().low > 0) return report::Verdict::kPartly;
  return report::Verdict::kNotShown;
}

report::Verdict sign_verdict(const Spread& number) {
  return number.interval().low > 0 ? report::Verdict::kShown
         : number.mean() > 0       ? report::Verdict::kPartly
                                   : report::Verdict::kNotShown;
}

std::string sign_rule(const std::string& of_what) {
  return "Shown when the interval of the " + of_what +
         " lies above 0, partly when only its mean does";
}

std::string presets_text(const std::function<std::string(const StudyOptions& options)>& size,
                         const std::array<std::string, 3>& durations) {
  std::string text;
  for (std::size_t i = 0; i < durations.size(); ++i) {
    const std::string preset = std::array{"quick", "middle", "full"}[i];
    text += (i == 0 ? "" : "; ") + preset + ": " + size({.preset = preset}) + ", " + durations[i];
  }
  return text;
}

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

report::Figure through_training(const TaskResults& results,
                                const std::vector<TrainingColumn>& columns,
                                const SolverOptions& solver) {
  report::Figure figure;
  figure.columns = static_cast<int>(columns.size());
  for (const bool distances : {true, false}) {
    for (const TrainingColumn& column : columns) {
      report::Panel panel;
      panel.title = column.title;
      panel.x = {.label = "training step", .logarithmic = true};
      panel.legend_columns = 2;
      if (distances) {
        panel.y = {.label = "to training partner / random partners", .low = 0};
        panel.series = distance_curves(results, column.groups, solver, "to_training_partner");
        panel.references = {{false, 1, "random partner"}};
        panel.references[0].label_position = report::clear_position(panel, 1);
      } else {
        panel.y = {.label = "tr Cov", .logarithmic = true};
        panel.series = training_curves(results, column.groups, "trace");
      }
      figure.panels.push_back(panel);
    }
  }
  return figure;
}

std::string seeds_text(const Group& group) {
  const std::size_t n = group.ids.size();
  return std::to_string(n) + (n == 1 ? " seed" : " seeds");
}

}  // namespace gradvar

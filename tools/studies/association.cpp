#include "tools/studies/association.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace gradvar {

using nlohmann::json;

namespace {

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> rank(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) {
      rank[order[i]] = static_cast<double>(begin + end - 1) / 2;
    }
    begin = end;
  }
  return rank;
}

}  // namespace

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

double rank_correlation(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() < 3) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double mean = static_cast<double>(a.size() - 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  if (xx == 0 || yy == 0) return std::numeric_limits<double>::quiet_NaN();
  return xy / std::sqrt(xx * yy);
}

Spread association(const TaskResults& results, const std::vector<Marks>& marks,
                   const SolverOptions& solver) {
  Spread correlation;
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

report::Verdict association_verdict(const Spread& correlation) {
  return correlation.interval().low > 0 ? report::Verdict::kShown
         : correlation.mean() > 0       ? report::Verdict::kPartly
                                        : report::Verdict::kNotShown;
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

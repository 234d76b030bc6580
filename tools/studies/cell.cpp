#include "tools/studies/cell.h"

#include <algorithm>
#include <cmath>

#include "autograd/check.h"
#include "flow/assignment.h"
#include "flow/distances.h"
#include "flow/pair_identifiability.h"
#include "io/safetensors.h"
#include "tools/choices.h"
#include "tools/commands/options.h"
#include "tools/exit_status.h"
#include "tools/interrupt.h"
#include "tools/monitor.h"
#include "tools/studies/partial.h"
#include "tools/training_run.h"

namespace gradvar {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

RunConfig runnable(const TrainingCell& cell, const fs::path& directory) {
  RunConfig config = cell.config;
  config.threads = 1;
  config.keep = 1;
  if (!cell.pairs_of.empty()) config.pairs_file = left_pairs(directory, cell.pairs_of).string();
  return config;
}

bool contains(const std::vector<std::uint64_t>& steps, std::uint64_t step) {
  return std::find(steps.begin(), steps.end(), step) != steps.end();
}

// Everything that decides a cell's results, as text: a file made otherwise is made again.
std::string settings_of(const TrainingCell& cell) {
  std::string text = run_toml(cell.config);
  for (const SolverOptions& solver : cell.solvers_on_the_way) text += solver.spec() + "\n";
  for (const SolverOptions& solver : cell.solvers_at_the_end) text += solver.spec() + "\n";
  for (const std::uint64_t step : cell.monitor_steps) text += std::to_string(step) + " ";
  for (const std::uint64_t step : cell.evaluate_steps) text += std::to_string(step) + " ";
  for (const SolverOptions& solver : cell.trajectory_solvers) text += solver.spec() + "\n";
  const VarianceOptions& v = cell.variance;
  for (const std::int64_t number : {cell.fresh, cell.trajectories, std::int64_t{v.time_bins},
                                    std::int64_t{v.nodes_per_bin}, std::int64_t{v.noise_draws}}) {
    text += std::to_string(number) + " ";
  }
  if (!cell.pairs_of.empty()) text += "pairs of " + cell.pairs_of + " ";
  if (cell.leaves_pairs_by) text += "leaves pairs by " + cell.leaves_pairs_by->spec() + " ";
  if (cell.with_information) text += "information ";
  return text;
}

// The partners that exact assignment gives the problem's sources among the target's own points.
Tensor<double> optimal_among_targets(const Problem& problem) {
  const Tensor<double>& sources = problem.pairs().x0;
  const Tensor<double>* points = problem.target().points();
  check(points != nullptr && points->rows() >= sources.rows(), "cell", [&] {
    return "the target '" + problem.target().spec() + "' has no " + std::to_string(sources.rows()) +
           " points of its own";
  });
  const Tensor<double> targets = points->rows_copy(0, sources.rows());
  return select_rows(targets, optimal_assignment(sources, targets, nullptr, [] {
                                stop_if_interrupted("");
                              }).partner);
}

template <class Real>
class CellRun {
 public:
  CellRun(const TrainingCell& cell, const fs::path& directory, double save_every)
      : cell_(cell),
        settings_(settings_of(cell)),
        partial_(directory / "cells" / (cell.id + ".partial"), settings_ + cell.pairs_made_by,
                 save_every),
        left_(left_pairs(directory, cell.id)),
        run_(runnable(cell, directory)) {
    if (!cell.pairs_of.empty()) optimal_ = optimal_among_targets(run_.problem());
    results_ = {{"id", cell.id},  {"settings", settings_},    {"config", config_json()},
                {"seconds", 0.0}, {"monitor", json::array()}, {"evaluations", json::array()}};
    if (const std::optional<PartialRun::Left> left = partial_.find()) {
      run_.load(left->checkpoint);
      results_ = left->results;
    }
    before_ = results_["seconds"].template get<double>();
  }

  json train(TaskProgress& progress) {
    const auto total = static_cast<std::uint64_t>(cell_.config.steps);
    progress.skip(static_cast<std::int64_t>(run_.trainer().steps()));
    while (run_.trainer().steps() < total) {
      measure_if_due();
      (void)run_.trainer().step();
      progress.advance();
      if (interrupt_requested() || partial_.is_due()) save();
      stop_if_interrupted("");
    }
    if (partial_.has_saved()) save();  // what follows the last step of a long run takes long too
    measure_if_due();
    for (const SolverOptions& solver : cell_.solvers_at_the_end) {
      results_["final"].push_back(
          to_json(run_.evaluate({.solver = solver,
                                 .fresh = cell_.fresh,
                                 .with_mmd = true,
                                 .optimal_partners = optimal_ ? &*optimal_ : nullptr})));
    }
    describe_pairs();
    if (cell_.leaves_pairs_by) leave_pairs(*cell_.leaves_pairs_by);
    for (const SolverOptions& solver : cell_.trajectory_solvers) keep_trajectories(solver);
    results_["seconds"] = seconds();
    return results_;
  }

 private:
  json config_json() const {
    json config;
    for (const RunField& field : run_fields()) {
      config[field.key] = field_text(cell_.config, field);
    }
    config["model"] = run_.model_spec();
    if (!cell_.pairs_of.empty()) config["pairs-file"] = left_pairs("", cell_.pairs_of).string();
    return config;
  }

  void measure_if_due() {
    const std::uint64_t step = run_.trainer().steps();
    if (contains(cell_.monitor_steps, step)) {
      json measured = to_json(run_.measure(cell_.variance), run_.model().parameters().layout());
      measured.erase("by_parameter");
      measured["step"] = step;
      results_["monitor"].push_back(std::move(measured));
    }
    if (contains(cell_.evaluate_steps, step)) {
      for (const SolverOptions& solver : cell_.solvers_on_the_way) {
        json evaluated =
            to_json(run_.evaluate({.solver = solver,
                                   .fresh = 0,
                                   .with_mmd = false,
                                   .optimal_partners = optimal_ ? &*optimal_ : nullptr}));
        evaluated["step"] = step;
        results_["evaluations"].push_back(std::move(evaluated));
      }
    }
  }

  void describe_pairs() {
    const Pairs& pairs = run_.problem().pairs();
    const Tensor<double>& optimal = optimal_ ? *optimal_ : run_.problem().optimal_partners();
    if (optimal.size() > 0) {
      results_["partner_to_optimal"] = summarise(row_distances(pairs.x1, optimal)).mean;
    }
    if (cell_.with_information && pairs.x0.rows() >= 2) {
      const PairIdentifiability found = measure_identifiability(
          pairs.x0, pairs.x1, make_interpolant("--interpolant", cell_.config.interpolant),
          {.nodes = 8, .replicates = 2});
      const double most = std::log(static_cast<double>(pairs.x0.rows()));
      results_["information"] = {{"nats", found.information.value},
                                 {"share", found.information.value / most}};
    }
  }

  void leave_pairs(const SolverOptions& solver) {
    const NetworkField<Real> field(run_.model(), run_.pool());
    const Tensor<double>& sources = run_.problem().pairs().x0;
    const Solution<Real> solution = solve<Real>(field, solver, convert<Real>(sources));
    SafetensorsWriter pairs;
    pairs.add("x0", sources);
    pairs.add("x1", convert<double>(solution.end));
    pairs.set_metadata("source", run_.problem().source().spec());
    pairs.set_metadata("target", run_.problem().target().spec());
    pairs.set_metadata("coupling", "flow of " + cell_.id + " by " + solver.spec());
    fs::create_directories(left_.parent_path());
    pairs.write(left_.string());
  }

  void keep_trajectories(const SolverOptions& solver) {
    const std::int64_t count = std::min(cell_.trajectories, run_.problem().pairs().x0.rows());
    const NetworkField<Real> field(run_.model(), run_.pool());
    const Solution<Real> solution =
        solve<Real>(field, solver, convert<Real>(run_.problem().pairs().x0.rows_copy(0, count)), 0,
                    1, {.every_step = true, .times = {}});
    json paths = json::array();
    const std::int64_t d = solution.end.row_size();
    for (std::int64_t n = 0; n < count; ++n) {
      json path = json::array();
      for (std::size_t k = 0; k < solution.trajectory.times.size(); ++k) {
        const Real* x =
            solution.trajectory.states.data() + (static_cast<std::int64_t>(k) * count + n) * d;
        path.push_back(std::vector<float>(x, x + d));
      }
      paths.push_back(std::move(path));
    }
    const auto rows = [&](const Tensor<double>& all) {
      json list = json::array();
      for (std::int64_t n = 0; n < count; ++n) {
        list.push_back(std::vector<float>(all.row(n).begin(), all.row(n).end()));
      }
      return list;
    };
    results_["trajectories"].push_back({{"solver", solver.spec()},
                                        {"times", solution.trajectory.times},
                                        {"points", paths},
                                        {"x0", rows(run_.problem().pairs().x0)},
                                        {"x1", rows(run_.problem().pairs().x1)}});
  }

  // Those of earlier parts of the run among them.
  [[nodiscard]] double seconds() const { return before_ + steady_seconds() - begin_; }

  void save() {
    results_["seconds"] = seconds();
    partial_.save(run_.trainer().steps(), results_,
                  [&](const fs::path& directory) { run_.save(directory); });
  }

  const TrainingCell& cell_;
  std::string settings_;
  PartialRun partial_;
  fs::path left_;
  TrainingRun<Real> run_;
  std::optional<Tensor<double>> optimal_;  // instead of the problem's own
  json results_;
  double before_ = 0, begin_ = steady_seconds();
};

}  // namespace

fs::path left_pairs(const fs::path& directory, const std::string& id) {
  return directory / "cells" / (id + ".pairs.safetensors");
}

std::vector<std::uint64_t> spaced_steps(std::uint64_t first, std::uint64_t last, int count) {
  std::vector<std::uint64_t> steps = {0};
  for (int i = 0; i < count; ++i) {
    const double share = count == 1 ? 1.0 : static_cast<double>(i) / (count - 1);
    const double step = static_cast<double>(first) *
                        std::pow(static_cast<double>(last) / static_cast<double>(first), share);
    const auto rounded = static_cast<std::uint64_t>(std::llround(step));
    if (rounded > steps.back()) steps.push_back(rounded);
  }
  return steps;
}

Task training_task(const TrainingCell& cell, double save_every) {
  return {.id = cell.id,
          .settings = settings_of(cell),
          .units = cell.config.steps,
          .run =
              [cell, save_every](const fs::path& directory, TaskProgress& progress) {
                json results;
                with_precision(cell.config.precision, [&](auto real) {
                  results = CellRun<decltype(real)>(cell, directory, save_every).train(progress);
                });
                return results;
              },
          .trial = [cell](double length) { return expected_seconds(cell, length); },
          .kind = cell.id.substr(0, cell.id.rfind("-seed-")),
          .stage = cell.pairs_of.empty() ? 0 : 1,
          .made_from = cell.pairs_made_by};
}

}  // namespace gradvar

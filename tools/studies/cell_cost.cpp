// What a training cell will take, by trying a few of its steps (cell.h).

#include <algorithm>

#include "tools/commands/options.h"
#include "tools/studies/cell.h"
#include "tools/training_run.h"

namespace gradvar {

namespace {

int evaluations_a_step(SolverMethod method) {
  switch (method) {
    case SolverMethod::euler:
      return 1;
    case SolverMethod::midpoint:
    case SolverMethod::heun:
      return 2;
    case SolverMethod::rk4:
      return 4;
    case SolverMethod::dopri5:
      break;
  }
  return 6;
}

// How often a cell asks the network about one sample: in steps and measurements, which also go
// backwards, and in solvers, which do not; an adaptive solver is taken to need 20 steps.
struct Passes {
  double with_gradient = 0, forward = 0;
};
Passes passes_of(const TrainingCell& cell) {
  const auto pairs = static_cast<double>(cell.config.pairs);
  Passes passes;
  passes.with_gradient =
      static_cast<double>(cell.config.steps) * static_cast<double>(cell.config.batch) +
      static_cast<double>(cell.monitor_steps.size()) * pairs * cell.variance.node_count() *
          cell.variance.noise_draws;
  const auto add = [&](const std::vector<SolverOptions>& solvers, double rows) {
    for (const SolverOptions& solver : solvers) {
      const double steps = solver.method == SolverMethod::dopri5 ? 20.0 : 1.0 * solver.steps;
      passes.forward += rows * steps * evaluations_a_step(solver.method);
    }
  };
  add(cell.solvers_on_the_way, static_cast<double>(cell.evaluate_steps.size()) * pairs);
  add(cell.solvers_at_the_end, pairs + static_cast<double>(cell.fresh));
  return passes;
}

// Seconds for the whole cell, from so many seconds of its steps. A pass forwards alone costs about
// a third of one with its gradient.
template <class Real>
double try_steps(const TrainingCell& cell, double length) {
  RunConfig config = cell.config;
  config.threads = 1;
  config.coupling = "independent";  // who is paired with whom costs nothing later on
  config.pairs_file.clear();
  config.pairs = std::min<std::int64_t>(config.pairs, 64);
  TrainingRun<Real> run(config);
  (void)run.trainer().step();
  const double begin = steady_seconds();
  int steps = 0;
  do {
    (void)run.trainer().step();
    ++steps;
  } while (steady_seconds() - begin < length);
  const double sample = (steady_seconds() - begin) / steps / static_cast<double>(config.batch);
  const Passes passes = passes_of(cell);
  return sample * (passes.with_gradient + passes.forward / 3);
}

}  // namespace

double expected_seconds(const TrainingCell& cell, double length) {
  double seconds = 0;
  with_precision(cell.config.precision,
                 [&](auto real) { seconds = try_steps<decltype(real)>(cell, length); });
  return seconds;
}

}  // namespace gradvar

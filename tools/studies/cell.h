// cell: one training run of a study, with what is measured on the way.
//
// A cell becomes a task (task.h). One that is stopped leaves DIR/cells/<id>.partial/ with a
// checkpoint and its measurements so far, and goes on from there to the same bits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "flow/solver.h"
#include "flow/variance.h"
#include "tools/run_config.h"
#include "tools/studies/task.h"

namespace gradvar {

struct TrainingCell {
  std::string id;
  RunConfig config;
  std::vector<std::uint64_t> monitor_steps;   // exact variance before these steps
  std::vector<std::uint64_t> evaluate_steps;  // `solvers_on_the_way` before these steps
  std::vector<SolverOptions> solvers_on_the_way;
  std::vector<SolverOptions> solvers_at_the_end;
  VarianceOptions variance;
  std::int64_t fresh = 1000;                      // held-out samples
  std::int64_t trajectories = 0;                  // training sources whose learned paths are kept
  std::vector<SolverOptions> trajectory_solvers;  // of equal steps
};

// Round steps, about `count` of them, evenly spaced in the logarithm from `first` to `last`, with 0
// before them.
[[nodiscard]] std::vector<std::uint64_t> spaced_steps(std::uint64_t first, std::uint64_t last,
                                                      int count);

// Trains on one thread. Results:
//   config {key: text}, seconds
//   monitor       [{step, loss, trace, mean_squared_norm, ..., by_layer [...], by_time [...]}]
//   evaluations   [{step, solver, to_training_partner {...}, ...}]     on the way
//   final         [{solver, ...}]                                      with held-out samples
//   trajectories  [{solver, times, points [sample][time][dim], x0, x1}]
[[nodiscard]] Task training_task(const TrainingCell& cell);

}  // namespace gradvar

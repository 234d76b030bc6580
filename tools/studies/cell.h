// cell: one training run of a study, with what is measured on the way.
//
// A cell becomes a task (task.h). Every few minutes, and when it is stopped, it leaves a checkpoint
// and its measurements so far in DIR/cells/<id>.partial/ (partial.h), and goes on from there to the
// same bits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "flow/solver.h"
#include "flow/variance.h"
#include "tools/run_config.h"
#include "tools/studies/partial.h"
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
  // The pairs that a cell of an earlier stage left behind, instead of drawn ones: its id. Optimal
  // partners are still those among the target's own points.
  std::string pairs_of{};
  std::string pairs_made_by{};  // the settings of that cell's task
  // Leaves such pairs: the sources of its own, and what the trained flow makes of them.
  std::optional<SolverOptions> leaves_pairs_by{};
  bool with_information = false;  // I(pair; x_t | t) of the pairs (flow/pair_fields.h)
};

// Round steps, about `count` of them, evenly spaced in the logarithm from `first` to `last`, with 0
// before them.
[[nodiscard]] std::vector<std::uint64_t> spaced_steps(std::uint64_t first, std::uint64_t last,
                                                      int count);

// DIR/cells/<id>.pairs.safetensors.
[[nodiscard]] std::filesystem::path left_pairs(const std::filesystem::path& directory,
                                               const std::string& id);

// About how long the cell takes on one thread: tries its steps for `length` seconds.
[[nodiscard]] double expected_seconds(const TrainingCell& cell, double length);

// Trains on one thread; a cell with `pairs_of` belongs to stage 1. Results:
//   config {key: text}, seconds
//   monitor       [{step, loss, trace, mean_squared_norm, ..., by_layer [...], by_time [...]}]
//   evaluations   [{step, solver, to_training_partner {...}, ...}]     on the way
//   final         [{solver, ...}]                                      with held-out samples
//   trajectories  [{solver, times, points [sample][time][dim], x0, x1}]
//   partner_to_optimal  mean distance between a source's two partners: where one who memorises ends
//   information         {nats, share}: I(pair; x_t | t), and over log N
[[nodiscard]] Task training_task(const TrainingCell& cell, double save_every = kSaveEverySeconds);

}  // namespace gradvar

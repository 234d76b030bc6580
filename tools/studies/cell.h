// cell: one training run of a study, with what is measured on the way.
//
// A study is a list of cells and a way to read their results. A cell's results are one JSON file,
// written when it is finished, so that a study that was stopped goes on with the cells that are
// missing; the cell that was being trained leaves a checkpoint and its measurements so far.
//
//   DIR/cells/<id>.json       finished
//   DIR/cells/<id>.partial/   stopped: checkpoints/ and measured.json
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "flow/solver.h"
#include "flow/variance.h"
#include "tools/progress.h"
#include "tools/run_config.h"

namespace gradvar {

struct Cell {
  std::string id;  // "sigma-0.05-seed-3": letters, digits, dots, dashes
  RunConfig config;
  std::vector<std::uint64_t> monitor_steps;   // exact variance before these steps
  std::vector<std::uint64_t> evaluate_steps;  // `solvers_on_the_way` before these steps
  std::vector<SolverOptions> solvers_on_the_way;
  std::vector<SolverOptions> solvers_at_the_end;
  VarianceOptions variance;
  std::int64_t fresh = 1000;        // held-out samples
  std::int64_t trajectories = 0;    // training sources whose learned paths are kept
  SolverOptions trajectory_solver;  // of equal steps
};

// Round steps, about `count` of them, evenly spaced in the logarithm from `first` to `last`, with 0
// before them.
[[nodiscard]] std::vector<std::uint64_t> spaced_steps(std::uint64_t first, std::uint64_t last,
                                                      int count);

// Trains a cell on one thread and returns its results, or reads them when they are there and were
// made with the same settings. Results:
//   config (run.toml), seconds, monitor [{step, variance...}], evaluations [{step, ...}],
//   final [{...}], trajectories {times, points [samples][times][dim]}
// Advances `progress` a step at a time. When an interrupt was requested it saves and throws
// Stopped.
[[nodiscard]] nlohmann::json run_cell(const Cell& cell, const std::filesystem::path& directory,
                                      Progress& progress);

// All cells on `threads` threads, a cell a thread, longest first; results in the order of `cells`.
[[nodiscard]] std::vector<nlohmann::json> run_cells(const std::vector<Cell>& cells,
                                                    const std::filesystem::path& directory,
                                                    int threads, ProgressMode progress,
                                                    const std::string& task);

}  // namespace gradvar

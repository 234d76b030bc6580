// rounds: rectification of a run, round by round (ReFlow; Liu, Gong and Liu, "Flow straight and
// fast", 2022), each of them measured.
//
// Round k draws pairs by the flow of round k - 1, the run's own for k = 1 (flow_coupling.h), and
// trains the run's model on them with the run's settings, from the weights of that flow or from
// fresh ones. Seeds go up by one a round, so that no round sees the sources of another.
//
//   OUT/reflow.json        what was asked for; the same command goes on where it stopped
//   OUT/measured-0.json    round 0: the run itself, measured as the others are
//   OUT/round-1/           a run as `gradvar train` leaves it: run.toml, pairs.safetensors,
//                          loss.csv, checkpoints/, weights.safetensors
//   OUT/measured-1.json    what came of it
//
// A record of a round is JSON, for it is read again when a stopped command goes on:
//
//   round, steps, pairs, seed, verdict, random_partner (R, between targets of different pairs),
//   evaluations (of the field, a source)
//   straightness, training_error, held_out_error, remembered   {mean, low, high}; errors are
//       medians over R, remembered as in flow/memorisation.h: null where nothing can be compared
//   variance, loss, mean_squared_norm                          over the round's pairs and times,
//       exactly without noise, with two fixed draws of it otherwise
//   one_step, many_steps   {mmd, energy, sliced, wasserstein: {mean, low, high, floor {...}}}, of
//       points from fresh sources to fresh targets (law_distances.h)
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/flow_coupling.h"
#include "tools/progress.h"
#include "tools/run_config.h"

namespace gradvar {

struct ReflowOptions {
  std::string run, out;
  int rounds = 1;
  std::int64_t pairs = 0, steps = 0;  // 0: the run's
  std::optional<double> sigma{};      // noise of the interpolant instead of the run's
  FlowDirection direction = FlowDirection::kForwards;
  SolverOptions solver{.method = SolverMethod::dopri5};  // of pairs, and of many steps
  bool warm = true;                                      // from the weights that made the pairs
  std::int64_t fresh = 1000, sets = 5;                   // as `gradvar evaluate` has them
  std::int64_t threads = 0;
  std::string command{};  // that goes on with it
};

// The training run of round k >= 1. Throws std::invalid_argument "--sigma: ..." for an interpolant
// that takes no noise.
[[nodiscard]] RunConfig round_config(const ReflowOptions& options, const RunConfig& run, int round);

// Everything but the number of rounds that decides the numbers, the weights of the run among them.
[[nodiscard]] std::string reflow_settings(const ReflowOptions& options);
// Before any work. Throws std::invalid_argument "--out: ..." when the directory holds something
// else, or was made with other settings.
void check_reflow_directory(const ReflowOptions& options, const std::string& settings);

// Records of rounds 0 to options.rounds, with what is there already taken as it is. `after` is
// called with the records so far when a round is finished. Throws Stopped after a signal, with
// everything saved.
[[nodiscard]] std::vector<nlohmann::json> rectify(
    const ReflowOptions& options, const std::string& settings, ProgressMode mode,
    const std::function<void(const std::vector<nlohmann::json>&)>& after);

}  // namespace gradvar

// snapshot: what a run remembers with the weights of one step.
#pragma once

#include <cstdint>
#include <optional>

#include "flow/cross_prediction.h"
#include "flow/memorisation.h"
#include "flow/solver.h"
#include "tools/diagnose/held_out.h"
#include "tools/training_run.h"

namespace gradvar {

struct SnapshotOptions {
  SolverOptions solver{};
  std::int64_t most_pairs = 2000;  // training pairs that are followed: the first ones
  std::uint64_t seed = 0;          // of the bootstrap
};

// What the run is compared with; the same for every snapshot of a run.
struct Reference {
  HeldOut held_out{};
  std::optional<CrossPrediction> prediction{};  // where nothing is held out
  Pairs training{};                             // those that are followed
  double random_partner = 0;
  Tensor<double> targets{};          // all training targets, each once
  std::vector<double> luck_ratio{};  // of held-out targets, or of each target among the others
};
// Throws std::invalid_argument when there are fewer than 3 pairs, or all targets are one point.
[[nodiscard]] Reference make_reference(const Problem& problem, const RunConfig& config,
                                       std::int64_t most_held_out, std::int64_t most_pairs);

// Exact variance of one sample's gradient, on training pairs and on as many held-out ones.
struct VariancePair {
  double training = 0, held_out = 0;  // traces; NaN where nothing is held out
  double training_loss = 0, held_out_loss = 0;
};

struct Snapshot {
  std::int64_t step = 0;
  MemorisationEvidence evidence{};
  MemorisationJudgement judgement{};
  VariancePair variance{};
};

// Of the weights as they are.
template <class Real>
[[nodiscard]] Snapshot take_snapshot(TrainingRun<Real>& run, const Reference& reference,
                                     const SnapshotOptions& options);

// Pairs that the variance of a snapshot is taken over, at most.
inline constexpr std::int64_t kVariancePairs = 256;
// The design of every exact variance here: two draws of noise, and with the full target of a
// bridge, whose variance is infinite up to the ends, t in [0.01, 0.99].
[[nodiscard]] VarianceOptions variance_design(const Interpolant& interpolant, const Shape& sample);

}  // namespace gradvar

// diagnosis: everything `gradvar diagnose` finds out about a run.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/diagnose/snapshot.h"
#include "tools/diagnose/split.h"

namespace gradvar {

// One training pair, at the last step.
struct DiagnosedPair {
  std::int64_t pair = 0;     // its row, in the user's file where there is one
  double distance = 0;       // of the generated point to the partner
  bool returned = false;     // flow/memorisation.h
  double gradient_norm = 0;  // root of E|g|^2 over t and noise
  double loss = 0;
};

// Since when: the first snapshot from which on all memorise.
struct Onset {
  enum class Kind {
    kNever,         // the run does not memorise
    kBetween,       // it began between the two steps
    kUnknown,       // no checkpoint before tells
    kFromTheStart,  // weights that saw no pair "memorise" already: the two kinds of pairs differ
  } kind = Kind::kNever;
  std::int64_t after = 0, by = 0;  // not yet at `after`, memorising at `by`
};

struct Diagnosis {
  std::string subject{};  // "runs/first"
  RunConfig config{};
  std::string solver{};
  Reference reference{};
  // By rising step, step 0 first; the last is the verdict, where pairs are comparable.
  std::vector<Snapshot> through_training{};
  Onset onset{};
  std::vector<DiagnosedPair> pairs{};
  // Spearman's, of gradient norm and distance over pairs: does the gradient tell which come back.
  double norm_and_distance = 0;

  [[nodiscard]] const Snapshot& last() const { return through_training.back(); }
  // Whether the judgements say anything: training pairs and held-out ones are of one kind.
  [[nodiscard]] bool comparable() const { return onset.kind != Onset::Kind::kFromTheStart; }
  [[nodiscard]] bool memorises() const { return comparable() && last().judgement.memorises(); }
};

// The first kMostDiagnosed pairs get numbers of their own.
inline constexpr std::int64_t kMostDiagnosed = 2000;
inline constexpr std::int64_t kMostSnapshots =
    12;  // checkpoints that are looked at, the last one too

struct DiagnoseOptions {
  SnapshotOptions snapshot{};
  std::int64_t held_out = 1000;       // pairs, at most
  std::optional<PairsSplit> split{};  // of the run's pairs, which then come from its copy
  // Takes what the user should know before a wait; may be empty.
  std::function<void(const std::string&)> note{};
};

[[nodiscard]] Onset onset_of(const std::vector<Snapshot>& snapshots);

// Looks at a run as its weights change: snapshots by rising step, and at the end the pairs.
template <class Real>
class Examination {
 public:
  // The run must outlive it. Throws as make_reference does.
  Examination(TrainingRun<Real>& run, std::string subject, const DiagnoseOptions& options);
  // With the weights the run has now.
  void snap();
  // REQUIRES: a snapshot of the weights the run has now was the last one.
  [[nodiscard]] Diagnosis finish();

 private:
  void name_split(const PairsSplit& split);

  TrainingRun<Real>& run_;
  DiagnoseOptions options_;
  Diagnosis diagnosis_;
};

// How many of how many parts are done; may throw to stop.
using Tick = std::function<void(std::int64_t done, std::int64_t total)>;

// Of a run of that directory: the weights it began with, and those of its checkpoints, the newest
// of which stay in `run`. Throws std::invalid_argument when there is no checkpoint.
template <class Real>
[[nodiscard]] Diagnosis diagnose_saved(TrainingRun<Real>& run, const std::string& directory,
                                       const DiagnoseOptions& options, const Tick& tick);
// Trains the run to its last step and looks at it on the way. `subject` says what it is.
template <class Real>
[[nodiscard]] Diagnosis diagnose_training(TrainingRun<Real>& run, const std::string& subject,
                                          const DiagnoseOptions& options, const Tick& tick);

}  // namespace gradvar

#include "tools/diagnose/diagnosis.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "flow/pair_statistics.h"
#include "flow/rank_correlation.h"
#include "nn/checkpoint_directory.h"
#include "tools/choices.h"
#include "tools/saved_run.h"

namespace gradvar {

namespace {

constexpr double kSlowPairing = 4e6;  // numbers held by a coupling that takes its time

// At most `most` of them, evenly by number, first and last among them.
std::vector<CheckpointEntry> some_of(const std::vector<CheckpointEntry>& all, std::size_t most) {
  if (all.size() <= most) return all;
  std::set<std::size_t> chosen;
  for (std::size_t k = 0; k < most; ++k) chosen.insert(k * (all.size() - 1) / (most - 1));
  std::vector<CheckpointEntry> some;
  for (const std::size_t k : chosen) some.push_back(all[k]);
  return some;
}

template <class Real>
std::vector<DiagnosedPair> pair_by_pair(TrainingRun<Real>& run, const Reference& reference,
                                        const Snapshot& last) {
  const Interpolant interpolant = make_interpolant("--interpolant", run.config().interpolant);
  const VarianceOptions options = variance_design(interpolant, run.problem().sample_shape());
  const Tensor<Real> x0 = convert<Real>(reference.training.x0),
                     x1 = convert<Real>(reference.training.x1);
  Engine<Real>& engine = run.trainer().engine();
  const VarianceReport first = measure_variance(engine, run.model(), interpolant, x0, x1, options);
  const PairReport report = measure_pairs(engine, run.model(), interpolant, x0, x1, options, first);
  const std::vector<bool> returned = returned_pairs(last.evidence);
  std::vector<DiagnosedPair> pairs;
  for (std::size_t i = 0; i < returned.size(); ++i) {
    pairs.push_back({.pair = static_cast<std::int64_t>(i),
                     .distance = last.evidence.training[i],
                     .returned = returned[i],
                     .gradient_norm = std::sqrt(report.by_pair[i].squared_norm),
                     .loss = report.by_pair[i].loss});
  }
  return pairs;
}

double norm_and_distance(const std::vector<DiagnosedPair>& pairs) {
  std::vector<double> norms, distances;
  for (const DiagnosedPair& pair : pairs) {
    norms.push_back(pair.gradient_norm);
    distances.push_back(pair.distance);
  }
  return rank_correlation(norms, distances);
}

}  // namespace

Onset onset_of(const std::vector<Snapshot>& snapshots) {
  if (snapshots.empty() || !snapshots.back().judgement.memorises()) return {};
  if (snapshots.front().judgement.memorises()) {  // whatever lies between
    return {.kind = Onset::Kind::kFromTheStart, .after = 0, .by = snapshots.front().step};
  }
  std::size_t first = snapshots.size() - 1;
  while (snapshots[first - 1].judgement.memorises()) --first;
  Onset onset{.kind = Onset::Kind::kBetween,
              .after = snapshots[first - 1].step,
              .by = snapshots[first].step};
  // Between the first weights and the only ones kept lies the whole run.
  if (first == 1 && snapshots.size() == 2) onset.kind = Onset::Kind::kUnknown;
  return onset;
}

template <class Real>
Examination<Real>::Examination(TrainingRun<Real>& run, std::string subject,
                               const DiagnoseOptions& options)
    : run_(run), options_(options) {
  diagnosis_.subject = std::move(subject);
  diagnosis_.config = run.config();
  diagnosis_.solver = options.snapshot.solver.spec();
  const std::int64_t trained = run.problem().pairs().x0.rows();
  if (options.note && run.problem().coupling().numbers_held(trained) > kSlowPairing) {
    options.note("pairing " + std::to_string(trained) +
                 " points not trained on, as the training pairs were");
  }
  diagnosis_.reference =
      make_reference(run.problem(), run.config(), options.held_out, options.snapshot.most_pairs);
  if (options.split) name_split(*options.split);
}

// The copy that was trained on is gone afterwards: the user's file is what is named.
template <class Real>
void Examination<Real>::name_split(const PairsSplit& split) {
  diagnosis_.config.pairs_file = split.file;
  HeldOut& held_out = diagnosis_.reference.held_out;
  if (!held_out.later_rows) return;
  held_out.later_rows = false;
  held_out.origin = std::to_string(held_out.pairs.x0.rows()) + " of the " +
                    std::to_string(split.rows.size()) + " pairs of '" + split.file +
                    "', drawn at random (--seed " + std::to_string(split.seed) +
                    ") and not trained on";
}

template <class Real>
void Examination<Real>::snap() {
  diagnosis_.through_training.push_back(
      take_snapshot(run_, diagnosis_.reference, options_.snapshot));
}

template <class Real>
Diagnosis Examination<Real>::finish() {
  diagnosis_.onset = onset_of(diagnosis_.through_training);
  diagnosis_.pairs = pair_by_pair(run_, diagnosis_.reference, diagnosis_.last());
  if (options_.split) {
    for (DiagnosedPair& pair : diagnosis_.pairs) pair.pair = options_.split->rows[pair.pair];
  }
  diagnosis_.norm_and_distance = norm_and_distance(diagnosis_.pairs);
  return std::move(diagnosis_);
}

template <class Real>
Diagnosis diagnose_saved(TrainingRun<Real>& run, const std::string& directory,
                         const DiagnoseOptions& options, const Tick& tick) {
  const std::vector<CheckpointEntry> all = list_checkpoints(directory);
  if (all.empty()) {
    throw std::invalid_argument("--run: '" + directory +
                                "' has no checkpoint yet: train it, or wait for the first one");
  }
  const std::vector<CheckpointEntry> looked_at = some_of(all, kMostSnapshots);
  const auto parts = static_cast<std::int64_t>(looked_at.size()) + 2;
  std::int64_t done = 0;
  Examination<Real> examination(run, directory, options);  // what it refuses, it refuses first
  tick(done, parts);
  examination.snap();  // the weights training began with
  tick(++done, parts);
  for (const CheckpointEntry& entry : looked_at) {
    load_weights_at(run, entry.path);
    examination.snap();
    tick(++done, parts);
  }
  Diagnosis diagnosis = examination.finish();
  tick(parts, parts);
  return diagnosis;
}

template <class Real>
Diagnosis diagnose_training(TrainingRun<Real>& run, const std::string& subject,
                            const DiagnoseOptions& options, const Tick& tick) {
  const std::int64_t total = run.config().steps, looks = std::min(total, kMostSnapshots - 2);
  Examination<Real> examination(run, subject, options);
  examination.snap();
  std::int64_t look = 1;
  for (std::int64_t step = 1; step <= total; ++step) {
    run.trainer().step();
    if (step == look * total / looks) {
      examination.snap();
      ++look;
    }
    tick(step, total);
  }
  Diagnosis diagnosis = examination.finish();
  // Of a single step no snapshot is missing.
  if (diagnosis.onset.kind == Onset::Kind::kUnknown) diagnosis.onset.kind = Onset::Kind::kBetween;
  return diagnosis;
}

template class Examination<float>;
template class Examination<double>;
template Diagnosis diagnose_saved(TrainingRun<float>&, const std::string&, const DiagnoseOptions&,
                                  const Tick&);
template Diagnosis diagnose_saved(TrainingRun<double>&, const std::string&, const DiagnoseOptions&,
                                  const Tick&);
template Diagnosis diagnose_training(TrainingRun<float>&, const std::string&,
                                     const DiagnoseOptions&, const Tick&);
template Diagnosis diagnose_training(TrainingRun<double>&, const std::string&,
                                     const DiagnoseOptions&, const Tick&);

}  // namespace gradvar

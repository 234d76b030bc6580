#include "tools/diagnose/snapshot.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "flow/distances.h"
#include "flow/field.h"
#include "flow/variance.h"
#include "tools/choices.h"

namespace gradvar {

namespace {

template <class Real>
Tensor<double> followed(const Field<Real>& field, const SolverOptions& solver,
                        const Tensor<double>& sources) {
  return convert<double>(solve<Real>(field, solver, convert<Real>(sources)).end);
}

Pairs first_pairs(const Pairs& pairs, std::int64_t most) {
  const std::int64_t count = std::min(pairs.x0.rows(), most);
  return {pairs.x0.rows_copy(0, count), pairs.x1.rows_copy(0, count)};
}

template <class Real>
VariancePair variances(TrainingRun<Real>& run, const Reference& reference) {
  const Interpolant interpolant = make_interpolant("--interpolant", run.config().interpolant);
  const VarianceOptions options = variance_design(interpolant, run.problem().sample_shape());
  const auto measured = [&](const Pairs& pairs) {
    const Pairs some = first_pairs(pairs, kVariancePairs);
    return measure_variance(run.trainer().engine(), run.model(), interpolant,
                            convert<Real>(some.x0), convert<Real>(some.x1), options);
  };
  const VarianceReport training = measured(reference.training);
  VariancePair result{.training = training.whole.trace,
                      .held_out = std::numeric_limits<double>::quiet_NaN(),
                      .training_loss = training.loss,
                      .held_out_loss = std::numeric_limits<double>::quiet_NaN()};
  if (reference.held_out.any()) {
    const VarianceReport held_out = measured(reference.held_out.pairs);
    result.held_out = held_out.whole.trace;
    result.held_out_loss = held_out.loss;
  }
  return result;
}

}  // namespace

VarianceOptions variance_design(const Interpolant& interpolant, const Shape& sample) {
  VarianceOptions options{.noise_draws = 2, .microbatch = usual_microbatch(sample)};
  if (interpolant.kind == InterpolantKind::kBridge && interpolant.sigma > 0 &&
      interpolant.target == BridgeTarget::kFull) {
    options.t_begin = 0.01;
    options.t_end = 0.99;
  }
  return options;
}

Reference make_reference(const Problem& problem, const RunConfig& config,
                         std::int64_t most_held_out, std::int64_t most_pairs) {
  Reference reference;
  const Pairs& all = problem.pairs();
  if (all.x1.rows() < 3) {
    throw std::invalid_argument("there are " + std::to_string(all.x1.rows()) +
                                " pairs, expected 3 or more to compare a pair with others");
  }
  reference.training = first_pairs(all, most_pairs);
  reference.held_out = held_out_pairs(problem, config, most_held_out);
  if (!reference.held_out.any()) reference.prediction = predict_across(reference.training);
  reference.random_partner = random_partner_distance(all.x1, all.x1);
  reference.targets = distinct_rows(all.x1);
  if (reference.held_out.fresh_sources && reference.targets.rows() >= 2) {
    reference.luck_ratio = luck_ratios(reference.held_out.pairs.x1, reference.targets);
  }
  return reference;
}

template <class Real>
Snapshot take_snapshot(TrainingRun<Real>& run, const Reference& reference,
                       const SnapshotOptions& options) {
  const NetworkField<Real> field(run.model(), run.pool());
  Snapshot snapshot;
  snapshot.step = static_cast<std::int64_t>(run.trainer().steps());
  MemorisationEvidence& evidence = snapshot.evidence;
  evidence.random_partner = reference.random_partner;
  evidence.training =
      row_distances(followed(field, options.solver, reference.training.x0), reference.training.x1);
  if (reference.held_out.any()) {
    const Pairs& held_out = reference.held_out.pairs;
    const Tensor<double> made = followed(field, options.solver, held_out.x0);
    evidence.held_out = row_distances(made, held_out.x1);
    if (!reference.luck_ratio.empty()) {
      evidence.luck_ratio = reference.luck_ratio;
      evidence.fresh_ratio = nearest_targets(made, reference.targets).ratio;
    }
  } else {
    evidence.held_out = reference.prediction->errors;
  }
  snapshot.judgement = judge_memorisation(evidence, options.seed);
  snapshot.variance = variances(run, reference);
  return snapshot;
}

template Snapshot take_snapshot(TrainingRun<float>&, const Reference&, const SnapshotOptions&);
template Snapshot take_snapshot(TrainingRun<double>&, const Reference&, const SnapshotOptions&);

}  // namespace gradvar

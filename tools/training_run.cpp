#include "tools/training_run.h"

#include <algorithm>
#include <vector>

#include "autograd/collectors/sum.h"
#include "autograd/engine.h"
#include "flow/objective.h"
#include "tools/choices.h"
#include "tools/commands/options.h"
#include "tools/limits.h"
#include "tools/pairs_file.h"
#include "tools/watched_field.h"

namespace gradvar {

template <class Real>
TrainingRun<Real>::TrainingRun(const RunConfig& config, ProgressMode reading)
    : config_(config),
      problem_(config, {}, reading),
      pool_(resolve_threads(config.threads, config.lanes)),
      model_(make_model<Real>("--model", config.model, problem_.sample_shape())),
      optimizer_(for_option(
          "--optimizer",
          [&] { return make_optimizer<Real>(config.optimizer, model_->parameters().layout()); })),
      pair_source_(make_pair_source<Real>(problem_, config.seed)) {
  check_step_memory();
  model_->initialise(config.seed);
  trainer_ = std::make_unique<Trainer<Real>>(
      *model_, *pair_source_, *optimizer_,
      TrainingOptions{.batch = config.batch,
                      .lanes = static_cast<int>(config.lanes),
                      .seed = config.seed,
                      .interpolant = make_interpolant("--interpolant", config.interpolant),
                      .schedule = make_schedule("--schedule", config.schedule, config.learning_rate,
                                                config.steps),
                      .clip_norm = config.clip,
                      .ema_decay = config.ema},
      pool_);
}

// A step holds its rows and some values and adjoints for each unit, which has a bias, at up to
// every pixel. Where sixteen times one value and one adjoint of each fit, nothing more is asked;
// else a step of one sample and one of two say what a sample takes.
template <class Real>
void TrainingRun<Real>::check_step_memory() {
  const Shape& sample = model_->sample_shape();
  const auto rows = 3.0 * static_cast<double>(sample.size());
  double units = 0;
  for (const ParameterInfo& info : model_->parameters().layout().infos()) {
    if (info.shape.rank() == 1) units += 2.0 * static_cast<double>(info.shape[0]);
  }
  const double pixels = sample.rank() == 3 ? static_cast<double>(sample[1] * sample[2]) : 1;
  const auto batch = static_cast<double>(config_.batch);
  if (fits_memory(16 * sizeof(Real) * (rows + pixels * units) * batch)) return;
  check_memory("--model:", "a step of one sample", sizeof(Real) * (rows + units));
  check_memory("--batch:", std::to_string(config_.batch) + " samples",
               (sizeof(Real) * rows + tape_bytes(2) - tape_bytes(1)) * batch);
}

template <class Real>
double TrainingRun<Real>::tape_bytes(std::int64_t samples) {
  const Interpolant interpolant = make_interpolant("--interpolant", config_.interpolant);
  const Tensor<Real> zeros(Shape{samples, model_->sample_shape().size()});
  const std::vector<Real> times(static_cast<std::size_t>(samples), Real(0.5));
  std::vector<Real> losses(static_cast<std::size_t>(samples));
  SumCollector<Real> gradient;
  Engine<Real> engine(model_->parameters(), pool_, 1);
  engine.run(
      samples,
      [&](Tape<Real>& tape, const LaneRows<Real>& rows) {
        return flow_losses(tape, *model_, interpolant,
                           FlowRows<Real>{.x0 = zeros.values(),
                                          .x1 = zeros.values(),
                                          .t = times,
                                          .z = interpolant.needs_noise() ? zeros.values()
                                                                         : std::span<const Real>()},
                           rows.count);
      },
      {&gradient}, losses);
  return static_cast<double>(engine.used_bytes());
}

template <class Real>
VarianceOptions TrainingRun<Real>::measured_over(const VarianceOptions& options) const {
  VarianceOptions within = options;
  if (make_interpolant("--interpolant", config_.interpolant).infinite_at_ends()) {
    within.t_begin = std::max(within.t_begin, kEnd);
    within.t_end = std::min(within.t_end, 1 - kEnd);
  }
  return within;
}

template <class Real>
VarianceReport TrainingRun<Real>::measure(const VarianceOptions& options,
                                          const std::function<void(std::int64_t)>& after_batch) {
  const Pairs& pairs = problem_.pairs();
  VarianceOptions bounded = measured_over(options);
  bounded.microbatch = std::min(options.microbatch, usual_microbatch(problem_.sample_shape()));
  return measure_variance(trainer_->engine(), *model_,
                          make_interpolant("--interpolant", config_.interpolant),
                          convert<Real>(pairs.x0), convert<Real>(pairs.x1), bounded, after_batch);
}

template <class Real>
Spectrum TrainingRun<Real>::spectrum(std::int64_t samples) {
  const Pairs& pairs = problem_.pairs();
  return measure_spectrum(
      trainer_->engine(), *model_, make_interpolant("--interpolant", config_.interpolant),
      convert<Real>(pairs.x0), convert<Real>(pairs.x1), measured_over({}), samples);
}

template <class Real>
void TrainingRun<Real>::with_average(const std::function<void(const Field<Real>&)>& use) {
  Ema<Real>* average = trainer_->ema();
  if (average != nullptr) average->swap(model_->parameters());
  try {
    use(NetworkField<Real>(*model_, pool_));
  } catch (...) {
    if (average != nullptr) average->swap(model_->parameters());
    throw;
  }
  if (average != nullptr) average->swap(model_->parameters());
}

template <class Real>
Evaluation TrainingRun<Real>::evaluate(const EvaluationOptions& options, Progress* progress,
                                       const std::string& when_stopped) {
  Evaluation evaluation;
  with_average([&](const Field<Real>& field) {
    if (progress == nullptr) {
      evaluation = gradvar::evaluate<Real>(field, problem_, options);
    } else {
      evaluation = gradvar::evaluate<Real>(WatchedField<Real>(field, *progress, when_stopped),
                                           problem_, options);
    }
  });
  return evaluation;
}

template <class Real>
std::map<std::string, std::string> TrainingRun<Real>::specs() const {
  std::map<std::string, std::string> specs;
  for (const RunField& field : run_fields()) {
    if (field.decides_numbers) specs[field.key] = field_text(config_, field);
  }
  specs["model"] = model_->spec();
  // A schedule that looks ahead makes the length of the run part of every step.
  if (schedule_looks_ahead(config_)) specs["steps"] = std::to_string(config_.steps);
  // Files of points are named in the settings; what was in them decides numbers too.
  if (const Tensor<double>* points = problem_.source().points()) {
    specs["source-points"] = fingerprint(*points);
  }
  if (const Tensor<double>* points = problem_.target().points()) {
    specs["target-points"] = fingerprint(*points);
  }
  // A flow that made the pairs may have been trained on since.
  if (config_.pairs_file.empty() && !problem_.coupling().provenance().empty()) {
    specs["coupling-points"] =
        fingerprint(problem_.pairs().x0) + "-" + fingerprint(problem_.pairs().x1);
  }
  if (!config_.pairs_file.empty()) {
    specs["pairs-file-points"] =
        fingerprint(problem_.pairs().x0) + "-" + fingerprint(problem_.pairs().x1);
  }
  return specs;
}

template <class Real>
std::filesystem::path TrainingRun<Real>::save(const std::filesystem::path& run) {
  const CheckpointState state{.step = static_cast<std::int64_t>(trainer_->steps()),
                              .seed = config_.seed,
                              .specs = specs(),
                              .precision = {}};
  return save_checkpoint(run, state, model_->parameters(), *optimizer_, trainer_->ema(),
                         static_cast<int>(config_.keep));
}

template <class Real>
void TrainingRun<Real>::load(const std::filesystem::path& checkpoint) {
  const std::map<std::string, std::string> mine = specs();
  for (const auto& [key, value] : read_checkpoint(checkpoint).specs) {
    const auto here = mine.find(key);
    if (here != mine.end() && here->second == value) continue;
    if (key.ends_with("-points")) {
      throw std::invalid_argument("--" + key.substr(0, key.rfind('-')) +
                                  ": the points are not those that '" + checkpoint.string() +
                                  "' was made with: a resumed run needs the same file");
    }
    throw std::invalid_argument(
        "'" + checkpoint.string() + "' was made with " + key + " '" + value + "', this run has '" +
        (here == mine.end() ? "" : here->second) + "': a resumed run must keep its settings");
  }
  const CheckpointState state =
      load_checkpoint(checkpoint, model_->parameters(), *optimizer_, trainer_->ema());
  trainer_->set_steps(static_cast<std::uint64_t>(state.step));
}

template class TrainingRun<float>;
template class TrainingRun<double>;

}  // namespace gradvar

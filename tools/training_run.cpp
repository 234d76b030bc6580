#include "tools/training_run.h"

#include "tools/choices.h"
#include "tools/commands/options.h"

namespace gradvar {

template <class Real>
TrainingRun<Real>::TrainingRun(const RunConfig& config)
    : config_(config),
      problem_(config),
      pool_(resolve_threads(config.threads, config.lanes)),
      model_(make_model<Real>("--model", config.model, problem_.sample_shape())),
      optimizer_(for_option(
          "--optimizer",
          [&] { return make_optimizer<Real>(config.optimizer, model_->parameters().layout()); })),
      pair_source_(make_pair_source<Real>(problem_, config.seed)) {
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

template <class Real>
VarianceReport TrainingRun<Real>::measure(const VarianceOptions& options) {
  const Pairs& pairs = problem_.pairs();
  return measure_variance(trainer_->engine(), *model_,
                          make_interpolant("--interpolant", config_.interpolant),
                          convert<Real>(pairs.x0), convert<Real>(pairs.x1), options);
}

template <class Real>
Evaluation TrainingRun<Real>::evaluate(const EvaluationOptions& options) {
  Ema<Real>* average = trainer_->ema();
  if (average != nullptr) average->swap(model_->parameters());
  const NetworkField<Real> field(*model_, pool_);
  Evaluation evaluation = gradvar::evaluate<Real>(field, problem_, options);
  if (average != nullptr) average->swap(model_->parameters());
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
  if (config_.schedule.rfind("constant", 0) != 0) specs["steps"] = std::to_string(config_.steps);
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

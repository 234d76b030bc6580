// training_run: a problem, a model and a trainer, put together from a RunConfig.
//
// The command `train` and every study train through this, so that a figure of the report can be
// made again with `gradvar train --config`.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "flow/field.h"
#include "flow/spectrum.h"
#include "flow/trainer.h"
#include "flow/variance.h"
#include "nn/checkpoint.h"
#include "tools/evaluation.h"
#include "tools/problem.h"
#include "tools/progress.h"
#include "tools/run_config.h"

namespace gradvar {

template <class Real>
class TrainingRun {
 public:
  // Fresh weights by the seed. Throws std::invalid_argument naming the option. `reading`: as of
  // Problem.
  explicit TrainingRun(const RunConfig& config, ProgressMode reading = ProgressMode::kSilent);

  [[nodiscard]] const RunConfig& config() const { return config_; }
  [[nodiscard]] const Problem& problem() const { return problem_; }
  [[nodiscard]] Model<Real>& model() { return *model_; }
  [[nodiscard]] std::string model_spec() const { return model_->spec(); }
  [[nodiscard]] Trainer<Real>& trainer() { return *trainer_; }
  [[nodiscard]] LanePool& pool() { return pool_; }

  // What measurements of this run are taken over: with the full target of a bridge, whose loss and
  // gradient variance are infinite up to t = 0 and 1, only t in [kEnd, 1 - kEnd].
  static constexpr double kEnd = 0.01;
  [[nodiscard]] VarianceOptions measured_over(const VarianceOptions& options) const;
  // The exact gradient variance on the problem's pairs, as the weights are, over that; after_batch
  // as measure_variance() has it.
  [[nodiscard]] VarianceReport measure(const VarianceOptions& options,
                                       const std::function<void(std::int64_t)>& after_batch = {});
  // The covariance spectrum over at most so many samples of the same law.
  [[nodiscard]] Spectrum spectrum(std::int64_t samples);
  // Calls use with the field of the weights, or of their average when there is one.
  void with_average(const std::function<void(const Field<Real>&)>& use);
  // Who memorised, as the weights are; the average of the weights when there is one.
  // With a progress, in rows of the field's evaluations, Ctrl-C ends it by Stopped(when_stopped).
  [[nodiscard]] Evaluation evaluate(const EvaluationOptions& options, Progress* progress = nullptr,
                                    const std::string& when_stopped = {});

  // DIR/checkpoints/step-...; see nn/checkpoint.h.
  std::filesystem::path save(const std::filesystem::path& run);
  // Goes on from a checkpoint. Throws std::invalid_argument when it was made by another run: with
  // other settings, or from files of points that have changed since.
  void load(const std::filesystem::path& checkpoint);

 private:
  [[nodiscard]] std::map<std::string, std::string> specs() const;
  void check_step_memory();
  // What the tape of a training step of so many samples comes to.
  [[nodiscard]] double tape_bytes(std::int64_t samples);

  RunConfig config_;
  Problem problem_;
  LanePool pool_;
  std::unique_ptr<Model<Real>> model_;
  std::unique_ptr<Optimizer<Real>> optimizer_;
  std::unique_ptr<PairSource<Real>> pair_source_;
  std::unique_ptr<Trainer<Real>> trainer_;
};

}  // namespace gradvar

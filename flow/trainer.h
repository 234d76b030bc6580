// trainer: training a velocity field, one step at a time.
//
// A step is five verbs: draw a batch, record its losses, differentiate, update, average. It depends
// on (seed, step) and on the lanes, on nothing else: not on threads, not on when it was stopped and
// resumed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "autograd/collectors/sum.h"
#include "autograd/engine.h"
#include "flow/interpolant.h"
#include "flow/pair_source.h"
#include "nn/ema.h"
#include "nn/model.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"

namespace gradvar {

struct TrainingOptions {
  std::int64_t batch = 256;
  int lanes = 2;
  std::uint64_t seed = 0;
  Interpolant interpolant = {};
  Schedule schedule = {};
  double clip_norm = 0;  // 0: no clipping
  double ema_decay = 0;  // 0: no average
};

struct StepResult {
  double loss = 0;           // mean over the batch of |u_t - v|^2, summed over coordinates
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
};

// A number that is not finite stopped a step. The model is as it was before that step.
class NonFiniteError : public std::runtime_error {
 public:
  NonFiniteError(std::uint64_t step, const std::string& where);
  std::uint64_t step;
};

template <class Real>
class Trainer {
 public:
  // Model, pairs, optimizer and pool must outlive the trainer. Throws std::invalid_argument for
  // options outside their range, and when pairs and model differ in shape.
  Trainer(Model<Real>& model, const PairSource<Real>& pairs, Optimizer<Real>& optimizer,
          const TrainingOptions& options, LanePool& pool);

  // One step. Throws NonFiniteError.
  StepResult step();

  // Steps done, and where to go on after a resume.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }
  // Null without averaging.
  [[nodiscard]] Ema<Real>* ema() { return ema_ ? &*ema_ : nullptr; }
  [[nodiscard]] Engine<Real>& engine() { return engine_; }

 private:
  void draw(const LaneRows<Real>& rows);
  Value losses(Tape<Real>& tape, const LaneRows<Real>& rows) const;
  [[nodiscard]] double mean_loss() const;
  [[nodiscard]] std::string nonfinite_gradient() const;

  Model<Real>& model_;
  const PairSource<Real>& pairs_;
  Optimizer<Real>& optimizer_;
  TrainingOptions options_;
  Engine<Real> engine_;
  SumCollector<Real> gradient_;
  std::optional<Ema<Real>> ema_;
  RandomStream times_, noise_;
  std::uint64_t steps_ = 0;
  Tensor<Real> x0_, x1_, z_, t_, losses_;
};

}  // namespace gradvar

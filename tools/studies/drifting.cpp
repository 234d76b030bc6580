#include "tools/studies/drifting.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "flow/distances.h"
#include "flow/trainer.h"
#include "flow/variance.h"
#include "io/number_text.h"
#include "nn/checkpoint.h"
#include "tools/choices.h"
#include "tools/interrupt.h"
#include "tools/problem.h"

namespace gradvar {

namespace {

using nlohmann::json;

template <class Real>
class DriftingPairs final : public PairSource<Real> {
 public:
  // `rate` is what a step adds to every coordinate of the targets.
  DriftingPairs(const Pairs& pairs, std::uint64_t seed, double rate)
      : pairs_(pairs.x0, pairs.x1, seed), rate_(rate) {}

  [[nodiscard]] Shape sample_shape() const override { return pairs_.sample_shape(); }
  void draw(std::uint64_t step, std::int64_t first, std::int64_t count, std::span<Real> x0,
            std::span<Real> x1) const override {
    pairs_.draw(step, first, count, x0, x1);
    const Real moved = static_cast<Real>(rate_ * static_cast<double>(step));
    for (Real& x : x1) x += moved;
  }

 private:
  FixedPairs<Real> pairs_;
  double rate_;
};

json train_on_drifting(const TrainingCell& cell, double shift, PartialRun partial,
                       TaskProgress& progress) {
  using Real = float;
  const double begin = steady_seconds();
  const RunConfig& config = cell.config;
  const Problem problem(config);
  const auto dim = static_cast<double>(problem.sample_shape().size());
  const double rate = shift / std::sqrt(dim) / static_cast<double>(config.steps);
  LanePool pool(1);
  const auto model = make_model<Real>("--model", config.model, problem.sample_shape());
  model->initialise(config.seed);
  const auto optimizer = make_optimizer<Real>(config.optimizer, model->parameters().layout());
  const DriftingPairs<Real> pairs(problem.pairs(), config.seed, rate);
  const Interpolant interpolant = make_interpolant("--interpolant", config.interpolant);
  Trainer<Real> trainer(*model, pairs, *optimizer,
                        {.batch = config.batch,
                         .lanes = static_cast<int>(config.lanes),
                         .seed = config.seed,
                         .interpolant = interpolant,
                         .schedule = make_schedule("--schedule", config.schedule,
                                                   config.learning_rate, config.steps)},
                        pool);
  const NetworkField<Real> field(*model, pool);
  json results = {{"monitor", json::array()}, {"evaluations", json::array()}, {"seconds", 0.0}};
  if (const std::optional<PartialRun::Left> left = partial.find()) {
    const CheckpointState there =
        load_checkpoint<Real>(left->checkpoint, model->parameters(), *optimizer, nullptr);
    trainer.set_steps(static_cast<std::uint64_t>(there.step));
    results = left->results;
    progress.skip(there.step);
  }
  const auto before = results["seconds"].get<double>();
  const auto save = [&] {
    results["seconds"] = before + steady_seconds() - begin;
    partial.save(trainer.steps(), results, [&](const std::filesystem::path& directory) {
      const CheckpointState state{.step = static_cast<std::int64_t>(trainer.steps()),
                                  .seed = config.seed};
      save_checkpoint<Real>(directory, state, model->parameters(), *optimizer, nullptr, 1);
    });
  };
  const auto due = [&](const std::vector<std::uint64_t>& steps) {
    return std::find(steps.begin(), steps.end(), trainer.steps()) != steps.end();
  };
  const auto measure = [&] {
    Pairs now = problem.pairs();
    for (double& x : now.x1.values()) x += rate * static_cast<double>(trainer.steps());
    if (due(cell.monitor_steps)) {
      const VarianceReport variance =
          measure_variance(trainer.engine(), *model, interpolant, convert<Real>(now.x0),
                           convert<Real>(now.x1), cell.variance);
      results["monitor"].push_back(
          {{"step", trainer.steps()}, {"loss", variance.loss}, {"trace", variance.whole.trace}});
    }
    if (!due(cell.evaluate_steps)) return;
    for (const SolverOptions& solver : cell.solvers_on_the_way) {
      const Tensor<double> generated =
          convert<double>(solve<Real>(field, solver, convert<Real>(now.x0)).end);
      results["evaluations"].push_back(
          {{"step", trainer.steps()},
           {"solver", solver.spec()},
           {"to_training_partner", {{"mean", summarise(row_distances(generated, now.x1)).mean}}},
           {"between_random_partners", random_partner_distance(now.x1, now.x1)}});
    }
  };
  while (trainer.steps() < static_cast<std::uint64_t>(config.steps)) {
    measure();
    (void)trainer.step();
    progress.advance();
    if (interrupt_requested() || partial.is_due()) save();
    stop_if_interrupted("");
  }
  measure();
  results["seconds"] = before + steady_seconds() - begin;
  return results;
}

}  // namespace

Task drifting_task(const TrainingCell& cell, double shift, double save_every) {
  Task task = training_task(cell);
  task.settings += "shift " + number_text(shift);
  task.run = [cell, shift, save_every, settings = task.settings](
                 const std::filesystem::path& directory, TaskProgress& progress) {
    PartialRun partial(directory / "cells" / (cell.id + ".partial"), settings, save_every);
    return train_on_drifting(cell, shift, std::move(partial), progress);
  };
  return task;
}

}  // namespace gradvar

#include "flow/trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/check.h"
#include "flow/objective.h"
#include "io/number_text.h"
#include "nn/clip.h"

namespace gradvar {

namespace {

template <class Real>
constexpr Real kLastTime = Real(1) - std::numeric_limits<Real>::epsilon() / 2;

}  // namespace

NonFiniteError::NonFiniteError(std::uint64_t at, const std::string& where)
    : std::runtime_error("step " + std::to_string(at) + ": a number that is not finite in " +
                         where),
      step(at) {}

template <class Real>
Trainer<Real>::Trainer(Model<Real>& model, const PairSource<Real>& pairs,
                       Optimizer<Real>& optimizer, const TrainingOptions& options, LanePool& pool)
    : model_(model),
      pairs_(pairs),
      optimizer_(optimizer),
      options_(options),
      engine_(model.parameters(), pool, options.lanes),
      times_(options.seed, Purpose::kTime),
      noise_(options.seed, Purpose::kNoise) {
  check(options.batch >= 1, "training",
        "the batch is " + std::to_string(options.batch) + ", expected 1 or more");
  check(std::isfinite(options.clip_norm) && options.clip_norm >= 0, "training",
        "clip-norm is " + number_text(options.clip_norm) +
            ", expected 0 (no clipping) or a finite number above it");
  check(options.ema_decay >= 0 && options.ema_decay < 1, "training",
        "ema-decay is " + number_text(options.ema_decay) +
            ", expected 0 (no average) or more and less than 1");
  options.interpolant.validate();
  options.schedule.validate();
  check_same_shape("training", "a sample of the pairs", pairs.sample_shape(),
                   "a sample of the model", model.sample_shape());
  if (options.ema_decay > 0) ema_.emplace(model.parameters(), options.ema_decay);
  std::vector<std::int64_t> axes = {options.batch};
  const Shape sample = model.sample_shape();
  for (int i = 0; i < sample.rank(); ++i) axes.push_back(sample[i]);
  const Shape batch{std::span<const std::int64_t>(axes)};
  x0_ = Tensor<Real>(batch);
  x1_ = Tensor<Real>(batch);
  z_ = Tensor<Real>(options.interpolant.needs_noise() ? batch : Shape{0});
  t_ = Tensor<Real>(Shape{options.batch});
  losses_ = Tensor<Real>(Shape{options.batch});
}

template <class Real>
StepResult Trainer<Real>::step() {
  engine_.run(
      options_.batch,
      [&](Tape<Real>& tape, const LaneRows<Real>& rows) {
        draw(rows);
        tape.set_random_rows({.seed = options_.seed, .step = steps_, .first = rows.begin});
        return losses(tape, rows);
      },
      {&gradient_}, losses_.values());

  StepResult result{.loss = mean_loss(), .learning_rate = options_.schedule.rate(steps_)};
  if (!std::isfinite(result.loss)) throw NonFiniteError(steps_, engine_.first_nonfinite());
  result.gradient_norm = clip_by_norm<Real>(gradient_.mean(), options_.clip_norm);
  if (!std::isfinite(result.gradient_norm)) throw NonFiniteError(steps_, nonfinite_gradient());

  optimizer_.step(model_.parameters().flat(), gradient_.mean(), result.learning_rate);
  if (ema_) ema_->update(model_.parameters());
  ++steps_;
  return result;
}

template <class Real>
void Trainer<Real>::draw(const LaneRows<Real>& rows) {
  const std::int64_t d = x0_.row_size();
  const auto part = [&](Tensor<Real>& all) {
    return all.values().subspan(rows.begin * d, rows.count * d);
  };
  pairs_.draw(steps_, rows.begin, rows.count, part(x0_), part(x1_));
  for (std::int64_t n = rows.begin; n < rows.begin + rows.count; ++n) {
    const auto sample = static_cast<std::uint32_t>(n);
    // Uniforms have 32 bits, and the last 2^7 of them round to 1 in f32, where the full bridge has
    // no target.
    t_[n] = std::min(static_cast<Real>(times_.uniform(steps_, sample)), kLastTime<Real>);
    if (z_.size() > 0) noise_.normals<Real>(steps_, sample, z_.row(n));
  }
}

template <class Real>
Value Trainer<Real>::losses(Tape<Real>& tape, const LaneRows<Real>& rows) const {
  const std::int64_t d = x0_.row_size();
  const auto part = [&](const Tensor<Real>& all) {
    return all.size() == 0 ? std::span<const Real>{}
                           : all.values().subspan(rows.begin * d, rows.count * d);
  };
  return flow_losses(tape, model_, options_.interpolant,
                     FlowRows<Real>{.x0 = part(x0_),
                                    .x1 = part(x1_),
                                    .t = t_.values().subspan(rows.begin, rows.count),
                                    .z = part(z_)},
                     rows.count);
}

template <class Real>
double Trainer<Real>::mean_loss() const {
  double sum = 0;
  for (const Real loss : losses_.values()) sum += static_cast<double>(loss);
  return sum / static_cast<double>(losses_.size());
}

template <class Real>
std::string Trainer<Real>::nonfinite_gradient() const {
  const ParameterLayout& layout = model_.parameters().layout();
  for (std::int32_t i = 0; i < layout.count(); ++i) {
    const std::span<const Real> part = layout.slice(gradient_.mean(), ParameterId{i});
    if (!std::all_of(part.begin(), part.end(), [](Real x) { return std::isfinite(x); })) {
      return "the gradient of " + layout.infos()[i].name;
    }
  }
  return "the norm of the gradient";
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace gradvar

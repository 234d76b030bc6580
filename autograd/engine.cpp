#include "autograd/engine.h"

#include <algorithm>
#include <cmath>

#include "autograd/check.h"

namespace gradvar {

namespace {

// Offers a lane's gradients to every collector.
template <class Real>
class Offer final : public GradientReceiver<Real> {
 public:
  Offer(std::span<Collector<Real>* const> collectors, const LaneRows<Real>& rows, Arena& scratch)
      : collectors_(collectors), rows_(rows), scratch_(scratch) {}

  void receive(const SampleGradients<Real>& gradients) override {
    offer(collectors_, gradients, rows_, scratch_);
  }
  [[nodiscard]] bool needs_separable_samples() const override {
    return std::any_of(collectors_.begin(), collectors_.end(),
                       [](const Collector<Real>* c) { return c->needs_separable_samples(); });
  }

 private:
  std::span<Collector<Real>* const> collectors_;
  const LaneRows<Real>& rows_;
  Arena& scratch_;
};

}  // namespace

template <class Real>
Engine<Real>::Engine(const ParameterSet<Real>& parameters, LanePool& pool, int lanes)
    : parameters_(parameters), pool_(pool) {
  check(lanes >= 1 && lanes <= 4096, "lanes",
        [&] { return std::to_string(lanes) + " lanes asked for, expected 1 to 4096"; });
  for (int lane = 0; lane < lanes; ++lane) {
    tapes_.push_back(std::make_unique<Tape<Real>>(parameters));
  }
}

template <class Real>
void Engine<Real>::check_batch(std::int64_t batch, std::span<const Real> losses,
                               std::span<const Real> weights) const {
  check(batch >= 1, "engine",
        [&] { return "the batch has " + std::to_string(batch) + " samples, expected 1 or more"; });
  check(static_cast<std::int64_t>(losses.size()) == batch, "engine", [&] {
    return std::to_string(losses.size()) + " places for " + std::to_string(batch) + " losses";
  });
  if (weights.empty()) return;
  check(static_cast<std::int64_t>(weights.size()) == batch, "engine", [&] {
    return std::to_string(weights.size()) + " weights for " + std::to_string(batch) + " samples";
  });
  double total = 0;
  for (std::size_t n = 0; n < weights.size(); ++n) {
    check(std::isfinite(weights[n]) && weights[n] >= 0, "engine", [&] {
      return "the weight of sample " + std::to_string(n) + " is " + std::to_string(weights[n]) +
             ", expected a finite number of 0 or more";
    });
    total += weights[n];
  }
  check(total > 0, "engine", "the sample weights are all 0, expected a positive sum");
}

template <class Real>
LaneRows<Real> Engine<Real>::lane_rows(std::int64_t batch, int lanes, int lane,
                                       std::span<const Real> weights) const {
  const LanePool::Range range = LanePool::piece(batch, lanes, lane);
  const std::int64_t count = range.end - range.begin;
  return {lane, range.begin, count,
          weights.empty() ? weights : weights.subspan(range.begin, count)};
}

template <class Real>
void Engine<Real>::run(std::int64_t batch, const BuildLosses& build,
                       std::span<Collector<Real>* const> collectors, std::span<Real> losses,
                       std::span<const Real> weights) {
  check_batch(batch, losses, weights);
  const int lanes = static_cast<int>(std::min<std::int64_t>(this->lanes(), batch));
  for (Collector<Real>* collector : collectors) {
    collector->begin(parameters_.layout(), {batch, lanes, weights});
  }
  pool_.run(lanes, [&](int lane) {
    Tape<Real>& tape = *tapes_[lane];
    const LaneRows<Real> rows = lane_rows(batch, lanes, lane, weights);
    tape.reset();
    const Value loss = build(tape, rows);
    check(tape.shape(loss) == Shape{rows.count}, "engine", [&] {
      return "the losses are " + tape.shape(loss).to_string() + ", expected one per sample, " +
             Shape{rows.count}.to_string();
    });
    const std::span<const Real> values = tape.value(loss);
    std::copy(values.begin(), values.end(), losses.begin() + rows.begin);
    if (collectors.empty()) return;
    Offer<Real> offer(collectors, rows, tape.arena());
    tape.backward(loss, &offer);
  });
  for (Collector<Real>* collector : collectors) collector->merge(pool_);
}

template <class Real>
void Engine<Real>::forward(std::int64_t batch, const BuildLosses& build, std::span<Real> losses) {
  run(batch, build, std::span<Collector<Real>* const>(), losses);
}

template <class Real>
std::string Engine<Real>::first_nonfinite() const {
  for (const std::unique_ptr<Tape<Real>>& tape : tapes_) {
    if (std::string where = tape->first_nonfinite(); !where.empty()) return where;
  }
  return {};
}

template <class Real>
std::size_t Engine<Real>::used_bytes() const {
  std::size_t bytes = 0;
  for (const std::unique_ptr<Tape<Real>>& tape : tapes_) bytes += tape->arena().most_used_bytes();
  return bytes;
}

template <class Real>
std::size_t Engine<Real>::held_bytes() const {
  std::size_t bytes = 0;
  for (const std::unique_ptr<Tape<Real>>& tape : tapes_) bytes += tape->arena_bytes();
  return bytes;
}

template class Engine<float>;
template class Engine<double>;

}  // namespace gradvar

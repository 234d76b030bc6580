// engine: forward, backward and collect over a batch, lane by lane.
//
//   Engine<float> engine(model.parameters(), pool, lanes);
//   SumCollector<float> gradient;
//   engine.run(batch, build_losses, {&gradient}, losses);
//
// A lane is a contiguous range of rows with a tape of its own. It runs forward and backward alone,
// with single-threaded BLAS, and offers each parameter's gradients to all collectors as soon as
// they are complete, while their factors are still warm in cache. Then the collectors merge.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/collector.h"
#include "autograd/lanes.h"
#include "autograd/tape.h"

namespace gradvar {

template <class Real>
class Engine {
 public:
  // Records one lane's forward pass for rows [rows.begin, rows.begin + rows.count) of the batch and
  // returns its losses, [rows.count]. Called from several threads at once, each with its own tape.
  using BuildLosses = std::function<Value(Tape<Real>& tape, const LaneRows<Real>& rows)>;

  // `lanes` is part of a run's numbers; the pool's threads are not. A batch smaller than `lanes`
  // uses one lane a sample. Throws std::invalid_argument unless 1 <= lanes <= 4096.
  Engine(const ParameterSet<Real>& parameters, LanePool& pool, int lanes);

  // Forward, backward, collect, merge. Fills losses [batch]. `weights` [batch] may be empty (ones);
  // otherwise each weight must be finite and >= 0, with a positive sum.
  void run(std::int64_t batch, const BuildLosses& build,
           std::span<Collector<Real>* const> collectors, std::span<Real> losses,
           std::span<const Real> weights = {});
  void run(std::int64_t batch, const BuildLosses& build,
           std::initializer_list<Collector<Real>*> collectors, std::span<Real> losses,
           std::span<const Real> weights = {}) {
    run(batch, build, std::span<Collector<Real>* const>(collectors.begin(), collectors.size()),
        losses, weights);
  }
  // Forward alone: the losses, no gradients.
  void forward(std::int64_t batch, const BuildLosses& build, std::span<Real> losses);

  // After a run: where the first number that is not finite appeared, "dense (net.2)", or empty.
  [[nodiscard]] std::string first_nonfinite() const;
  // Bytes that the lanes' tapes used at most in the last run, and that they hold.
  [[nodiscard]] std::size_t used_bytes() const;
  [[nodiscard]] std::size_t held_bytes() const;
  [[nodiscard]] LanePool& pool() { return pool_; }
  [[nodiscard]] int lanes() const { return static_cast<int>(tapes_.size()); }

 private:
  void check_batch(std::int64_t batch, std::span<const Real> losses,
                   std::span<const Real> weights) const;
  [[nodiscard]] LaneRows<Real> lane_rows(std::int64_t batch, int lanes, int lane,
                                         std::span<const Real> weights) const;

  const ParameterSet<Real>& parameters_;
  LanePool& pool_;
  std::vector<std::unique_ptr<Tape<Real>>> tapes_;  // one a lane
};

}  // namespace gradvar

// ema: an exponential moving average of the parameters, which samples better than the last ones.
//
//   average_k = average_(k-1) + (1 - d_k) (p - average_(k-1)),      average_0 = the first p
//
// d_k = decay, or min(decay, (1 + k) / (10 + k)) with warm-up, k = 1, 2, ... counting updates:
// early on the average then follows the parameters, instead of holding on to their first values for
// some 1 / (1 - decay) steps. Written as a step towards p, so that parameters at rest stay as they
// are.
#pragma once

#include <cstdint>
#include <span>

#include "autograd/parameters.h"

namespace gradvar {

template <class Real>
class Ema {
 public:
  // Starts at the parameters as they are. Throws std::invalid_argument unless 0 <= decay < 1.
  Ema(const ParameterSet<Real>& parameters, double decay, bool warmup = false);

  // After each optimiser step. Throws std::invalid_argument when the set is laid out differently,
  // or while average and parameters are swapped.
  void update(const ParameterSet<Real>& parameters);
  // d_k of the next update.
  [[nodiscard]] double next_decay() const;

  // The average takes the parameters' place, to sample with it; once more brings them back.
  void swap(ParameterSet<Real>& parameters);
  [[nodiscard]] bool swapped() const { return swapped_; }
  // The average written over a set's values, for instance another model's.
  void copy_to(ParameterSet<Real>& parameters) const;

  [[nodiscard]] double decay() const { return decay_; }
  [[nodiscard]] bool warmup() const { return warmup_; }

  // ---- for checkpoints
  [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
  [[nodiscard]] std::span<Real> values() { return average_.values(); }
  [[nodiscard]] std::span<const Real> values() const { return average_.values(); }
  [[nodiscard]] std::int64_t updates() const { return updates_; }
  // Throws std::invalid_argument when negative.
  void set_updates(std::int64_t updates);

 private:
  void check_layout(const ParameterSet<Real>& parameters) const;

  ParameterLayout layout_;
  Tensor<Real> average_;
  double decay_;
  bool warmup_;
  bool swapped_ = false;
  std::int64_t updates_ = 0;
};

}  // namespace gradvar

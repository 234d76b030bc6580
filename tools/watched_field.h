// watched_field: a field whose evaluations are counted, and that ends when Ctrl-C asks.
#pragma once

#include <string>

#include "flow/field.h"
#include "tools/interrupt.h"
#include "tools/progress.h"

namespace gradvar {

template <class Real>
class WatchedField final : public Field<Real> {
 public:
  // Field and progress must outlive it. `when_stopped` is what Stopped then says.
  WatchedField(const Field<Real>& field, Progress& progress, std::string when_stopped)
      : field_(field), progress_(progress), when_stopped_(std::move(when_stopped)) {}

  [[nodiscard]] Shape sample_shape() const override { return field_.sample_shape(); }
  // Advances the progress by the rows. Throws Stopped after a signal (tools/interrupt.h).
  void velocity(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                std::span<Real> out) const override {
    stop_if_interrupted(when_stopped_);
    field_.velocity(x, t, rows, out);
    progress_.advance(rows);
  }

 private:
  const Field<Real>& field_;
  Progress& progress_;
  std::string when_stopped_;
};

}  // namespace gradvar

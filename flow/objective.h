// objective: the flow-matching loss of each sample, l_n = |u_t - v(x_t, t)|^2, summed over
// coordinates as in the paper.
#pragma once

#include <cstdint>
#include <span>

#include "autograd/tape.h"
#include "flow/interpolant.h"
#include "nn/model.h"

namespace gradvar {

// Rows of a batch: x0, x1 [count, sample...], t [count], z like x0 or empty without noise.
template <class Real>
struct FlowRows {
  std::span<const Real> x0, x1, t, z;
};

// Interpolates into the tape's arena, records the model at (x_t, t), and returns the losses
// [count]. `rows` must stay until the tape is reset. Throws std::invalid_argument for sizes that do
// not fit the model.
template <class Real>
[[nodiscard]] Value flow_losses(Tape<Real>& tape, const Model<Real>& model,
                                const Interpolant& interpolant, const FlowRows<Real>& rows,
                                std::int64_t count);

}  // namespace gradvar

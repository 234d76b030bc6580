// solver: from x at time t0 to x at time t1 along dx/dt = v(x, t), forwards or backwards.
//
//   euler      1 evaluation a step, order 1        x + h v(x, t)
//   midpoint   2, order 2                          x + h k2, k2 at (t + h/2, x + h/2 k1)
//   heun       2, order 2                          x + h/2 (k1 + k2), k2 at (t + h, x + h k1)
//   rk4        4, order 4                          the classical method
//   dopri5     6 a step, order 5, adaptive         Dormand and Prince, "A family of embedded
//                                                  Runge-Kutta formulae" (1980), 5(4)
//
// The first four take `steps` equal steps. dopri5 chooses steps by its error estimate, for every
// sample on its own: each row has its own time, step and count, and leaves when it arrives. So a
// sample's result does not depend on the samples it shares a batch with (for fields whose rows do
// not; NetworkField keeps that up to rounding).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/tensor.h"
#include "flow/field.h"

namespace gradvar {

enum class SolverMethod { euler, midpoint, heun, rk4, dopri5 };

[[nodiscard]] std::string_view to_string(SolverMethod method);

// More steps than this are a slip: with so many, even f64 has lost digits to the sum of them.
inline constexpr std::int64_t kMostSteps = 10000000;

struct SolverOptions {
  SolverMethod method = SolverMethod::euler;
  std::int64_t steps = 100;         // all but dopri5
  double rtol = 1e-6, atol = 1e-6;  // dopri5: root mean square of error / (atol + rtol |x|) <= 1
  std::int64_t max_steps = 10000;   // dopri5: accepted and rejected steps of one row

  // Throws std::invalid_argument unless 1 <= steps, max_steps <= kMostSteps and tolerances are
  // positive, finite.
  void validate() const;
  // "euler:steps=100", "dopri5:rtol=1e-06,atol=1e-06,max-steps=10000".
  [[nodiscard]] std::string spec() const;
  // The reverse. Every key may be left out. Throws std::invalid_argument.
  [[nodiscard]] static SolverOptions parse(std::string_view spec);
};

// States on the way.
template <class Real>
struct Trajectory {
  std::vector<double> times;
  Tensor<Real> states;  // [times, rows, sample...]
};

// What to keep of the way.
struct TrajectoryRequest {
  bool every_step = false;  // equal steps: t0, and the time after each step
  // dopri5: at these times, in the order of travel from t0 to t1, by the method's own interpolant
  // of order 4
  std::vector<double> times = {};
};

template <class Real>
struct Solution {
  Tensor<Real> end;                  // [rows, sample...], x at t1
  double mean_evaluations = 0;       // of the field, for one row
  std::int64_t max_evaluations = 0;  // of the row that needed most
  std::int64_t accepted_steps = 0;   // over all rows
  std::int64_t rejected_steps = 0;
  Trajectory<Real> trajectory;  // empty unless asked for
};

// x [rows, sample...] is the state at t0. t1 may be smaller than t0, or equal: then nothing moves
// and nothing is evaluated. Throws std::invalid_argument when x does not fit the field, a time is
// not finite, or the request does not fit the method; std::runtime_error naming row and time when a
// state is not finite, and for dopri5 when a row's steps underflow or exceed max_steps.
template <class Real>
[[nodiscard]] Solution<Real> solve(const Field<Real>& field, const SolverOptions& options,
                                   const Tensor<Real>& x, double t0 = 0, double t1 = 1,
                                   const TrajectoryRequest& request = {});

}  // namespace gradvar

// solver_methods: the two kinds of solver behind solve(), which has checked their arguments.
#pragma once

#include <array>
#include <string_view>

#include "flow/solver.h"

namespace gradvar {

// Equal steps: euler, midpoint, heun, rk4.
template <class Real>
[[nodiscard]] Solution<Real> solve_fixed(const Field<Real>& field, const SolverOptions& options,
                                         const Tensor<Real>& x, double t0, double t1,
                                         const TrajectoryRequest& request);

// dopri5.
template <class Real>
[[nodiscard]] Solution<Real> solve_adaptive(const Field<Real>& field, const SolverOptions& options,
                                            const Tensor<Real>& x, double t0, double t1,
                                            const TrajectoryRequest& request);

// An explicit method of up to seven stages: k_i = v(x + h sum_j a_ij k_j, t + c_i h), and the new
// state x + h sum_i b_i k_i.
struct Tableau {
  int stages;
  std::array<double, 7> c;
  std::array<std::array<double, 7>, 7> a;
  std::array<double, 7> b;
};

// REQUIRES: a method of equal steps.
[[nodiscard]] const Tableau& fixed_tableau(SolverMethod method);

// Dormand and Prince's 5(4). The last row of `a` is b: the seventh stage of a step is the first of
// the next.
namespace dormand_prince {
extern const Tableau kTableau;
// b less the weights of the embedded method of order 4.
extern const std::array<double, 7> kError;
// The interpolant of order 4 (Hairer, Norsett and Wanner, "Solving ordinary differential equations
// I", section II.6): between the ends of a step, with s in [0, 1] and r = 1 - s,
//   x + s (dx + r (h k1 - dx + s (2 dx - h k1 - h k7 + r h sum_i dense_i k_i)))
extern const std::array<double, 7> kDense;
}  // namespace dormand_prince

// Throws std::runtime_error("[solver] row 3 is not finite at t = 0.5").
[[noreturn]] void fail_at(std::int64_t row, std::string_view what, double t);

}  // namespace gradvar

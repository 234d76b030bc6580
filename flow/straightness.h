// straightness: how much a flow's paths bend.
//
//   S_n = integral over t of |v(x_t, t) - u|^2,    u = (x_end - x_begin) / (t_end - t_begin)
//
// On [0, 1] u is x_1 - x_0. S is 0 exactly when the sample moves along a line at constant speed
// (Liu, Gong and Liu, "Flow straight and fast", 2022, equation 6).
#pragma once

#include <vector>

#include "flow/solver.h"

namespace gradvar {

// S_n for every row of a trajectory, by the trapezoidal rule over its times; the field is evaluated
// once at each state. Times may descend; the integral is over |dt|. Throws std::invalid_argument
// unless there are two or more times, strictly in order, and the states fit the field.
template <class Real>
[[nodiscard]] std::vector<double> straightness(const Field<Real>& field,
                                               const Trajectory<Real>& trajectory);

}  // namespace gradvar

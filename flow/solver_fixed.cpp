#include <algorithm>
#include <cmath>

#include "flow/solver_methods.h"

namespace gradvar {

namespace {

// The state x + h sum_j w_j k_j, added up in f64 and rounded once. Stages are [stage][element].
template <class Real>
void advance(std::span<const Real> x, double h, std::span<const double> weights,
             const std::vector<Tensor<Real>>& k, std::span<Real> out) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < weights.size(); ++j) {
      sum += weights[j] * static_cast<double>(k[j][i]);
    }
    out[i] = static_cast<Real>(static_cast<double>(x[i]) + h * sum);
  }
}

// Room for every state from t0 on, as [steps + 1, rows, sample...].
template <class Real>
Trajectory<Real> make_trajectory(const Shape& shape, std::int64_t steps) {
  std::vector<std::int64_t> axes = {steps + 1};
  for (int axis = 0; axis < shape.rank(); ++axis) axes.push_back(shape[axis]);
  return {std::vector<double>(steps + 1), Tensor<Real>(Shape(axes))};
}

}  // namespace

template <class Real>
Solution<Real> solve_fixed(const Field<Real>& field, const SolverOptions& options,
                           const Tensor<Real>& x, double t0, double t1,
                           const TrajectoryRequest& request) {
  const Tableau& method = fixed_tableau(options.method);
  const std::int64_t rows = x.rows();
  const std::int64_t steps = t0 == t1 ? 0 : options.steps;
  Solution<Real> solution;
  solution.end = x;
  if (rows > 0) {
    solution.mean_evaluations = static_cast<double>(steps * method.stages);
    solution.max_evaluations = steps * method.stages;
    solution.accepted_steps = steps * rows;
  }
  if (request.every_step) solution.trajectory = make_trajectory<Real>(x.shape(), steps);
  const auto keep = [&](std::int64_t step, double t) {
    if (!request.every_step) return;
    solution.trajectory.times[step] = t;
    std::copy_n(solution.end.data(), x.size(), solution.trajectory.states.row(step).data());
  };
  keep(0, t0);

  std::vector<Tensor<Real>> k(method.stages, Tensor<Real>(x.shape()));
  std::vector<Real> times(rows);
  Tensor<Real> stage(x.shape());
  for (std::int64_t step = 0; step < steps; ++step) {
    // Times come from the step's number, so that no rounding adds up and the last step ends at t1.
    const double begin = t0 + (t1 - t0) * step / steps;
    const double end = step + 1 == steps ? t1 : t0 + (t1 - t0) * (step + 1) / steps;
    const double h = end - begin;
    for (int i = 0; i < method.stages; ++i) {
      const double t = method.c[i] == 1 ? end : begin + method.c[i] * h;
      std::fill(times.begin(), times.end(), static_cast<Real>(t));
      const std::span<const double> weights(method.a[i].data(), i);
      if (i > 0) advance<Real>(solution.end.values(), h, weights, k, stage.values());
      field.velocity(i > 0 ? stage.values() : solution.end.values(), times, rows, k[i].values());
    }
    const std::span<const double> weights(method.b.data(), method.stages);
    advance<Real>(solution.end.values(), h, weights, k, solution.end.values());
    for (std::int64_t i = 0; i < x.size(); ++i) {
      if (!std::isfinite(solution.end[i])) fail_at(i / x.row_size(), "is not finite", end);
    }
    keep(step + 1, end);
  }
  return solution;
}

template Solution<float> solve_fixed(const Field<float>&, const SolverOptions&,
                                     const Tensor<float>&, double, double,
                                     const TrajectoryRequest&);
template Solution<double> solve_fixed(const Field<double>&, const SolverOptions&,
                                      const Tensor<double>&, double, double,
                                      const TrajectoryRequest&);

}  // namespace gradvar

#include "flow/solver.h"

#include <cmath>
#include <stdexcept>

#include "autograd/check.h"
#include "flow/solver_methods.h"
#include "io/number_text.h"
#include "io/spec.h"

namespace gradvar {

namespace {

constexpr SolverMethod kMethods[] = {SolverMethod::euler, SolverMethod::midpoint,
                                     SolverMethod::heun, SolverMethod::rk4, SolverMethod::dopri5};

void check_request(const SolverOptions& options, const TrajectoryRequest& request, double t0,
                   double t1) {
  const std::string name(to_string(options.method));
  if (options.method != SolverMethod::dopri5) {
    check(request.times.empty(), "solver", [&] {
      return name + " keeps the states after its steps, it was asked for them at " +
             std::to_string(request.times.size()) + " given times: only dopri5 has those";
    });
    return;
  }
  check(!request.every_step, "solver",
        "dopri5 was asked for the states after every step, but its rows have steps of their own: "
        "ask for given times");
  double previous = t0;
  for (const double t : request.times) {
    const bool in_order = t0 <= t1 ? previous <= t && t <= t1 : previous >= t && t >= t1;
    check(in_order, "solver", [&] {
      return "the output time " + number_text(t) + " follows " + number_text(previous) +
             ", expected times in order from " + number_text(t0) + " to " + number_text(t1);
    });
    previous = t;
  }
}

}  // namespace

std::string_view to_string(SolverMethod method) {
  switch (method) {
    case SolverMethod::euler:
      return "euler";
    case SolverMethod::midpoint:
      return "midpoint";
    case SolverMethod::heun:
      return "heun";
    case SolverMethod::rk4:
      return "rk4";
    case SolverMethod::dopri5:
      return "dopri5";
  }
  return "unknown";
}

void SolverOptions::validate() const {
  const std::string_view name = to_string(method);
  if (method != SolverMethod::dopri5) {
    check(steps >= 1 && steps <= kMostSteps, name,
          "steps is " + std::to_string(steps) + ", expected 1 to " + std::to_string(kMostSteps));
    return;
  }
  check(std::isfinite(rtol) && rtol > 0, name,
        "rtol is " + number_text(rtol) + ", expected a positive number");
  check(std::isfinite(atol) && atol > 0, name,
        "atol is " + number_text(atol) + ", expected a positive number");
  check(max_steps >= 1 && max_steps <= kMostSteps, name,
        "max-steps is " + std::to_string(max_steps) + ", expected 1 to " +
            std::to_string(kMostSteps));
}

std::string SolverOptions::spec() const {
  SpecWriter writer(to_string(method));
  if (method == SolverMethod::dopri5) {
    writer.number("rtol", rtol).number("atol", atol).integer("max-steps", max_steps);
  } else {
    writer.integer("steps", steps);
  }
  return writer.text();
}

SolverOptions SolverOptions::parse(std::string_view spec) {
  SpecReader reader(spec);
  SolverOptions options;
  bool known = false;
  for (const SolverMethod method : kMethods) {
    if (reader.name() != to_string(method)) continue;
    options.method = method;
    known = true;
  }
  check(known, "solver",
        "'" + reader.name() + "' is no solver, expected euler, midpoint, heun, rk4 or dopri5");
  if (options.method == SolverMethod::dopri5) {
    options.rtol = reader.number("rtol", options.rtol);
    options.atol = reader.number("atol", options.atol);
    options.max_steps = reader.integer("max-steps", options.max_steps);
  } else {
    options.steps = reader.integer("steps", options.steps);
  }
  reader.done();
  options.validate();
  return options;
}

void fail_at(std::int64_t row, std::string_view what, double t) {
  throw std::runtime_error("[solver] row " + std::to_string(row) + " " + std::string(what) +
                           " at t = " + number_text(t));
}

template <class Real>
Solution<Real> solve(const Field<Real>& field, const SolverOptions& options, const Tensor<Real>& x,
                     double t0, double t1, const TrajectoryRequest& request) {
  options.validate();
  check(std::isfinite(t0) && std::isfinite(t1), "solver",
        "the times are " + number_text(t0) + " to " + number_text(t1) + ", expected finite ones");
  check(x.shape().rank() >= 1 && x.shape().sample() == field.sample_shape(), "solver",
        "x is " + x.shape().to_string() + ", expected rows of shape " +
            field.sample_shape().to_string());
  check_request(options, request, t0, t1);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i])) fail_at(i / x.row_size(), "is not finite", t0);
  }
  return options.method == SolverMethod::dopri5 ? solve_adaptive(field, options, x, t0, t1, request)
                                                : solve_fixed(field, options, x, t0, t1, request);
}

template Solution<float> solve(const Field<float>&, const SolverOptions&, const Tensor<float>&,
                               double, double, const TrajectoryRequest&);
template Solution<double> solve(const Field<double>&, const SolverOptions&, const Tensor<double>&,
                                double, double, const TrajectoryRequest&);

}  // namespace gradvar

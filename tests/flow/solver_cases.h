// solver_cases: fields with known solutions, and how a call refuses, for the tests of solvers and
// metrics.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "autograd/random.h"
#include "flow/field.h"

namespace gradvar::testing {

// The sentence of the exception of this type that the call throws.
template <class Error = std::invalid_argument>
std::string sentence(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

// dx/dt = -2 t x^2 for each coordinate: nonlinear, with time in it. x(t) = 1 / (1 / x(0) + t^2).
template <class Real>
FunctionField<Real> bell_field(std::int64_t dim) {
  return FunctionField<Real>({dim}, [](std::span<const Real> x, Real t, std::span<Real> v) {
    for (std::size_t i = 0; i < x.size(); ++i) v[i] = -2 * t * x[i] * x[i];
  });
}
inline double bell(double x0, double t) { return 1 / (1 / x0 + t * t); }

// dx/dt = p(t), the polynomial (degree + 1) t^degree: x(t) = x(0) + t^(degree + 1).
template <class Real>
FunctionField<Real> power_field(int degree) {
  return FunctionField<Real>({1}, [degree](std::span<const Real>, Real t, std::span<Real> v) {
    v[0] = static_cast<Real>((degree + 1) * std::pow(static_cast<double>(t), degree));
  });
}

// Standard normals [rows, dim], a stream for each `which`.
inline Tensor<double> normal_rows(std::uint64_t which, std::int64_t rows, std::int64_t dim) {
  Tensor<double> values(Shape{rows, dim});
  RandomStream(5, Purpose::kTest).normals<double>(which, 0, values.values());
  return values;
}

inline Tensor<double> column(const std::vector<double>& values) {
  return Tensor<double>(Shape{static_cast<std::int64_t>(values.size()), 1}, values);
}

}  // namespace gradvar::testing

// quadrature: Gauss nodes and weights, Legendre for time and Hermite for noise.
//
// n nodes integrate polynomials up to degree 2n - 1 exactly, and smooth functions to rounding with
// a few dozen: what makes an expectation over t or z a finite weighted sum.
#pragma once

#include <vector>

namespace gradvar {

struct Quadrature {
  std::vector<double> nodes;    // ascending
  std::vector<double> weights;  // not negative, adding up to end - begin, or to 1
};

// Throws std::invalid_argument unless nodes >= 1 and begin < end, both finite.
[[nodiscard]] Quadrature gauss_legendre(int nodes, double begin = 0, double end = 1);

// E f(z) for a standard normal z is sum_i w_i f(z_i): nodes ascending and symmetric about 0,
// weights adding up to 1. By Golub and Welsch, "Calculation of Gauss quadrature rules" (1969);
// nodes and weights to some 1e-15 of the largest. Throws std::invalid_argument unless 1 <= nodes <=
// 256.
[[nodiscard]] Quadrature gauss_hermite(int nodes);

}  // namespace gradvar

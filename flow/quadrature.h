// quadrature: Gauss-Legendre nodes and weights.
//
// n nodes integrate polynomials up to degree 2n - 1 exactly, and smooth functions of t to rounding
// with a few dozen: what makes an expectation over time a finite weighted sum.
#pragma once

#include <vector>

namespace gradvar {

struct Quadrature {
  std::vector<double> nodes;    // ascending, inside (begin, end)
  std::vector<double> weights;  // positive, adding up to end - begin
};

// Throws std::invalid_argument unless nodes >= 1 and begin < end, both finite.
[[nodiscard]] Quadrature gauss_legendre(int nodes, double begin = 0, double end = 1);

}  // namespace gradvar

#include "flow/quadrature.h"

#include <cmath>
#include <numbers>

#include "autograd/blas.h"
#include "autograd/check.h"

namespace gradvar {

Quadrature gauss_legendre(int nodes, double begin, double end) {
  check(nodes >= 1, "quadrature", std::to_string(nodes) + " nodes asked for, expected 1 or more");
  check(std::isfinite(begin) && std::isfinite(end) && begin < end, "quadrature",
        "the interval is " + std::to_string(begin) + " to " + std::to_string(end) +
            ", expected finite ends in ascending order");
  Quadrature rule{std::vector<double>(nodes), std::vector<double>(nodes)};
  for (int i = 0; i < nodes; ++i) {
    // Newton's method on the Legendre polynomial P_n from Tricomi's starting point; the roots come
    // in descending order.
    double x = std::cos(std::numbers::pi * (i + 0.75) / (nodes + 0.5));
    double derivative = 1;
    for (int iteration = 0; iteration < 100; ++iteration) {
      double p = 1, previous = 0;
      for (int k = 1; k <= nodes; ++k) {
        const double next = ((2 * k - 1) * x * p - (k - 1) * previous) / k;
        previous = p;
        p = next;
      }
      derivative = nodes * (x * p - previous) / (x * x - 1);
      const double move = p / derivative;
      x -= move;
      if (std::abs(move) < 1e-16) break;
    }
    const double half = (end - begin) / 2;
    rule.nodes[nodes - 1 - i] = begin + half * (1 + x);
    rule.weights[nodes - 1 - i] = half * 2 / ((1 - x * x) * derivative * derivative);
  }
  return rule;
}

Quadrature gauss_hermite(int nodes) {
  check(nodes >= 1 && nodes <= 256, "quadrature",
        std::to_string(nodes) + " Gauss-Hermite nodes asked for, expected 1 to 256");
  // The Jacobi matrix of the polynomials orthogonal under the normal law: its eigenvalues are the
  // nodes, the squared first entries of its eigenvectors the weights.
  const std::int64_t n = nodes;
  std::vector<double> jacobi(n * n, 0.0), values(n);
  for (std::int64_t k = 1; k < n; ++k) {
    jacobi[(k - 1) * n + k] = jacobi[k * n + k - 1] = std::sqrt(static_cast<double>(k));
  }
  blas::symmetric_eigen(n, jacobi.data(), values.data());
  Quadrature rule{std::vector<double>(n), std::vector<double>(n)};
  double total = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t mirror = n - 1 - i;
    rule.nodes[i] = (values[i] - values[mirror]) / 2;
    const double first = jacobi[i * n], last = jacobi[mirror * n];
    rule.weights[i] = (first * first + last * last) / 2;
    total += rule.weights[i];
  }
  for (double& weight : rule.weights) weight /= total;
  return rule;
}

}  // namespace gradvar

// sinkhorn: the entropic transport plan between two sets with equal weights.
//
//   P = argmin <C, P> + eps sum_ij P_ij (log P_ij - 1),    P 1 = 1/n,  P^T 1 = 1/m
//   P_ij = exp((f_i + g_j - C_ij) / eps)
//
// Sinkhorn's iteration on the potentials f and g (Cuturi, "Sinkhorn distances: lightspeed
// computation of optimal transport", 2013), in logarithms, so that no eps overflows; eps comes down
// from the mean cost by halves, each stage starting where the last one ended (Schmitzer,
// "Stabilized sparse scaling algorithms for entropy regularized transport problems", 2019).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "autograd/lanes.h"
#include "autograd/random.h"
#include "autograd/tensor.h"

namespace gradvar {

struct SinkhornOptions {
  double epsilon = 0.05;                // in units of the mean cost
  double tolerance = 1e-6;              // of the marginal error
  std::int64_t max_iterations = 20000;  // in all
};

struct SinkhornPlan {
  Tensor<double> plan;                                  // [n,m], sums to 1
  std::vector<double> row_potential, column_potential;  // f [n], g [m]
  double epsilon = 0;                                   // in the units of the cost
  double cost = 0;                                      // <C, P>
  double marginal_error = 0;  // sum_i |row sum - 1/n| + sum_j |column sum - 1/m|
  std::int64_t iterations = 0;
};

// cost [n,m], n, m >= 1. Every cost 0 or more, finite. Throws std::invalid_argument otherwise or
// for options outside their range, and std::runtime_error naming the error reached when
// max_iterations do not bring it under the tolerance: they grow as 1/epsilon. `tick` is called once
// an iteration and between the parts of a long one, by the calling thread; what it throws goes
// through.
[[nodiscard]] SinkhornPlan sinkhorn(const Tensor<double>& cost, const SinkhornOptions& options = {},
                                    LanePool* pool = nullptr,
                                    const std::function<void()>& tick = {});

// A target for each source: sum_j P_ij y_j / sum_j P_ij, the mean of its row of the plan. y [m,
// ...].
[[nodiscard]] Tensor<double> barycentric_partners(const SinkhornPlan& plan,
                                                  const Tensor<double>& y);
// A column for each row, drawn from that row of the plan. Columns may repeat.
[[nodiscard]] std::vector<std::int64_t> sampled_partners(const SinkhornPlan& plan,
                                                         const RandomStream& stream);

}  // namespace gradvar

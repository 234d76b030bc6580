// assignment: the permutation of least total cost, exactly.
//
// Shortest augmenting paths with dual prices (Jonker and Volgenant, "A shortest augmenting path
// algorithm for dense and sparse linear assignment problems", 1987; the formulation of Crouse, "On
// implementing 2D rectangular assignment algorithms", 2016). O(n^3) at worst.
#pragma once

#include <cstdint>
#include <vector>

#include "autograd/lanes.h"
#include "autograd/tensor.h"

namespace gradvar {

struct Assignment {
  std::vector<std::int64_t> partner;  // column of each row
  double cost = 0;                    // total
};

// cost [n,n]. Ties are broken by the lowest column. Throws std::invalid_argument when the matrix is
// not square or an entry is not finite, naming it.
[[nodiscard]] Assignment solve_assignment(const Tensor<double>& cost);

// The same for squared distances between the rows of x and y, [n, ...] each: the exact optimal
// transport between two sets of equally many points.
[[nodiscard]] Assignment optimal_assignment(const Tensor<double>& x, const Tensor<double>& y,
                                            LanePool* pool = nullptr);

}  // namespace gradvar

// assignment: the permutation of least total cost, exactly.
//
// Shortest augmenting paths with dual prices, after column reduction and two rounds of augmenting
// row reduction, which leave few rows for a search (Jonker and Volgenant, "A shortest augmenting
// path algorithm for dense and sparse linear assignment problems", 1987). O(n^3) at worst.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "autograd/lanes.h"
#include "autograd/tensor.h"

namespace gradvar {

struct Assignment {
  std::vector<std::int64_t> partner;  // column of each row
  double cost = 0;                    // total
  // The proof: row_price[i] + column_price[j] <= cost[i, j] everywhere, with equality for partners,
  // both to rounding, so that no permutation costs less than the sum of all prices.
  std::vector<double> row_price, column_price;
};

// cost [n,n]. Among equally cheap permutations it finds one that depends on the matrix alone: the
// identity when all costs are equal. Throws std::invalid_argument when the matrix is not square, or
// an entry is not finite or so large that sums of them may not be (1e300), naming it. `tick` is
// called each time a row was looked at, by the calling thread; what it throws goes through.
[[nodiscard]] Assignment solve_assignment(const Tensor<double>& cost,
                                          const std::function<void()>& tick = {});

// The same for squared distances between the rows of x and y, [n, ...] each: the exact optimal
// transport between two sets of equally many points.
[[nodiscard]] Assignment optimal_assignment(const Tensor<double>& x, const Tensor<double>& y,
                                            LanePool* pool = nullptr,
                                            const std::function<void()>& tick = {});

}  // namespace gradvar

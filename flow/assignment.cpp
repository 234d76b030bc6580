#include "flow/assignment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "autograd/check.h"
#include "flow/pairwise.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

constexpr std::int64_t kNone = -1;
constexpr double kLargest = 1e300;
constexpr double kUnreached = std::numeric_limits<double>::infinity();

// Prices keep every reduced cost c_ij - u_i - v_j at 0 or more, and at 0 on the pairs chosen so
// far: with that, any complete set of pairs is optimal.
class Solver {
 public:
  explicit Solver(const Tensor<double>& cost)
      : cost_(cost.data()),
        n_(cost.rows()),
        row_price_(n_),
        column_price_(n_),
        column_of_(n_, kNone),
        row_of_(n_, kNone),
        distance_(n_),
        previous_(n_),
        remaining_(n_) {}

  Assignment solve() {
    price_and_match_greedily();
    for (std::int64_t row = 0; row < n_; ++row) {
      if (column_of_[row] == kNone) augment(row);
    }
    double total = 0;
    for (std::int64_t row = 0; row < n_; ++row) total += cost_[row * n_ + column_of_[row]];
    return {std::move(column_of_), total, std::move(row_price_), std::move(column_price_)};
  }

 private:
  [[nodiscard]] double reduced(std::int64_t row, std::int64_t column) const {
    return cost_[row * n_ + column] - row_price_[row] - column_price_[column];
  }

  // Most rows find a column of reduced cost 0 here, and only the others need a path.
  void price_and_match_greedily() {
    std::fill(column_price_.begin(), column_price_.end(), kUnreached);
    for (std::int64_t i = 0; i < n_; ++i) {
      for (std::int64_t j = 0; j < n_; ++j) {
        column_price_[j] = std::min(column_price_[j], cost_[i * n_ + j]);
      }
    }
    for (std::int64_t i = 0; i < n_; ++i) {
      double least = kUnreached;
      std::int64_t at = 0;
      for (std::int64_t j = 0; j < n_; ++j) {
        const double left = cost_[i * n_ + j] - column_price_[j];
        if (left < least) {
          least = left;
          at = j;
        }
      }
      row_price_[i] = least;
      if (row_of_[at] == kNone) {
        row_of_[at] = i;
        column_of_[i] = at;
      }
    }
  }

  // Dijkstra from a row without a column to the nearest column without a row, then the pairs along
  // that path change hands and the prices move so that reduced costs stay at 0 or more.
  void augment(std::int64_t start) {
    std::fill(distance_.begin(), distance_.end(), kUnreached);
    for (std::int64_t j = 0; j < n_; ++j) remaining_[j] = j;
    std::int64_t left = n_, row = start, sink = kNone;
    double shortest = 0;
    while (sink == kNone) {
      std::int64_t nearest = kNone;
      double least = kUnreached;
      for (std::int64_t k = 0; k < left; ++k) {
        const std::int64_t j = remaining_[k];
        const double through = shortest + reduced(row, j);
        if (through < distance_[j]) {
          distance_[j] = through;
          previous_[j] = row;
        }
        // Among equals the first free column ends the search.
        if (distance_[j] < least || (distance_[j] == least && row_of_[j] == kNone &&
                                     row_of_[remaining_[nearest]] != kNone)) {
          least = distance_[j];
          nearest = k;
        }
      }
      shortest = least;
      const std::int64_t column = remaining_[nearest];
      std::swap(remaining_[nearest], remaining_[--left]);
      if (row_of_[column] == kNone) {
        sink = column;
      } else {
        row = row_of_[column];
      }
    }
    row_price_[start] += shortest;
    for (std::int64_t k = left; k < n_; ++k) {  // columns the search has settled
      const std::int64_t j = remaining_[k];
      if (row_of_[j] != kNone) row_price_[row_of_[j]] += shortest - distance_[j];
      column_price_[j] -= shortest - distance_[j];
    }
    for (std::int64_t column = sink; column != kNone;) {
      const std::int64_t through = previous_[column];
      row_of_[column] = through;
      const std::int64_t next = column_of_[through];
      column_of_[through] = column;
      column = through == start ? kNone : next;
    }
  }

  const double* cost_;
  std::int64_t n_;
  std::vector<double> row_price_, column_price_;
  std::vector<std::int64_t> column_of_, row_of_;
  std::vector<double> distance_;
  std::vector<std::int64_t> previous_, remaining_;  // settled columns stand at the end
};

}  // namespace

Assignment solve_assignment(const Tensor<double>& cost) {
  const std::int64_t n = cost.rows();
  check(cost.shape() == Shape({n, n}), "assignment",
        "the cost matrix is " + cost.shape().to_string() + ", expected a square one");
  for (std::int64_t i = 0; i < cost.size(); ++i) {
    check(std::abs(cost[i]) <= kLargest, "assignment",
          "the cost in row " + std::to_string(i / n + 1) + ", column " + std::to_string(i % n + 1) +
              " is " + number_text(cost[i]) + ", expected a finite number of at most 1e300");
  }
  return Solver(cost).solve();
}

Assignment optimal_assignment(const Tensor<double>& x, const Tensor<double>& y, LanePool* pool) {
  check(x.rows() == y.rows(), "assignment",
        "there are " + std::to_string(x.rows()) + " sources and " + std::to_string(y.rows()) +
            " targets, expected equally many");
  const std::int64_t n = x.rows();
  Tensor<double> cost(Shape{n, n});
  const PairwiseDistances distances(x, y);
  (void)distances.sum(
      [&](const PairwiseDistances::Block& block) {
        for (std::int64_t i = 0; i < block.x_count; ++i) {
          std::copy_n(block.squared.data() + i * block.y_count, block.y_count,
                      cost.data() + (block.x_begin + i) * n + block.y_begin);
        }
        return 0.0;
      },
      pool);
  return solve_assignment(cost);
}

}  // namespace gradvar

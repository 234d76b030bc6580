#include "flow/assignment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "autograd/check.h"
#include "autograd/multiversion.h"
#include "flow/pairwise.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

constexpr std::int64_t kNone = -1;
constexpr double kLargest = 1e300;
constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr std::int64_t kBlock = 64;  // columns whose least is kept, so that few are searched

// reduced[j] = cost[j] - price[j].
GRADVAR_MULTIVERSION
void reduce(const double* cost, const double* price, std::int64_t n, double* reduced) {
  for (std::int64_t j = 0; j < n; ++j) reduced[j] = cost[j] - price[j];
}

// Shortens the ways that are shorter through this row. A price of -infinity closes a column.
GRADVAR_MULTIVERSION
void relax(const double* cost, const double* price, double offset, std::int64_t row, std::int64_t n,
           double* distance, std::int64_t* previous) {
  for (std::int64_t j = 0; j < n; ++j) {
    const double through = (cost[j] - price[j]) + offset;
    const bool shorter = through < distance[j];
    distance[j] = shorter ? through : distance[j];
    previous[j] = shorter ? row : previous[j];
  }
}

// least[b] = the least of values[b kBlock .. (b + 1) kBlock - 1]; eight at a time, for the compiler
// may not reorder a search for the least.
GRADVAR_MULTIVERSION
void block_leasts(const double* values, std::int64_t blocks, double* least) {
  constexpr int kLanes = 8;
  for (std::int64_t b = 0; b < blocks; ++b) {
    const double* block = values + b * kBlock;
    double lane[kLanes];
    for (int l = 0; l < kLanes; ++l) lane[l] = block[l];
    for (int k = kLanes; k < kBlock; k += kLanes) {
      for (int l = 0; l < kLanes; ++l) lane[l] = block[k + l] < lane[l] ? block[k + l] : lane[l];
    }
    double all = lane[0];
    for (int l = 1; l < kLanes; ++l) all = lane[l] < all ? lane[l] : all;
    least[b] = all;
  }
}

// Column prices v alone are kept: a row's price is what is left on its own pair. Throughout, the
// pair of a matched row is of least c_ij - v_j among its row: with that, any complete set of pairs
// is optimal.
class Solver {
 public:
  Solver(const Tensor<double>& cost, const std::function<void()>& tick)
      : cost_(cost.data()),
        tick_(tick),
        n_(cost.rows()),
        blocks_((n_ + kBlock - 1) / kBlock),
        price_(n_),
        open_price_(n_),
        column_of_(n_, kNone),
        row_of_(n_, kNone),
        distance_(blocks_ * kBlock, kInfinite),
        block_least_(blocks_),
        previous_(n_) {}

  Assignment solve() {
    reduce_columns();
    match_greedily();
    reduce_augmenting_rows();
    reduce_augmenting_rows();
    for (std::int64_t row = 0; row < n_; ++row) {
      if (column_of_[row] == kNone) augment(row);
    }
    double total = 0;
    std::vector<double> row_price(n_);
    for (std::int64_t i = 0; i < n_; ++i) {
      const double cost = cost_[i * n_ + column_of_[i]];
      total += cost;
      row_price[i] = cost - price_[column_of_[i]];
    }
    return {std::move(column_of_), total, std::move(row_price), std::move(price_)};
  }

 private:
  void row_done() const {
    if (tick_) tick_();
  }

  struct Nearest {
    std::int64_t column;
    double distance;
  };
  // The least of distance_; among equals the first free column, else the first.
  Nearest nearest() {
    block_leasts(distance_.data(), blocks_, block_least_.data());
    const double least = *std::min_element(block_least_.begin(), block_least_.end());
    std::int64_t first = kNone;
    for (std::int64_t b = 0; b < blocks_; ++b) {
      if (block_least_[b] != least) continue;
      const std::int64_t end = std::min((b + 1) * kBlock, n_);
      for (std::int64_t j = b * kBlock; j < end; ++j) {
        if (distance_[j] != least) continue;
        if (row_of_[j] == kNone) return {j, least};
        if (first == kNone) first = j;
      }
    }
    return {first, least};
  }

  void match(std::int64_t row, std::int64_t column) {
    column_of_[row] = column;
    row_of_[column] = row;
  }

  void reduce_columns() {
    std::fill(price_.begin(), price_.end(), kInfinite);
    for (std::int64_t i = 0; i < n_; ++i) {
      for (std::int64_t j = 0; j < n_; ++j) {
        price_[j] = std::min(price_[j], cost_[i * n_ + j]);
      }
      row_done();
    }
  }

  void match_greedily() {
    for (std::int64_t i = 0; i < n_; ++i) {
      reduce(cost_ + i * n_, price_.data(), n_, distance_.data());
      const std::int64_t column = nearest().column;
      if (row_of_[column] == kNone) match(i, column);
      row_done();
    }
  }

  // A row without a column takes its best one, from another row if need be, and lowers that
  // column's price until the second best is as good; the row put out goes on at once. Where nothing
  // can be lowered a row put out waits: rounding must not let rows chase each other for ever.
  void reduce_augmenting_rows() {
    if (n_ < 2) return;
    std::vector<std::int64_t> waiting;
    for (std::int64_t i = n_; i-- > 0;) {
      if (column_of_[i] == kNone) waiting.push_back(i);
    }
    for (std::int64_t moves = 10 * n_; !waiting.empty() && moves > 0;) {
      std::int64_t row = waiting.back();
      waiting.pop_back();
      for (; row != kNone && moves > 0; --moves) row = take_best_column(row);
    }
  }

  // The row that was put out, when it may go on.
  std::int64_t take_best_column(std::int64_t row) {
    row_done();
    reduce(cost_ + row * n_, price_.data(), n_, distance_.data());
    const Nearest best = nearest();
    distance_[best.column] = kInfinite;
    const Nearest second = nearest();
    std::int64_t column = best.column;
    const double lowered = price_[column] - (second.distance - best.distance);
    const bool lowers = lowered < price_[column];
    if (lowers) {
      price_[column] = lowered;
    } else if (row_of_[column] != kNone) {
      column = second.column;
    }
    const std::int64_t out = row_of_[column];
    match(row, column);
    if (out != kNone) column_of_[out] = kNone;
    return lowers ? out : kNone;
  }

  // Dijkstra from a row without a column to the nearest column without a row, then the pairs along
  // that path change hands and the prices move so that they stay the best of their rows.
  void augment(std::int64_t start) {
    std::fill_n(distance_.begin(), n_, kInfinite);
    open_price_ = price_;
    settled_.clear();
    std::int64_t row = start;
    double offset = 0;
    Nearest next{kNone, 0};
    while (true) {
      row_done();
      relax(cost_ + row * n_, open_price_.data(), offset, row, n_, distance_.data(),
            previous_.data());
      next = nearest();
      if (row_of_[next.column] == kNone) break;
      settled_.push_back(next);
      distance_[next.column] = kInfinite;
      open_price_[next.column] = -kInfinite;
      row = row_of_[next.column];
      offset = next.distance - (cost_[row * n_ + next.column] - price_[next.column]);
    }
    for (const Nearest& settled : settled_) {
      price_[settled.column] -= next.distance - settled.distance;
    }
    for (std::int64_t column = next.column; column != kNone;) {
      const std::int64_t through = previous_[column];
      const std::int64_t left = column_of_[through];
      match(through, column);
      column = left;
    }
  }

  const double* cost_;
  const std::function<void()>& tick_;
  std::int64_t n_, blocks_;
  std::vector<double> price_, open_price_;
  std::vector<std::int64_t> column_of_, row_of_;
  std::vector<double> distance_;  // to open columns; infinite behind the last column
  std::vector<double> block_least_;
  std::vector<std::int64_t> previous_;
  std::vector<Nearest> settled_;  // by the present search
};

}  // namespace

Assignment solve_assignment(const Tensor<double>& cost, const std::function<void()>& tick) {
  const std::int64_t n = cost.rows();
  check(cost.shape() == Shape({n, n}), "assignment",
        "the cost matrix is " + cost.shape().to_string() + ", expected a square one");
  for (std::int64_t i = 0; i < cost.size(); ++i) {
    check(std::abs(cost[i]) <= kLargest, "assignment", [&] {
      return "the cost in row " + std::to_string(i / n + 1) + ", column " +
             std::to_string(i % n + 1) + " is " + number_text(cost[i]) +
             ", expected a finite number of at most 1e300";
    });
  }
  return Solver(cost, tick).solve();
}

Assignment optimal_assignment(const Tensor<double>& x, const Tensor<double>& y, LanePool* pool,
                              const std::function<void()>& tick) {
  check(x.rows() == y.rows(), "assignment",
        "there are " + std::to_string(x.rows()) + " sources and " + std::to_string(y.rows()) +
            " targets, expected equally many");
  return solve_assignment(squared_distances(x, y, pool), tick);
}

}  // namespace gradvar

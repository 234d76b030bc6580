// pairwise: squared distances between all rows of two sets, a block at a time.
//
//   |x_i - y_j|^2 = |x_i - c|^2 + |y_j - c|^2 - 2 (x_i - c).(y_j - c),    c the mean of y
//
// The products are one GEMM a block, so memory is bounded by the block. Moving the origin into the
// cloud keeps cancellation small, and a pair so close that it still cancels is computed from the
// differences: squared distances are good to about 1e-11 relative, and 0 between equal rows. Rows
// nearer to each other than 1e-5 |x_i - c| keep the rounding of x_i - c, an error of about
// 1e-16 |x_i - c| in the distance itself.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "autograd/lanes.h"
#include "autograd/tensor.h"

namespace gradvar {

// Throws std::invalid_argument unless both sets have samples of one shape and finite numbers only.
void check_samples(std::string_view where, const Tensor<double>& x, const Tensor<double>& y);

class PairwiseDistances {
 public:
  static constexpr std::int64_t kBlockRows = 256;

  // x [n, ...], y [m, ...], any sample shape; copied. Throws std::invalid_argument when their
  // samples differ in shape, a number is not finite, or block_rows < 1.
  PairwiseDistances(const Tensor<double>& x, const Tensor<double>& y,
                    std::int64_t block_rows = kBlockRows);

  struct Block {
    std::int64_t x_begin, x_count, y_begin, y_count;
    std::span<double> squared;  // [x_count, y_count]; may be overwritten
  };
  // Calls visit for every block and returns the sum of what it returned: over the blocks of y in a
  // strip of x, then over the strips, in order. Strips run on the pool's threads when there is one,
  // so visit may be called from several at once, but never for the same rows of x.
  [[nodiscard]] double sum(const std::function<double(const Block&)>& visit,
                           LanePool* pool = nullptr) const;

  [[nodiscard]] std::int64_t x_rows() const { return x_.rows(); }
  [[nodiscard]] std::int64_t y_rows() const { return y_.rows(); }

 private:
  [[nodiscard]] double sum_strip(std::int64_t strip,
                                 const std::function<double(const Block&)>& visit) const;

  std::int64_t block_rows_;
  Tensor<double> x_, y_;  // less c
  std::vector<double> x_norms_, y_norms_;
};

// All of them as one matrix [n,m].
[[nodiscard]] Tensor<double> squared_distances(const Tensor<double>& x, const Tensor<double>& y,
                                               LanePool* pool = nullptr);

}  // namespace gradvar

// joint_products: sums over all lanes at once, made at the merge.
//
// A lane could take the product of its own factors and have the lanes' results added up afterwards.
// For a product of factors that is the dearer way: every lane writes an array as large as the
// parameter, and the merge reads them all. The factors stay in the tapes until the next batch, so
// gradients that are cheap to sum can wait: at the merge each block of a parameter's rows is made
// by one task, lane after lane, straight into the result, and the batch is summed once.
//
//   waits             one use as kRows, or uses that are all kOuter (for the sum) or one use with
//                     T = 1 (for the moments)
//   folds in its lane everything else: what must make every g_n whole does so while the lane's
//                     values are in its core's cache
//
// The order of the sum is that of the lanes, whichever thread makes a block.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "autograd/collector.h"
#include "autograd/collectors/lane_buffers.h"

namespace gradvar {

// One parameter's gradients in one lane, and the weights of the lane's samples.
template <class Real>
struct LaneGradients {
  SampleGradients<Real> gradients;
  std::span<const Real> weights;  // [batch of the lane], or empty: every weight is one
};

// What every lane was offered, by parameter. Written by the lanes, read by the merge.
template <class Real>
class OfferedGradients {
 public:
  void begin(int parameters, int lanes);
  // From the lane's own thread. `waits`: nothing was made of them yet.
  void keep(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows, bool waits);
  // Whether this lane left the parameter for the merge.
  [[nodiscard]] bool waits_in(int lane, int parameter) const {
    return waiting_[lane][parameter] != 0;
  }
  // Whether all lanes did that were offered any, in one form: what a lane does with a parameter is
  // its tape's affair, and tapes may differ.
  [[nodiscard]] bool waits(int parameter) const;
  [[nodiscard]] bool offered(int lane, int parameter) const {
    return !lanes_[lane][parameter].gradients.uses.empty();
  }
  // Of the first lane that was offered any; null when none was.
  [[nodiscard]] const SampleGradients<Real>* first(int parameter) const;
  [[nodiscard]] const LaneGradients<Real>& at(int lane, int parameter) const {
    return lanes_[lane][parameter];
  }

 private:
  std::vector<std::vector<LaneGradients<Real>>> lanes_;  // [lane][parameter]
  std::vector<std::vector<char>> waiting_;               // [lane][parameter]
};

// Arenas for tasks of a pool: as many as ever worked at once, kept from batch to batch.
class TaskArenas {
 public:
  class Lease {
   public:
    explicit Lease(TaskArenas& owner) : owner_(owner), arena_(owner.take()) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { owner_.give_back(std::move(arena_)); }
    [[nodiscard]] Arena& arena() { return *arena_; }

   private:
    TaskArenas& owner_;
    std::unique_ptr<Arena> arena_;
  };

 private:
  [[nodiscard]] std::unique_ptr<Arena> take();
  void give_back(std::unique_ptr<Arena> arena) noexcept;

  std::mutex mutex_;
  std::size_t made_ = 0;
  std::vector<std::unique_ptr<Arena>> idle_;
};

// The rows [begin, end) of a parameter's first axis, of any number of samples' gradients.
struct RowBlock {
  std::int64_t begin;
  std::int64_t end;
  [[nodiscard]] std::int64_t rows() const { return end - begin; }
};

// sum = beta sum + sum_n w_n g_n over the block's rows, [rows, fan_in]. REQUIRES: all uses kOuter.
template <class Real>
void add_outer_sums(const LaneGradients<Real>& lane, RowBlock block, Arena& scratch, Real beta,
                    Real* sum);
// sum = beta sum + sum_n w_n g_n^2, likewise. REQUIRES: one use, kOuter, T = 1.
template <class Real>
void add_outer_squares(const LaneGradients<Real>& lane, RowBlock block, Arena& scratch, Real beta,
                       Real* sum);

// Columns [begin, end) of the rows of gradients given whole, times the samples' weights where
// `weighted`: [batch of the lane, end - begin], perhaps in place. REQUIRES: one use, kRows.
template <class Real>
[[nodiscard]] const Real* row_columns(const LaneGradients<Real>& lane, std::int64_t begin,
                                      std::int64_t end, bool weighted, Arena& scratch);

// A parameter's pieces along its first axis: `most` where each keeps kFewestRows rows, else fewer;
// one for an array of one axis. The largest come first, so that the small ones fill the gaps.
inline constexpr std::int64_t kFewestRows = 64;
[[nodiscard]] std::vector<Piece> row_pieces_of(const ParameterLayout& layout, int most);
// The rows that a piece is.
[[nodiscard]] RowBlock rows_of(const ParameterLayout& layout, const Piece& piece);

}  // namespace gradvar

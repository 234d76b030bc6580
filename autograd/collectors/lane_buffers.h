// lane_buffers: what the collectors share: one flat array a lane, and which parameters were seen.
//
// A parameter that no op on the tape uses is never offered to a collector; its gradient is zero.
// Lanes write only what they see; the merge knows what they did not. The first
// lane's array is also where the result goes; the others' are made when a lane first writes to
// them, for what is summed at the merge (joint_products.h) needs none.
#pragma once

#include <cstdint>
#include <vector>

#include "autograd/arena.h"
#include "autograd/parameters.h"
#include "autograd/tensor.h"

namespace gradvar {

template <class Real>
class LaneBuffers {
 public:
  // Returns whether the layout or the number of lanes is another one than before.
  bool begin(const ParameterLayout& layout, int lanes);
  // The lane's part for a parameter, now seen. From one thread at a time for the same lane.
  [[nodiscard]] std::span<Real> take(int lane, ParameterId parameter);
  [[nodiscard]] bool seen(int lane, ParameterId parameter) const {
    return seen_[lane][parameter.index] != 0;
  }

  [[nodiscard]] int lanes() const { return lanes_; }
  [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
  // Empty where the lane saw nothing.
  [[nodiscard]] std::span<Real> lane(int i) { return lanes_memory_[i].values(); }
  [[nodiscard]] std::span<const Real> lane(int i) const { return lanes_memory_[i].values(); }

 private:
  ParameterLayout layout_;
  int lanes_ = 0;
  std::vector<Tensor<Real>> lanes_memory_;
  std::vector<std::vector<char>> seen_;  // [lane][parameter]
};

// A parameter's elements in pieces of a fixed size, so that sums over them have the same order, and
// the same bits, however many threads do them.
struct Piece {
  int parameter;
  std::int64_t begin;  // in the flat array
  std::int64_t end;
};
inline constexpr std::int64_t kLongestPiece = 16384;  // elements: 64 KiB of f32
[[nodiscard]] std::vector<Piece> pieces_of(const ParameterLayout& layout);

// w_n times row n of x [rows of a lane, columns], in scratch memory; x itself without weights.
template <class Real>
[[nodiscard]] const Real* weighted_rows(const Real* x, std::int64_t rows_per_sample,
                                        std::int64_t columns, std::span<const Real> weights,
                                        Arena& scratch);

}  // namespace gradvar

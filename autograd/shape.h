// shape: the sizes of a tensor's axes, slowest first.
//
// The first axis of every value on a tape is the batch. `rows()` and `row_size()` are that view: B
// rows, each of everything that belongs to one sample.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace gradvar {

class Shape {
 public:
  static constexpr int kMaxRank = 6;

  Shape() = default;
  // Throws std::invalid_argument when an axis is negative or there are more than kMaxRank.
  Shape(std::initializer_list<std::int64_t> axes);
  explicit Shape(std::span<const std::int64_t> axes);

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] std::int64_t operator[](int axis) const { return axes_[axis]; }
  // Number of elements; 1 for rank 0.
  [[nodiscard]] std::int64_t size() const;
  // The first axis (1 for rank 0), and the number of elements behind one of its entries.
  [[nodiscard]] std::int64_t rows() const { return rank_ == 0 ? 1 : axes_[0]; }
  [[nodiscard]] std::int64_t row_size() const;
  // The last axis (1 for rank 0).
  [[nodiscard]] std::int64_t columns() const { return rank_ == 0 ? 1 : axes_[rank_ - 1]; }
  // The same sample shape with another batch.
  [[nodiscard]] Shape with_rows(std::int64_t rows) const;
  // The same axes but the last. REQUIRES: rank >= 1.
  [[nodiscard]] Shape with_columns(std::int64_t columns) const;
  // A batch of samples of this shape: one more axis in front.
  [[nodiscard]] Shape batched(std::int64_t rows) const;
  // The shape of one sample: every axis but the first.
  [[nodiscard]] Shape sample() const;
  // "64x10"; "scalar" for rank 0.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Shape& a, const Shape& b);

 private:
  std::array<std::int64_t, kMaxRank> axes_{};
  int rank_ = 0;
};

}  // namespace gradvar

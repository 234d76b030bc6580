#include "autograd/shape.h"

#include <algorithm>
#include <stdexcept>

namespace gradvar {

Shape::Shape(std::initializer_list<std::int64_t> axes)
    : Shape(std::span<const std::int64_t>(axes.begin(), axes.size())) {}

Shape::Shape(std::span<const std::int64_t> axes) {
  if (axes.size() > kMaxRank) {
    throw std::invalid_argument("[shape] " + std::to_string(axes.size()) + " axes given, at most " +
                                std::to_string(kMaxRank) + " expected");
  }
  for (std::int64_t axis : axes) {
    if (axis < 0) {
      throw std::invalid_argument("[shape] axis " + std::to_string(rank_) + " is " +
                                  std::to_string(axis) + ", expected 0 or more");
    }
    axes_[rank_++] = axis;
  }
}

std::int64_t Shape::size() const {
  std::int64_t size = 1;
  for (int axis = 0; axis < rank_; ++axis) size *= axes_[axis];
  return size;
}

std::int64_t Shape::row_size() const {
  std::int64_t size = 1;
  for (int axis = 1; axis < rank_; ++axis) size *= axes_[axis];
  return size;
}

Shape Shape::with_rows(std::int64_t rows) const {
  Shape shape = *this;
  if (rank_ == 0) shape.rank_ = 1;
  shape.axes_[0] = rows;
  return shape;
}

Shape Shape::with_columns(std::int64_t columns) const {
  Shape shape = *this;
  shape.axes_[rank_ - 1] = columns;
  return shape;
}

Shape Shape::batched(std::int64_t rows) const {
  std::array<std::int64_t, kMaxRank + 1> axes{rows};
  std::copy_n(axes_.begin(), rank_, axes.begin() + 1);
  return Shape(std::span<const std::int64_t>(axes.data(), rank_ + 1));
}

Shape Shape::sample() const {
  if (rank_ <= 1) return {};
  return Shape(std::span<const std::int64_t>(axes_.data() + 1, rank_ - 1));
}

std::string Shape::to_string() const {
  if (rank_ == 0) return "scalar";
  std::string text = std::to_string(axes_[0]);
  for (int axis = 1; axis < rank_; ++axis) text += "x" + std::to_string(axes_[axis]);
  return text;
}

bool operator==(const Shape& a, const Shape& b) {
  return a.rank_ == b.rank_ &&
         std::equal(a.axes_.begin(), a.axes_.begin() + a.rank_, b.axes_.begin());
}

}  // namespace gradvar

// tensor: an owning, contiguous, row-major block of numbers, 64-byte aligned.
//
// Tensors are what crosses a boundary: data, weights, results. Values inside a step live in an
// arena instead (tape.h), so a tensor needs no views, no reference counts and no strides.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "autograd/shape.h"

namespace gradvar {

inline constexpr std::size_t kAlignment = 64;  // bytes: one cache line, one AVX-512 register

template <class Real>
class Tensor {
 public:
  Tensor() = default;
  // Filled with zeros.
  explicit Tensor(const Shape& shape);
  // REQUIRES: values.size() == shape.size().
  Tensor(const Shape& shape, std::span<const Real> values);
  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  Tensor(Tensor&& other) noexcept;
  Tensor& operator=(Tensor&& other) noexcept;
  ~Tensor() = default;

  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::int64_t rows() const { return shape_.rows(); }
  [[nodiscard]] std::int64_t row_size() const { return shape_.row_size(); }

  [[nodiscard]] Real* data() { return data_.get(); }
  [[nodiscard]] const Real* data() const { return data_.get(); }
  [[nodiscard]] std::span<Real> values() { return {data(), static_cast<std::size_t>(size_)}; }
  [[nodiscard]] std::span<const Real> values() const {
    return {data(), static_cast<std::size_t>(size_)};
  }
  [[nodiscard]] std::span<Real> row(std::int64_t n) {
    return values().subspan(n * row_size(), row_size());
  }
  [[nodiscard]] std::span<const Real> row(std::int64_t n) const {
    return values().subspan(n * row_size(), row_size());
  }
  Real& operator[](std::int64_t i) { return data_.get()[i]; }
  Real operator[](std::int64_t i) const { return data_.get()[i]; }

  // The same elements under another shape. Throws std::invalid_argument when the sizes differ.
  void reshape(const Shape& shape);
  // Rows begin .. begin + count as a new tensor.
  [[nodiscard]] Tensor rows_copy(std::int64_t begin, std::int64_t count) const;

 private:
  struct Free {
    void operator()(Real* p) const;
  };
  Shape shape_{0};
  std::int64_t size_ = 0;
  std::unique_ptr<Real[], Free> data_;
};

// Every element converted, for instance f64 to f32.
template <class To, class From>
[[nodiscard]] Tensor<To> convert(const Tensor<From>& from) {
  Tensor<To> to(from.shape());
  for (std::int64_t i = 0; i < from.size(); ++i) to[i] = static_cast<To>(from[i]);
  return to;
}

}  // namespace gradvar

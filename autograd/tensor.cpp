#include "autograd/tensor.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <utility>

namespace gradvar {

namespace {

template <class Real>
Real* allocate(std::int64_t size) {
  const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(Real);
  const std::size_t whole_lines = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, std::max(whole_lines, kAlignment));
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<Real*>(memory);
}

}  // namespace

template <class Real>
void Tensor<Real>::Free::operator()(Real* p) const {
  std::free(p);
}

template <class Real>
Tensor<Real>::Tensor(const Shape& shape)
    : shape_(shape), size_(shape.size()), data_(allocate<Real>(size_)) {
  std::fill_n(data(), size_, Real(0));
}

template <class Real>
Tensor<Real>::Tensor(const Shape& shape, std::span<const Real> values)
    : shape_(shape), size_(shape.size()), data_(allocate<Real>(size_)) {
  if (static_cast<std::int64_t>(values.size()) != size_) {
    throw std::invalid_argument("[tensor] " + std::to_string(values.size()) +
                                " values given for the shape " + shape.to_string());
  }
  std::copy(values.begin(), values.end(), data());
}

template <class Real>
Tensor<Real>::Tensor(const Tensor& other) : Tensor(other.shape_, other.values()) {}

template <class Real>
Tensor<Real>& Tensor<Real>::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

template <class Real>
Tensor<Real>::Tensor(Tensor&& other) noexcept
    : shape_(std::exchange(other.shape_, Shape{0})),
      size_(std::exchange(other.size_, 0)),
      data_(std::move(other.data_)) {}

template <class Real>
Tensor<Real>& Tensor<Real>::operator=(Tensor&& other) noexcept {
  shape_ = std::exchange(other.shape_, Shape{0});
  size_ = std::exchange(other.size_, 0);
  data_ = std::move(other.data_);
  return *this;
}

template <class Real>
void Tensor<Real>::reshape(const Shape& shape) {
  if (shape.size() != size_) {
    throw std::invalid_argument("[tensor] " + shape_.to_string() + " cannot be reshaped to " +
                                shape.to_string() + ": the sizes differ");
  }
  shape_ = shape;
}

template <class Real>
Tensor<Real> Tensor<Real>::rows_copy(std::int64_t begin, std::int64_t count) const {
  return Tensor(shape_.with_rows(count), values().subspan(begin * row_size(), count * row_size()));
}

template class Tensor<float>;
template class Tensor<double>;

}  // namespace gradvar

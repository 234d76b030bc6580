// parameters: the named tensors a model learns, kept in one flat block.
//
// One block makes every optimiser, average and norm a loop over a span, and gives every statistic
// its place: parameter k owns [offset, offset + size) of any array laid out like it. Offsets are
// multiples of 64 bytes' worth of floats; the padding between parameters is zero and stays zero.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/tensor.h"

namespace gradvar {

struct ParameterId {
  std::int32_t index = -1;
  friend bool operator==(ParameterId, ParameterId) = default;
};

struct ParameterInfo {
  std::string name;  // "net.0.weight", as PyTorch's state_dict has it
  Shape shape;
  std::int64_t offset = 0;  // in elements
  [[nodiscard]] std::int64_t size() const { return shape.size(); }
  // The layer it belongs to: the name without its last part, "net.0".
  [[nodiscard]] std::string_view layer() const;
};

class ParameterLayout {
 public:
  // Throws std::invalid_argument when the name is taken.
  ParameterId add(std::string name, const Shape& shape);

  [[nodiscard]] int count() const { return static_cast<int>(infos_.size()); }
  [[nodiscard]] std::span<const ParameterInfo> infos() const { return infos_; }
  [[nodiscard]] const ParameterInfo& operator[](ParameterId id) const { return infos_[id.index]; }
  [[nodiscard]] std::optional<ParameterId> find(std::string_view name) const;
  // Elements of a flat array with padding, and of the parameters alone.
  [[nodiscard]] std::int64_t padded_size() const { return padded_size_; }
  [[nodiscard]] std::int64_t parameter_count() const;
  // Layer names in order of first appearance.
  [[nodiscard]] std::vector<std::string> layers() const;
  // Whether every parameter has the same place and shape there. Names do not matter.
  [[nodiscard]] bool same_places(const ParameterLayout& other) const;
  // The part of a flat array that belongs to one parameter.
  template <class T>
  [[nodiscard]] std::span<T> slice(std::span<T> flat, ParameterId id) const {
    const ParameterInfo& info = infos_[id.index];
    return flat.subspan(info.offset, info.size());
  }

 private:
  std::vector<ParameterInfo> infos_;
  std::int64_t padded_size_ = 0;
};

template <class Real>
class ParameterSet {
 public:
  // A new parameter of zeros.
  ParameterId add(std::string name, const Shape& shape);

  [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
  [[nodiscard]] const ParameterInfo& info(ParameterId id) const { return layout_[id]; }
  [[nodiscard]] std::span<Real> flat() { return flat_.values(); }
  [[nodiscard]] std::span<const Real> flat() const { return flat_.values(); }
  [[nodiscard]] std::span<Real> values(ParameterId id) { return layout_.slice(flat(), id); }
  [[nodiscard]] std::span<const Real> values(ParameterId id) const {
    return layout_.slice(flat(), id);
  }

 private:
  ParameterLayout layout_;
  Tensor<Real> flat_;
};

}  // namespace gradvar

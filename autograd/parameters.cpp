#include "autograd/parameters.h"

#include <algorithm>

#include "autograd/check.h"

namespace gradvar {

namespace {

constexpr std::int64_t kOffsetMultiple = 16;  // 64 bytes of f32, 128 of f64

}  // namespace

std::string_view ParameterInfo::layer() const {
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::string_view(name) : std::string_view(name).substr(0, dot);
}

ParameterId ParameterLayout::add(std::string name, const Shape& shape) {
  check(!find(name).has_value(), "parameters", [&] { return "the name '" + name + "' is taken"; });
  infos_.push_back({.name = std::move(name), .shape = shape, .offset = padded_size_});
  padded_size_ += (shape.size() + kOffsetMultiple - 1) / kOffsetMultiple * kOffsetMultiple;
  return {count() - 1};
}

std::optional<ParameterId> ParameterLayout::find(std::string_view name) const {
  for (int i = 0; i < count(); ++i) {
    if (infos_[i].name == name) return ParameterId{i};
  }
  return std::nullopt;
}

std::int64_t ParameterLayout::parameter_count() const {
  std::int64_t total = 0;
  for (const ParameterInfo& info : infos_) total += info.size();
  return total;
}

std::vector<std::string> ParameterLayout::layers() const {
  std::vector<std::string> layers;
  for (const ParameterInfo& info : infos_) {
    const std::string layer(info.layer());
    if (std::find(layers.begin(), layers.end(), layer) == layers.end()) layers.push_back(layer);
  }
  return layers;
}

bool ParameterLayout::same_places(const ParameterLayout& other) const {
  return std::equal(infos_.begin(), infos_.end(), other.infos_.begin(), other.infos_.end(),
                    [](const ParameterInfo& a, const ParameterInfo& b) {
                      return a.shape == b.shape && a.offset == b.offset;
                    });
}

template <class Real>
ParameterId ParameterSet<Real>::add(std::string name, const Shape& shape) {
  const ParameterId id = layout_.add(std::move(name), shape);
  Tensor<Real> grown(Shape{layout_.padded_size()});
  std::copy(flat_.values().begin(), flat_.values().end(), grown.data());
  flat_ = std::move(grown);
  return id;
}

template class ParameterSet<float>;
template class ParameterSet<double>;

}  // namespace gradvar

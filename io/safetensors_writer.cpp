#include <algorithm>
#include <bit>
#include <utility>

#include "autograd/check.h"
#include "io/atomic_file.h"
#include "io/json_scanner.h"
#include "io/safetensors.h"

namespace gradvar {

static_assert(std::endian::native == std::endian::little, "the format's numbers are copied as is");

namespace {

constexpr std::string_view kWhere = "safetensors";

void check_utf8(const std::string& what, const std::string& text) {
  check(first_invalid_utf8(text) == std::string_view::npos, kWhere, what + " is not UTF-8");
}

}  // namespace

template <class Real>
void SafetensorsWriter::add(const std::string& name, const Shape& shape,
                            std::span<const Real> values) {
  check_utf8("the name '" + name + "'", name);
  check(!name.empty() && name != "__metadata__", kWhere, "a tensor cannot be named '" + name + "'");
  check(static_cast<std::int64_t>(values.size()) == shape.size(), kWhere,
        "'" + name + "' has " + std::to_string(values.size()) + " values, its shape " +
            shape.to_string() + " needs " + std::to_string(shape.size()));
  Entry entry{.dtype = sizeof(Real) == 8 ? "F64" : "F32", .shape = shape, .bytes = {}};
  entry.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  check(entries_.emplace(name, std::move(entry)).second, kWhere, "'" + name + "' is added twice");
}

void SafetensorsWriter::set_metadata(const std::string& key, const std::string& value) {
  check_utf8("the metadata key '" + key + "'", key);
  check_utf8("the metadata of '" + key + "'", value);
  metadata_[key] = value;
}

void SafetensorsWriter::write(const std::string& path) const {
  std::vector<std::pair<std::string_view, const Entry*>> order;
  for (const auto& [name, entry] : entries_) order.emplace_back(name, &entry);
  std::stable_partition(order.begin(), order.end(),
                        [](const auto& named) { return named.second->dtype == "F64"; });

  std::string header = "{";
  const auto separate = [&] { header += header.back() == '{' ? "" : ","; };
  if (!metadata_.empty()) {
    header += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata_) {
      separate();
      header += json_quoted(key) + ":" + json_quoted(value);
    }
    header += '}';
  }
  std::size_t offset = 0;
  for (const auto& [name, entry] : order) {
    separate();
    header += json_quoted(name) + ":{\"dtype\":\"" + entry->dtype + "\",\"shape\":[";
    for (int axis = 0; axis < entry->shape.rank(); ++axis) {
      header += (axis == 0 ? "" : ",") + std::to_string(entry->shape[axis]);
    }
    header += "],\"data_offsets\":[" + std::to_string(offset) + ",";
    offset += entry->bytes.size();
    header += std::to_string(offset) + "]}";
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8

  const std::uint64_t length = header.size();
  std::vector<std::string_view> pieces{{reinterpret_cast<const char*>(&length), sizeof length},
                                       header};
  for (const auto& [name, entry] : order) pieces.emplace_back(entry->bytes);
  write_file(path, pieces);
}

template void SafetensorsWriter::add(const std::string&, const Shape&, std::span<const float>);
template void SafetensorsWriter::add(const std::string&, const Shape&, std::span<const double>);

}  // namespace gradvar

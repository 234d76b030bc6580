#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "io/atomic_file.h"
#include "io/json_scanner.h"
#include "io/safetensors.h"

namespace gradvar {

static_assert(std::endian::native == std::endian::little, "the format's numbers are copied as is");

namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kLargestHeader = 100'000'000;  // bytes; the reference reader's limit

// Every type of the format whose elements are whole bytes. The reader knows their sizes, to check
// the offsets, also where it does not convert their values.
struct DtypeSize {
  std::string_view name;
  std::int64_t bytes;
};
constexpr std::array<DtypeSize, 17> kDtypes{{{"BOOL", 1},
                                             {"U8", 1},
                                             {"I8", 1},
                                             {"F8_E5M2", 1},
                                             {"F8_E4M3", 1},
                                             {"F8_E8M0", 1},
                                             {"U16", 2},
                                             {"I16", 2},
                                             {"F16", 2},
                                             {"BF16", 2},
                                             {"U32", 4},
                                             {"I32", 4},
                                             {"F32", 4},
                                             {"U64", 8},
                                             {"I64", 8},
                                             {"F64", 8},
                                             {"C64", 8}}};

std::optional<std::int64_t> bytes_of(std::string_view dtype) {
  for (const DtypeSize& known : kDtypes) {
    if (known.name == dtype) return known.bytes;
  }
  return std::nullopt;
}

// IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits.
double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1F, fraction = bits & 0x3FF;
  const std::uint64_t sign = static_cast<std::uint64_t>(bits >> 15) << 63;
  if (exponent == 0) {  // zero and subnormals: fraction times 2^-24
    const double magnitude = fraction * 0x1p-24;
    return sign != 0 ? -magnitude : magnitude;
  }
  // Rebias 15 to 1023; all ones (infinity, NaN) stay all ones.
  const std::uint64_t wide = exponent == 0x1F ? 0x7FF : static_cast<std::uint64_t>(exponent) + 1008;
  return std::bit_cast<double>(sign | wide << 52 | static_cast<std::uint64_t>(fraction) << 42);
}

// bfloat16 is the upper half of an f32.
float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

// Reads elements of type Stored and converts each one.
template <class Stored, class Real, class Convert>
void copy_values(const char* from, Tensor<Real>& to, const Convert& convert_one) {
  for (std::int64_t i = 0; i < to.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, from + i * static_cast<std::int64_t>(sizeof(Stored)), sizeof(Stored));
    to[i] = static_cast<Real>(convert_one(stored));
  }
}

template <class Stored, class Real>
void copy_values(const char* from, Tensor<Real>& to) {
  copy_values<Stored>(from, to, [](Stored stored) { return stored; });
}

}  // namespace

SafetensorsFile SafetensorsFile::read(const std::string& path) {
  SafetensorsFile file;
  file.path_ = path;
  file.bytes_ = read_file(path);
  const std::string& bytes = file.bytes_;
  if (bytes.size() < kLengthBytes) {
    refuse_file(path, "the file has " + std::to_string(bytes.size()) +
                          " bytes, expected at least the 8 of a safetensors header's length");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  const std::string says = "the header should be " + std::to_string(length) + " bytes long, ";
  if (length > kLargestHeader) refuse_file(path, says + "at most 100000000 are allowed");
  if (length > bytes.size() - kLengthBytes) {
    refuse_file(path, says + "the file has " + std::to_string(bytes.size() - kLengthBytes) +
                          " after the length");
  }
  file.data_at_ = kLengthBytes + length;
  file.parse_header(std::string_view(bytes).substr(kLengthBytes, length));
  file.check_coverage(static_cast<std::int64_t>(bytes.size() - file.data_at_));
  return file;
}

void SafetensorsFile::parse_header(std::string_view header) {
  if (!header.starts_with('{')) refuse_file(path_, "the header does not begin with '{'");
  JsonScanner json(path_, header);
  json.object([&](const std::string& name) {
    if (name == "__metadata__") {
      json.object([&](const std::string& key) { metadata_[key] = json.string("metadata"); });
      return;
    }
    const std::string tensor = "tensor '" + name + "' ";
    Entry entry;
    std::vector<std::int64_t> axes, offsets;
    bool has_shape = false;
    json.object([&](const std::string& key) {
      if (key == "dtype") {
        entry.dtype = json.string("dtype");
        if (!bytes_of(entry.dtype)) {
          json.refuse(tensor + "has the unknown dtype '" + entry.dtype + "'");
        }
      } else if (key == "shape") {
        has_shape = true;
        json.array([&] { axes.push_back(json.whole_number("an axis of the shape")); });
      } else if (key == "data_offsets") {
        json.array([&] { offsets.push_back(json.whole_number("an offset")); });
        if (offsets.size() != 2) json.refuse(tensor + "needs two data_offsets, begin and end");
      } else {
        json.refuse(tensor + "has the key '" + key + "', expected dtype, shape and data_offsets");
      }
    });
    if (entry.dtype.empty()) json.refuse(tensor + "has no dtype");
    if (!has_shape) json.refuse(tensor + "has no shape");
    if (offsets.empty()) json.refuse(tensor + "has no data_offsets");
    if (axes.size() > Shape::kMaxRank) {
      json.refuse(tensor + "has " + std::to_string(axes.size()) + " axes, at most " +
                  std::to_string(Shape::kMaxRank) + " are supported");
    }
    // Axes of 0 are left out of the product, so that no part of it can overflow either.
    std::int64_t bytes = *bytes_of(entry.dtype);
    for (const std::int64_t axis : axes) {
      if (axis != 0 && __builtin_mul_overflow(bytes, axis, &bytes)) {
        json.refuse(tensor + "has a shape whose size overflows 64 bits");
      }
    }
    entry.shape = Shape(std::span<const std::int64_t>(axes));
    if (entry.shape.size() == 0) bytes = 0;
    entry.begin = offsets[0];
    entry.end = offsets[1];
    if (entry.begin > entry.end) {
      json.refuse(tensor + "ends at byte " + std::to_string(entry.end) + " before it begins at " +
                  std::to_string(entry.begin));
    }
    if (entry.end - entry.begin != bytes) {
      json.refuse(tensor + "spans " + std::to_string(entry.end - entry.begin) + " bytes, " +
                  entry.dtype + " of shape " + entry.shape.to_string() + " needs " +
                  std::to_string(bytes));
    }
    entries_.emplace(name, entry);
  });
  json.finish();
}

// The spans, put in order, must follow each other from the first byte of the data to the last.
void SafetensorsFile::check_coverage(std::int64_t data_bytes) const {
  std::vector<std::pair<std::string, const Entry*>> order;
  for (const auto& [name, entry] : entries_) order.emplace_back(name, &entry);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
  });
  std::int64_t covered = 0;
  for (const auto& [name, entry] : order) {
    const std::string tensor = "tensor '" + name + "' ";
    if (entry->end > data_bytes) {
      refuse_file(path_, tensor + "ends at byte " + std::to_string(entry->end) + " of " +
                             std::to_string(data_bytes) + " bytes of data");
    }
    if (entry->begin < covered) {
      refuse_file(path_, tensor + "begins at byte " + std::to_string(entry->begin) +
                             " and overlaps the tensor before it, which ends at byte " +
                             std::to_string(covered));
    }
    if (entry->begin > covered) {
      refuse_file(path_, "bytes " + std::to_string(covered) + " to " +
                             std::to_string(entry->begin) + " before " + tensor +
                             "belong to no tensor");
    }
    covered = entry->end;
  }
  if (covered != data_bytes) {
    refuse_file(path_,
                "the last " + std::to_string(data_bytes - covered) + " bytes belong to no tensor");
  }
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

const SafetensorsFile::Entry& SafetensorsFile::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return found->second;
  std::string list;
  for (const std::string& other : names()) list += (list.empty() ? "" : ", ") + other;
  refuse_file(path_,
              "there is no tensor '" + name + "'; the file has " + (list.empty() ? "none" : list));
}

template <class Real>
Tensor<Real> SafetensorsFile::tensor(const std::string& name) const {
  const Entry& stored = entry(name);
  Tensor<Real> values(stored.shape);
  const char* from = bytes_.data() + data_at_ + stored.begin;
  if (stored.dtype == "F32") {
    copy_values<float>(from, values);
  } else if (stored.dtype == "F64") {
    copy_values<double>(from, values);
  } else if (stored.dtype == "F16") {
    copy_values<std::uint16_t>(from, values, half_to_double);
  } else if (stored.dtype == "BF16") {
    copy_values<std::uint16_t>(from, values, bfloat_to_float);
  } else if (stored.dtype == "I64") {
    copy_values<std::int64_t>(from, values);
  } else if (stored.dtype == "I32") {
    copy_values<std::int32_t>(from, values);
  } else {
    refuse_file(path_, "tensor '" + name + "' is " + stored.dtype +
                           ", expected F64, F32, F16, BF16, I64 or I32");
  }
  return values;
}

template Tensor<float> SafetensorsFile::tensor(const std::string&) const;
template Tensor<double> SafetensorsFile::tensor(const std::string&) const;

}  // namespace gradvar

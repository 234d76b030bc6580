// safetensors: named tensors in a file that other programs read, PyTorch among them.
//
// The format (github.com/huggingface/safetensors):
//   8 bytes    length of the header, little-endian
//   header     JSON {"name": {"dtype": "F32", "shape": [2,3], "data_offsets": [begin, end]}, ...,
//              "__metadata__": {"key": "value"}}, spaces at the end
//   data       the tensors, row-major and little-endian; the offsets count from its first byte and
//              cover it exactly, without holes or overlaps
// A reader must not believe a header: every disagreement has its own sentence naming the file.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/tensor.h"

namespace gradvar {

class SafetensorsFile {
 public:
  // Throws std::invalid_argument when the file cannot be read or breaks the format.
  [[nodiscard]] static SafetensorsFile read(const std::string& path);

  // Names in alphabetical order.
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool contains(const std::string& name) const { return entries_.contains(name); }
  // These three throw std::invalid_argument when there is no such tensor, naming those there are.
  [[nodiscard]] const Shape& shape(const std::string& name) const { return entry(name).shape; }
  // "F32", "I64", ...: the format's own words.
  [[nodiscard]] const std::string& dtype(const std::string& name) const {
    return entry(name).dtype;
  }
  // The values converted to Real from F64, F32, F16, BF16, I64 or I32, rounded to nearest where
  // they do not fit. Throws std::invalid_argument for the format's other types.
  template <class Real>
  [[nodiscard]] Tensor<Real> tensor(const std::string& name) const;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Entry {
    std::string dtype;
    Shape shape;
    std::int64_t begin = 0, end = 0;  // bytes within the data
  };
  [[nodiscard]] const Entry& entry(const std::string& name) const;
  void parse_header(std::string_view header);
  void check_coverage(std::int64_t data_bytes) const;

  std::string path_;
  std::string bytes_;        // the whole file
  std::size_t data_at_ = 0;  // where the data begins in it
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

class SafetensorsWriter {
 public:
  // Copies the values; float becomes F32, double F64. Throws std::invalid_argument for a name that
  // is empty, reserved, not UTF-8 or given before, and when values do not fill the shape.
  template <class Real>
  void add(const std::string& name, const Shape& shape, std::span<const Real> values);
  template <class Real>
  void add(const std::string& name, const Tensor<Real>& tensor) {
    add<Real>(name, tensor.shape(), tensor.values());
  }
  // The last value of a key counts. Throws std::invalid_argument for text that is not UTF-8.
  void set_metadata(const std::string& key, const std::string& value);
  // Writes the file atomically, see atomic_file.h. The bytes depend on what was added, not on the
  // order: wide types first, so that every tensor is aligned to its type, then by name.
  void write(const std::string& path) const;

 private:
  struct Entry {
    std::string dtype;
    Shape shape;
    std::string bytes;
  };
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace gradvar

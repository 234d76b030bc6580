#include "io/npy.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

#include "io/atomic_file.h"

namespace gradvar {

static_assert(std::endian::native == std::endian::little, "the format's numbers are copied as is");

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionEnd = 8;  // the magic and two bytes of version

struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::int64_t> axes;
};

// Reads the dictionary. `at` is where it begins in the file, for the errors.
class HeaderReader {
 public:
  HeaderReader(const std::string& path, std::string_view text, std::size_t at)
      : path_(path), text_(text), at_(at) {}

  Header read() {
    Header header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::string key = string();
      expect(':');
      bool& seen = key == "descr"           ? has_descr
                   : key == "fortran_order" ? has_order
                   : key == "shape"         ? has_shape
                                            : unknown(key);
      if (seen) refuse("the key '" + key + "' is given twice");
      seen = true;
      if (&seen == &has_descr) header.descr = string();
      if (&seen == &has_order) header.fortran_order = boolean();
      if (&seen == &has_shape) header.axes = tuple();
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (position_ != text_.size()) refuse("the header goes on after its closing brace");
    if (!has_descr) refuse("the header has no 'descr'");
    if (!has_order) refuse("the header has no 'fortran_order'");
    if (!has_shape) refuse("the header has no 'shape'");
    return header;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    refuse_file(path_, "byte " + std::to_string(at_ + position_) + ": " + what);
  }
  [[noreturn]] bool& unknown(const std::string& key) const {
    refuse("the header has the key '" + key + "', expected descr, fortran_order and shape");
  }

  void skip_space() {
    const std::size_t next = text_.find_first_not_of(" \t\r\n", position_);
    position_ = next == std::string_view::npos ? text_.size() : next;
  }

  bool take(char c) {
    skip_space();
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  void expect(char c) {
    if (!take(c)) refuse("expected '" + std::string(1, c) + "' in the header");
  }

  std::string string() {
    skip_space();
    const char quote = position_ < text_.size() ? text_[position_] : '\0';
    if (quote != '\'' && quote != '"') refuse("expected a string in the header");
    const std::size_t end = text_.find(quote, position_ + 1);
    if (end == std::string_view::npos) refuse("the string does not end");
    std::string value(text_.substr(position_ + 1, end - position_ - 1));
    position_ = end + 1;
    return value;
  }

  bool boolean() {
    skip_space();
    for (const std::string_view word : {"True", "False"}) {
      if (!text_.substr(position_).starts_with(word)) continue;
      position_ += word.size();
      return word == "True";
    }
    refuse("'fortran_order' is neither True nor False");
  }

  // (), (3,) or (3, 2): a comma is what makes a tuple of one.
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> axes;
    expect('(');
    while (!take(')')) {
      axes.push_back(axis());
      if (take(',')) continue;
      if (axes.size() == 1) refuse("expected ',' after the only axis of the shape");
      expect(')');
      break;
    }
    return axes;
  }

  std::int64_t axis() {
    skip_space();
    std::int64_t value = 0;
    const char* first = text_.data() + position_;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
    if (error == std::errc::result_out_of_range) refuse("an axis of the shape overflows 64 bits");
    if (error != std::errc()) refuse("expected a whole number in the shape");
    if (value < 0) refuse("an axis of the shape is negative");
    position_ += static_cast<std::size_t>(end - first);
    return value;
  }

  const std::string& path_;
  std::string_view text_;
  std::size_t at_;
  std::size_t position_ = 0;
};

template <class Stored>
void copy_elements(const char* from, Tensor<double>& to) {
  for (std::int64_t i = 0; i < to.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, from + i * static_cast<std::int64_t>(sizeof(Stored)), sizeof(Stored));
    to[i] = static_cast<double>(stored);
  }
}

// One supported dtype: its name, its size, and how to read it.
struct Dtype {
  std::string_view descr;
  std::int64_t bytes;
  void (*copy)(const char* from, Tensor<double>& to);
};
constexpr Dtype kNpyTypes[] = {{"<f8", 8, copy_elements<double>},
                               {"<f4", 4, copy_elements<float>},
                               {"<i8", 8, copy_elements<std::int64_t>},
                               {"<i4", 4, copy_elements<std::int32_t>},
                               {"|u1", 1, copy_elements<std::uint8_t>}};

const Dtype& find_dtype(const std::string& path, const std::string& descr) {
  for (const Dtype& dtype : kNpyTypes) {
    if (dtype.descr == descr) return dtype;
  }
  refuse_file(path, "the dtype is '" + descr + "', expected '<f8', '<f4', '<i8', '<i4' or '|u1'");
}

// Columns one after another, made rows one after another.
Tensor<double> transposed(const Tensor<double>& from, const Shape& shape) {
  Tensor<double> to(shape);
  for (std::int64_t r = 0; r < shape[0]; ++r) {
    for (std::int64_t c = 0; c < shape[1]; ++c) to[r * shape[1] + c] = from[c * shape[0] + r];
  }
  return to;
}

}  // namespace

Tensor<double> read_npy(const std::string& path) {
  const std::string bytes = read_file(path);
  const std::string_view all = bytes;
  if (!all.starts_with(kMagic)) refuse_file(path, "the file does not begin with \\x93NUMPY");
  if (all.size() < kVersionEnd) refuse_file(path, "the file ends within the version");
  const int major = static_cast<unsigned char>(all[6]), minor = static_cast<unsigned char>(all[7]);
  if (major < 1 || major > 3 || minor != 0) {
    refuse_file(path, "the version is " + std::to_string(major) + "." + std::to_string(minor) +
                          ", expected 1.0, 2.0 or 3.0");
  }
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::size_t header_at = kVersionEnd + length_bytes;
  if (all.size() < header_at) refuse_file(path, "the file ends within the header's length");
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + kVersionEnd, length_bytes);
  if (length > all.size() - header_at) {
    refuse_file(path, "the header should be " + std::to_string(length) +
                          " bytes long, the file has " + std::to_string(all.size() - header_at) +
                          " after the length");
  }
  const Header header = HeaderReader(path, all.substr(header_at, length), header_at).read();
  const Dtype& dtype = find_dtype(path, header.descr);

  if (header.axes.size() > Shape::kMaxRank) {
    refuse_file(path, "the array has " + std::to_string(header.axes.size()) + " axes, at most " +
                          std::to_string(Shape::kMaxRank) + " are supported");
  }
  // Axes of 0 are left out of the product, so that no part of it can overflow either.
  std::int64_t needed = dtype.bytes;
  for (const std::int64_t axis : header.axes) {
    if (axis != 0 && __builtin_mul_overflow(needed, axis, &needed)) {
      refuse_file(path, "the size of the shape overflows 64 bits");
    }
  }
  const Shape shape{std::span<const std::int64_t>(header.axes)};
  if (shape.size() == 0) needed = 0;
  const std::string_view data = all.substr(header_at + length);
  if (static_cast<std::int64_t>(data.size()) != needed) {
    refuse_file(path, "the file has " + std::to_string(data.size()) + " bytes of data, " +
                          header.descr + " of shape " + shape.to_string() + " needs " +
                          std::to_string(needed));
  }
  if (header.fortran_order && shape.rank() > 2) {
    refuse_file(path, "the array is in Fortran order with " + std::to_string(shape.rank()) +
                          " axes, expected C order or at most 2 axes");
  }
  Tensor<double> values(shape);
  dtype.copy(data.data(), values);
  return header.fortran_order && shape.rank() == 2 ? transposed(values, shape) : values;
}

template <class Real>
void write_npy(const std::string& path, const Tensor<Real>& values) {
  std::string header = "{'descr': '";
  header += sizeof(Real) == 8 ? "<f8" : "<f4";
  header += "', 'fortran_order': False, 'shape': (";
  for (int axis = 0; axis < values.shape().rank(); ++axis) {
    header += std::to_string(values.shape()[axis]) + ", ";
  }
  header += "), }";
  // The data begins at a multiple of 64 bytes, the header ends with a newline.
  constexpr std::size_t kPrefix = kVersionEnd + 2;
  const std::size_t padded = (kPrefix + header.size() + 1 + 63) / 64 * 64 - kPrefix;
  header.resize(padded - 1, ' ');
  header += '\n';

  const auto length = static_cast<std::uint16_t>(header.size());
  std::string prefix(kMagic);
  prefix += {'\x01', '\x00', static_cast<char>(length & 0xFF), static_cast<char>(length >> 8)};
  const std::string_view data(reinterpret_cast<const char*>(values.data()),
                              static_cast<std::size_t>(values.size()) * sizeof(Real));
  const std::string_view pieces[] = {prefix, header, data};
  write_file(path, pieces);
}

template void write_npy(const std::string&, const Tensor<float>&);
template void write_npy(const std::string&, const Tensor<double>&);

}  // namespace gradvar

#include "io/npy.h"

#include <gtest/gtest.h>
#include <vector>

#include "io/atomic_file.h"
#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::npy_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

// A file put together by hand; the length field has 2 bytes in version 1 and 4 later.
std::string npy_bytes(int version, const std::string& header, const std::string& data) {
  std::string bytes = "\x93NUMPY";
  bytes += {static_cast<char>(version), '\0'};
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
    bytes += static_cast<char>((header.size() >> (8 * i)) & 0xFF);
  }
  return bytes + header + data;
}

std::string header_of(const std::string& descr, bool fortran, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + shape + ", }   \n";
}

Tensor<double> from_bytes(const std::string& bytes) {
  const ScratchDirectory scratch;
  write_file(scratch / "a.npy", bytes);
  return read_npy(scratch / "a.npy");
}

std::string refusal(const std::string& bytes) {
  const ScratchDirectory scratch;
  const std::string path = scratch / "a.npy";
  write_file(path, bytes);
  const std::string error = error_of([&] { (void)read_npy(path); });
  return error.starts_with(path + ": ") ? error.substr(path.size() + 2) : error;
}

std::string header_refusal(const std::string& header) {
  return refusal(npy_bytes(1, header, std::string(8, '\0')));
}

void expect_values(const Tensor<double>& x, const Shape& shape, const std::vector<double>& values) {
  ASSERT_EQ(x.shape(), shape) << x.shape().to_string();
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(x.data()[i], values[i]);
}

TEST(Npy, ReadsEveryDtypeInEveryVersion) {
  const std::string ones_f4("\0\0\x80\x3F", 4), two_f8("\0\0\0\0\0\0\0\x40", 8);
  for (const int version : {1, 2, 3}) {
    const auto one = [&](const std::string& descr, const std::string& data) {
      return from_bytes(npy_bytes(version, header_of(descr, false, "(1,)"), data));
    };
    expect_values(one("<f4", ones_f4), Shape{1}, {1});
    expect_values(one("<f8", two_f8), Shape{1}, {2});
    expect_values(one("<i4", "\xFE\xFF\xFF\xFF"), Shape{1}, {-2});
    expect_values(one("<i8", "\xFD\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), Shape{1}, {-3});
    expect_values(one("|u1", "\xFF"), Shape{1}, {255});
  }
}

TEST(Npy, ReadsShapesOfAnyForm) {
  const auto bytes = [](const std::string& shape, const std::string& data) {
    return from_bytes(npy_bytes(1, header_of("|u1", false, shape), data));
  };
  expect_values(bytes("()", "\x05"), Shape{}, {5});
  expect_values(bytes("( 2 ,3)", "\1\2\3\4\5\6"), Shape{2, 3}, {1, 2, 3, 4, 5, 6});
  expect_values(bytes("(1, 2, 1,)", "\1\2"), Shape{1, 2, 1}, {1, 2});
  expect_values(bytes("(0, 3)", ""), Shape{0, 3}, {});
}

TEST(Npy, ReadsKeysInAnyOrderAndEitherQuote) {
  const std::string header = R"({"shape":(2,),"fortran_order":False,'descr':"|u1"})";
  expect_values(from_bytes(npy_bytes(1, header, "\1\2")), Shape{2}, {1, 2});
}

TEST(Npy, TurnsFortranOrderIntoRows) {
  const std::string data = "\1\2\3\4\5\6";  // columns (1, 2), (3, 4), (5, 6)
  expect_values(from_bytes(npy_bytes(1, header_of("|u1", true, "(2, 3)"), data)), Shape{2, 3},
                {1, 3, 5, 2, 4, 6});
  expect_values(from_bytes(npy_bytes(1, header_of("|u1", true, "(6,)"), data)), Shape{6},
                {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(refusal(npy_bytes(1, header_of("|u1", true, "(1, 2, 3)"), data)),
            "the array is in Fortran order with 3 axes, expected C order or at most 2 axes");
}

TEST(Npy, WritesTheseBytes) {
  const ScratchDirectory scratch;
  const float values[] = {1, 1};
  write_npy(scratch / "a.npy", Tensor<float>(Shape{2, 1}, values));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, ), }";
  header.resize(117, ' ');  // 128 bytes with the 10 before it and the newline
  const std::string data("\0\0\x80\x3F\0\0\x80\x3F", 8);
  EXPECT_EQ(read_file(scratch / "a.npy"), npy_bytes(1, header + "\n", data));
}

TEST(Npy, ReadsBackExactlyWhatWasWritten) {
  const ScratchDirectory scratch;
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{0}, Shape{7}, Shape{3, 0}, Shape{2, 3, 5}}) {
    Tensor<double> wide(shape);
    for (std::int64_t i = 0; i < wide.size(); ++i) wide[i] = 1.0 / static_cast<double>(i + 3);
    const Tensor<float> narrow = convert<float>(wide);
    write_npy(scratch / "wide.npy", wide);
    write_npy(scratch / "narrow.npy", narrow);
    const Tensor<double> wide_again = read_npy(scratch / "wide.npy");
    const Tensor<double> narrow_again = read_npy(scratch / "narrow.npy");
    ASSERT_EQ(wide_again.shape(), shape);
    ASSERT_EQ(narrow_again.shape(), shape);
    for (std::int64_t i = 0; i < wide.size(); ++i) {
      EXPECT_EQ(wide_again[i], wide[i]);
      EXPECT_EQ(narrow_again[i], static_cast<double>(narrow[i]));
    }
  }
}

TEST(Npy, RefusesATruncatedFile) {
  EXPECT_EQ(refusal(""), "the file does not begin with \\x93NUMPY");
  EXPECT_EQ(refusal("PK\x03\x04"), "the file does not begin with \\x93NUMPY");
  EXPECT_EQ(refusal("\x93NUMPY\x01"), "the file ends within the version");
  EXPECT_EQ(refusal(std::string("\x93NUMPY\x01\0\x10", 9)),
            "the file ends within the header's length");
  EXPECT_EQ(refusal(std::string("\x93NUMPY\x02\0\x10\0\0", 11)),
            "the file ends within the header's length");
  EXPECT_EQ(refusal(std::string("\x93NUMPY\x01\0\x10\0{}", 12)),
            "the header should be 16 bytes long, the file has 2 after the length");
}

TEST(Npy, RefusesAnotherVersion) {
  EXPECT_EQ(refusal(std::string("\x93NUMPY\x04\0", 8)),
            "the version is 4.0, expected 1.0, 2.0 or 3.0");
  EXPECT_EQ(refusal("\x93NUMPY\x01\x01"), "the version is 1.1, expected 1.0, 2.0 or 3.0");
}

TEST(Npy, RefusesAnotherDtype) {
  for (const std::string descr : {">f4", "<c16", "|b1", "<f2", "<u1"}) {
    EXPECT_EQ(header_refusal(header_of(descr, false, "(1,)")),
              "the dtype is '" + descr + "', expected '<f8', '<f4', '<i8', '<i4' or '|u1'");
  }
  EXPECT_EQ(header_refusal("{'descr': [('a', '<f4')], }"),
            "byte 20: expected a string in the header");
}

TEST(Npy, RefusesABrokenHeader) {
  EXPECT_EQ(header_refusal("['descr']"), "byte 10: expected '{' in the header");
  EXPECT_EQ(header_refusal("{descr: 1}"), "byte 11: expected a string in the header");
  EXPECT_EQ(header_refusal("{'descr"), "byte 11: the string does not end");
  EXPECT_EQ(header_refusal("{'descr' '<f4'}"), "byte 19: expected ':' in the header");
  EXPECT_EQ(header_refusal("{'descr': '<f4'"), "byte 25: expected '}' in the header");
  EXPECT_EQ(header_refusal("{'descr': '<f4' 'shape': ()}"), "byte 26: expected '}' in the header");
  EXPECT_EQ(header_refusal("{'descr': '<f4', 'descr': '<f4'}"),
            "byte 35: the key 'descr' is given twice");
  EXPECT_EQ(header_refusal("{'order': 1}"),
            "byte 19: the header has the key 'order', expected descr, fortran_order and shape");
  EXPECT_EQ(header_refusal("{'fortran_order': 0}"),
            "byte 28: 'fortran_order' is neither True nor False");
  EXPECT_EQ(header_refusal("{} x"), "byte 13: the header goes on after its closing brace");
}

TEST(Npy, RefusesAMissingKey) {
  EXPECT_EQ(header_refusal("{}"), "byte 12: the header has no 'descr'");
  EXPECT_EQ(header_refusal("{'descr': '<f4'}"), "byte 26: the header has no 'fortran_order'");
  EXPECT_EQ(header_refusal("{'descr': '<f4', 'fortran_order': True}"),
            "byte 49: the header has no 'shape'");
}

TEST(Npy, RefusesAShapeThatIsNone) {
  const auto shape = [](const std::string& text) {
    const std::string error = header_refusal("{'shape': " + text + "}");
    return error.substr(error.find(": ") + 2);
  };
  EXPECT_EQ(shape("[2]"), "expected '(' in the header");
  EXPECT_EQ(shape("(2)"), "expected ',' after the only axis of the shape");
  EXPECT_EQ(shape("(2, 3"), "expected ')' in the header");
  EXPECT_EQ(shape("(2, x)"), "expected a whole number in the shape");
  EXPECT_EQ(shape("(2, -3)"), "an axis of the shape is negative");
  EXPECT_EQ(shape("(99999999999999999999,)"), "an axis of the shape overflows 64 bits");
  EXPECT_EQ(header_refusal(header_of("<f4", false, "(4294967296, 4294967296)")),
            "the size of the shape overflows 64 bits");
  EXPECT_EQ(header_refusal(header_of("<f4", false, "(0, 4294967296, 4294967296)")),
            "the size of the shape overflows 64 bits");
  EXPECT_EQ(header_refusal(header_of("<f4", false, "(1, 1, 1, 1, 1, 1, 2)")),
            "the array has 7 axes, at most 6 are supported");
}

TEST(Npy, RefusesMissingOrSurplusData) {
  EXPECT_EQ(header_refusal(header_of("<f4", false, "(3,)")),
            "the file has 8 bytes of data, <f4 of shape 3 needs 12");
  EXPECT_EQ(header_refusal(header_of("<f4", false, "(1,)")),
            "the file has 8 bytes of data, <f4 of shape 1 needs 4");
  EXPECT_EQ(header_refusal(header_of("<f4", false, "(0,)")),
            "the file has 8 bytes of data, <f4 of shape 0 needs 0");
}

}  // namespace
}  // namespace gradvar::npy_test

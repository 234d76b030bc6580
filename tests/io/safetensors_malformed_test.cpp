// Every way in which a header can be wrong has its own sentence.

#include <gtest/gtest.h>
#include <utility>
#include <vector>

#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "tests/io/error_of.h"
#include "tests/io/safetensors_bytes.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::safetensors_malformed_test {
namespace {

using testing::error_of;
using testing::length_bytes;
using testing::safetensors_bytes;
using testing::ScratchDirectory;

// The refusal of these bytes, after the path, which it must begin with.
std::string refusal(const std::string& bytes) {
  const ScratchDirectory scratch;
  const std::string path = scratch / "a.safetensors";
  write_file(path, bytes);
  const std::string error = error_of([&] { (void)SafetensorsFile::read(path); });
  return error.starts_with(path + ": ") ? error.substr(path.size() + 2) : error;
}

// The refusal of this header with data of so many bytes.
std::string header_refusal(const std::string& header, std::size_t data = 0) {
  return refusal(safetensors_bytes(header, std::string(data, '\0')));
}

std::string without_position(const std::string& error) {
  if (!error.starts_with("header byte ")) return "no position: " + error;
  return error.substr(error.find(": ") + 2);
}

// The refusal of one tensor 'x' with this inside its braces.
std::string entry_refusal(const std::string& inside) {
  return without_position(header_refusal("{\"x\":{" + inside + "}}", 8));
}

// The refusal of one F32 tensor 'x' with this shape over 8 bytes.
std::string shape_refusal(const std::string& shape) {
  return entry_refusal(R"("dtype":"F32","data_offsets":[0,8],"shape":)" + shape);
}

// The refusal of tensors 'a', 'b', ... of single bytes, from begin to end each.
std::string spans_refusal(const std::vector<std::pair<int, int>>& spans, std::size_t data) {
  std::string header = "{";
  char name = 'a';
  for (const auto& [begin, end] : spans) {
    header += header == "{" ? "\"" : ",\"";
    header += name++;
    header += R"(":{"dtype":"U8","shape":[)" + std::to_string(end - begin) +
              R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
  }
  return header_refusal(header + "}", data);
}

TEST(SafetensorsMalformed, ATruncatedLength) {
  EXPECT_EQ(refusal(""),
            "the file has 0 bytes, expected at least the 8 of a safetensors header's length");
  EXPECT_EQ(refusal("1234567"),
            "the file has 7 bytes, expected at least the 8 of a safetensors header's length");
}

TEST(SafetensorsMalformed, ALengthBeyondTheFile) {
  EXPECT_EQ(refusal(length_bytes(3) + "{}"),
            "the header should be 3 bytes long, the file has 2 after the length");
  EXPECT_EQ(refusal(length_bytes(100'000'001) + "{}"),
            "the header should be 100000001 bytes long, at most 100000000 are allowed");
  EXPECT_EQ(refusal(length_bytes(~std::uint64_t{0}) + "{}"),
            "the header should be 18446744073709551615 bytes long, at most 100000000 are allowed");
}

TEST(SafetensorsMalformed, AHeaderThatIsNoObject) {
  EXPECT_EQ(header_refusal(""), "the header does not begin with '{'");
  EXPECT_EQ(header_refusal(" {}"), "the header does not begin with '{'");
  EXPECT_EQ(header_refusal("[]"), "the header does not begin with '{'");
}

TEST(SafetensorsMalformed, BadJson) {
  EXPECT_EQ(header_refusal("{\"x\":"), "header byte 5: the header ends, expected '{'");
  EXPECT_EQ(header_refusal("{\"x\":1}"), "header byte 5: found '1', expected '{'");
  EXPECT_EQ(header_refusal("{x:1}"), "header byte 1: found 'x', expected a key, a string");
  EXPECT_EQ(header_refusal("{}x"),
            "header byte 2: found 'x' after the closing brace, expected nothing but spaces");
  EXPECT_EQ(header_refusal("{\"\xFF\":1}"), "header byte 2: the bytes are not UTF-8");
}

TEST(SafetensorsMalformed, DuplicateKeys) {
  const std::string x = R"("x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  EXPECT_EQ(without_position(header_refusal("{" + x + "," + x + "}")),
            "the key 'x' is given twice");
  EXPECT_EQ(entry_refusal(R"("dtype":"U8","dtype":"U8")"), "the key 'dtype' is given twice");
  EXPECT_EQ(without_position(header_refusal(R"({"__metadata__":{"k":"","k":""}})")),
            "the key 'k' is given twice");
}

TEST(SafetensorsMalformed, MetadataThatIsNotText) {
  EXPECT_EQ(header_refusal(R"({"__metadata__":{"k":1}})"),
            "header byte 21: found '1', expected metadata, a string");
  EXPECT_EQ(header_refusal(R"({"__metadata__":"k"})"), "header byte 16: found '\"', expected '{'");
}

TEST(SafetensorsMalformed, EntriesThatMissOrInventAKey) {
  EXPECT_EQ(entry_refusal(R"("shape":[2],"data_offsets":[0,8])"), "tensor 'x' has no dtype");
  EXPECT_EQ(entry_refusal(R"("dtype":"F32","data_offsets":[0,8])"), "tensor 'x' has no shape");
  EXPECT_EQ(entry_refusal(R"("dtype":"F32","shape":[2])"), "tensor 'x' has no data_offsets");
  EXPECT_EQ(entry_refusal(R"("strides":[2])"),
            "tensor 'x' has the key 'strides', expected dtype, shape and data_offsets");
}

TEST(SafetensorsMalformed, AnUnknownDtype) {
  for (const std::string dtype : {"F128", "f32", ""}) {
    EXPECT_EQ(entry_refusal(R"("dtype":")" + dtype + "\""),
              "tensor 'x' has the unknown dtype '" + dtype + "'");
  }
  EXPECT_EQ(entry_refusal(R"("dtype":4)"), "found '4', expected dtype, a string");
}

TEST(SafetensorsMalformed, AShapeThatIsNone) {
  const std::string wanted = ", expected an axis of the shape, a whole number of 0 or more";
  EXPECT_EQ(shape_refusal("[-2]"), "found a negative number" + wanted);
  EXPECT_EQ(shape_refusal("[2.0]"), "found a fraction or an exponent" + wanted);
  EXPECT_EQ(shape_refusal("[99999999999999999999]"),
            "found a number that does not fit 64 bits" + wanted);
  EXPECT_EQ(shape_refusal("2"), "found '2', expected '['");
  EXPECT_EQ(shape_refusal("[1,1,1,1,1,1,2]"), "tensor 'x' has 7 axes, at most 6 are supported");
}

TEST(SafetensorsMalformed, AShapeThatOverflows) {
  const std::string overflow = "tensor 'x' has a shape whose size overflows 64 bits";
  EXPECT_EQ(shape_refusal("[4611686018427387904]"), overflow);
  EXPECT_EQ(shape_refusal("[4294967296,4294967296]"), overflow);
  EXPECT_EQ(shape_refusal("[0,4294967296,4294967296]"), overflow);
}

TEST(SafetensorsMalformed, AShapeThatDoesNotFillItsBytes) {
  EXPECT_EQ(shape_refusal("[3]"), "tensor 'x' spans 8 bytes, F32 of shape 3 needs 12");
  EXPECT_EQ(shape_refusal("[1]"), "tensor 'x' spans 8 bytes, F32 of shape 1 needs 4");
  EXPECT_EQ(shape_refusal("[0]"), "tensor 'x' spans 8 bytes, F32 of shape 0 needs 0");
  EXPECT_EQ(shape_refusal("[]"), "tensor 'x' spans 8 bytes, F32 of shape scalar needs 4");
}

TEST(SafetensorsMalformed, OffsetsThatAreNoSpan) {
  const std::string entry = R"("dtype":"U8","shape":[0],"data_offsets":)";
  EXPECT_EQ(entry_refusal(entry + "[0]"), "tensor 'x' needs two data_offsets, begin and end");
  EXPECT_EQ(entry_refusal(entry + "[0,8,8]"), "tensor 'x' needs two data_offsets, begin and end");
  EXPECT_EQ(entry_refusal(entry + "[-1,8]"),
            "found a negative number, expected an offset, a whole number of 0 or more");
  EXPECT_EQ(entry_refusal(entry + "[8,4]"), "tensor 'x' ends at byte 4 before it begins at 8");
}

TEST(SafetensorsMalformed, SpansThatDoNotCoverTheData) {
  EXPECT_EQ(spans_refusal({{0, 4}}, 3), "tensor 'a' ends at byte 4 of 3 bytes of data");
  EXPECT_EQ(spans_refusal({{0, 4}, {3, 5}}, 5),
            "tensor 'b' begins at byte 3 and overlaps the tensor before it, which ends at byte 4");
  EXPECT_EQ(spans_refusal({{0, 4}, {0, 4}}, 4),
            "tensor 'b' begins at byte 0 and overlaps the tensor before it, which ends at byte 4");
  EXPECT_EQ(spans_refusal({{6, 8}, {0, 4}}, 8),
            "bytes 4 to 6 before tensor 'a' belong to no tensor");
  EXPECT_EQ(spans_refusal({{1, 4}}, 4), "bytes 0 to 1 before tensor 'a' belong to no tensor");
  EXPECT_EQ(spans_refusal({{0, 4}}, 6), "the last 2 bytes belong to no tensor");
  EXPECT_EQ(header_refusal("{}", 5), "the last 5 bytes belong to no tensor");
}

}  // namespace
}  // namespace gradvar::safetensors_malformed_test

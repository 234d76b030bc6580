#include "io/safetensors.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "io/atomic_file.h"
#include "tests/io/error_of.h"
#include "tests/io/safetensors_bytes.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::safetensors_test {
namespace {

using testing::error_of;
using testing::safetensors_bytes;
using testing::ScratchDirectory;

SafetensorsFile from_bytes(const std::string& bytes) {
  const ScratchDirectory scratch;
  write_file(scratch / "a.safetensors", bytes);
  return SafetensorsFile::read(scratch / "a.safetensors");
}

// One tensor 'x' [n] of the dtype from raw bytes.
SafetensorsFile one_tensor(const std::string& dtype, std::int64_t n, const std::string& data) {
  return from_bytes(safetensors_bytes(R"({"x":{"dtype":")" + dtype + R"(","shape":[)" +
                                          std::to_string(n) + R"(],"data_offsets":[0,)" +
                                          std::to_string(data.size()) + "]}}",
                                      data));
}

TEST(Safetensors, RoundTripsF32AndF64) {
  const ScratchDirectory scratch;
  const std::vector<float> narrow{1.5F, -0.1F, std::numeric_limits<float>::denorm_min()};
  const std::vector<double> wide{1.0 / 3.0, -0.0, 1e300, std::numeric_limits<double>::infinity()};
  const float scalar = 7;
  SafetensorsWriter writer;
  writer.add("a.narrow", Tensor<float>(Shape{3}, narrow));
  writer.add<double>("wide", Shape{2, 2}, wide);
  writer.add<float>("scalar", Shape{}, {&scalar, 1});
  writer.add("empty", Tensor<float>(Shape{0, 4}));
  writer.set_metadata("format", "pt");
  writer.set_metadata("note", "a \"quoted\"\nline, \u20AC");
  writer.write(scratch / "a.safetensors");

  const SafetensorsFile file = SafetensorsFile::read(scratch / "a.safetensors");
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a.narrow", "empty", "scalar", "wide"}));
  EXPECT_TRUE(file.contains("wide"));
  EXPECT_FALSE(file.contains("narrow"));
  EXPECT_EQ(file.dtype("a.narrow"), "F32");
  EXPECT_EQ(file.dtype("wide"), "F64");
  EXPECT_EQ(file.shape("wide"), (Shape{2, 2}));
  EXPECT_EQ(file.shape("scalar"), Shape{});
  EXPECT_EQ(file.shape("empty"), (Shape{0, 4}));
  const Tensor<float> narrow_again = file.tensor<float>("a.narrow");
  const Tensor<double> wide_again = file.tensor<double>("wide");
  for (std::int64_t i = 0; i < 3; ++i) EXPECT_EQ(narrow_again[i], narrow[i]);
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_EQ(wide_again[i], wide[i]);
  EXPECT_TRUE(std::signbit(wide_again[1]));
  EXPECT_EQ(file.tensor<double>("scalar")[0], 7);
  EXPECT_EQ(file.tensor<double>("empty").size(), 0);
  EXPECT_EQ(file.metadata().size(), 2u);
  EXPECT_EQ(file.metadata().at("note"), "a \"quoted\"\nline, \u20AC");
}

TEST(Safetensors, WritesTheseBytes) {
  const ScratchDirectory scratch;
  const float one = 1;
  const double two = 2;
  SafetensorsWriter writer;
  writer.add<float>("a", Shape{1}, {&one, 1});
  writer.add<double>("b", Shape{1, 1}, {&two, 1});
  writer.set_metadata("k", "v");
  writer.write(scratch / "a.safetensors");
  std::string header =
      R"({"__metadata__":{"k":"v"},"b":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::string data("\0\0\0\0\0\0\0\x40\0\0\x80\x3F", 12);
  EXPECT_EQ(read_file(scratch / "a.safetensors"), safetensors_bytes(header, data));
}

TEST(Safetensors, BytesDoNotDependOnTheOrderOfAdding) {
  const ScratchDirectory scratch;
  SafetensorsWriter ab, ba;
  ab.add("a", Tensor<float>(Shape{1}));
  ab.add("b", Tensor<float>(Shape{2}));
  ba.add("b", Tensor<float>(Shape{2}));
  ba.add("a", Tensor<float>(Shape{1}));
  ab.write(scratch / "ab");
  ba.write(scratch / "ba");
  EXPECT_EQ(read_file(scratch / "ab"), read_file(scratch / "ba"));
}

TEST(Safetensors, AnEmptyFileHasNoTensors) {
  EXPECT_TRUE(from_bytes(safetensors_bytes("{}", "")).names().empty());
  const ScratchDirectory scratch;
  SafetensorsWriter().write(scratch / "a.safetensors");
  EXPECT_TRUE(SafetensorsFile::read(scratch / "a.safetensors").names().empty());
}

TEST(Safetensors, ReadsTensorsInAnyOrderAndKeysInAnyOrder) {
  const SafetensorsFile file = from_bytes(
      safetensors_bytes(R"({"late":{"data_offsets":[1,3],"shape":[2],"dtype":"U8"},)"
                        R"("none":{"dtype":"F32","shape":[3,0],"data_offsets":[1,1]},)"
                        R"( "\u0065arly":{"dtype":"U8","data_offsets":[0,1],"shape":[]}}   )",
                        "abc"));
  EXPECT_EQ(file.names(), (std::vector<std::string>{"early", "late", "none"}));
}

TEST(Safetensors, ConvertsHalves) {
  // 1, -2, 65504 (largest), 2^-24 (smallest), 2^-14 (smallest normal), -0, infinity, NaN, 1/3
  const std::string data("\x00\x3C\x00\xC0\xFF\x7B\x01\x00\x00\x04\x00\x80\x00\x7C\x01\x7E\x55\x35",
                         18);
  const Tensor<double> x = one_tensor("F16", 9, data).tensor<double>("x");
  const double expected[] = {1, -2, 65504, 0x1p-24, 0x1p-14, 0};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(x[i], expected[i]) << i;
  EXPECT_TRUE(std::signbit(x[5]));
  EXPECT_EQ(x[6], std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(x[7]));
  EXPECT_EQ(x[8], 0.333251953125);
}

TEST(Safetensors, ConvertsBfloats) {
  const Tensor<float> x =
      one_tensor("BF16", 3, std::string("\x80\x3F\x49\xC0\x80\x7F", 6)).tensor<float>("x");
  EXPECT_EQ(x[0], 1.0F);
  EXPECT_EQ(x[1], -3.140625F);
  EXPECT_EQ(x[2], std::numeric_limits<float>::infinity());
}

TEST(Safetensors, ConvertsIntegersAndBetweenWidths) {
  EXPECT_EQ(one_tensor("I32", 1, "\xFE\xFF\xFF\xFF").tensor<double>("x")[0], -2);
  EXPECT_EQ(one_tensor("I64", 1, "\xFD\xFF\xFF\xFF\xFF\xFF\xFF\xFF").tensor<float>("x")[0], -3);
  EXPECT_EQ(one_tensor("F32", 1, std::string("\0\0\x80\x3F", 4)).tensor<double>("x")[0], 1);
  EXPECT_EQ(one_tensor("F64", 1, std::string("\0\0\0\0\0\0\0\x40", 8)).tensor<float>("x")[0], 2);
}

TEST(Safetensors, RefusesToConvertOtherTypes) {
  const std::string error = error_of([] { (void)one_tensor("U16", 1, "ab").tensor<float>("x"); });
  EXPECT_TRUE(
      error.ends_with("a.safetensors: tensor 'x' is U16, expected F64, F32, F16, BF16, I64 or I32"))
      << error;
}

TEST(Safetensors, NamesTheTensorsThereAreWhenOneIsMissing) {
  const SafetensorsFile file = one_tensor("U8", 1, "a");
  EXPECT_EQ(error_of([&] { (void)file.tensor<float>("y"); }),
            file.path() + ": there is no tensor 'y'; the file has x");
  const SafetensorsFile empty = from_bytes(safetensors_bytes("{}", ""));
  EXPECT_EQ(error_of([&] { (void)empty.shape("y"); }),
            empty.path() + ": there is no tensor 'y'; the file has none");
}

TEST(SafetensorsWriter, RefusesWhatItCannotWrite) {
  SafetensorsWriter writer;
  const float one = 1;
  const std::span<const float> values(&one, 1);
  writer.add("x", Shape{1}, values);
  EXPECT_EQ(error_of([&] { writer.add("x", Shape{1}, values); }),
            "[safetensors] 'x' is added twice");
  EXPECT_EQ(error_of([&] { writer.add("y", Shape{2}, values); }),
            "[safetensors] 'y' has 1 values, its shape 2 needs 2");
  EXPECT_EQ(error_of([&] { writer.add("__metadata__", Shape{1}, values); }),
            "[safetensors] a tensor cannot be named '__metadata__'");
  EXPECT_EQ(error_of([&] { writer.add("", Shape{1}, values); }),
            "[safetensors] a tensor cannot be named ''");
  EXPECT_EQ(error_of([&] { writer.add("\xFF", Shape{1}, values); }),
            "[safetensors] the name '\xFF' is not UTF-8");
  EXPECT_EQ(error_of([&] { writer.set_metadata("\xFF", ""); }),
            "[safetensors] the metadata key '\xFF' is not UTF-8");
  EXPECT_EQ(error_of([&] { writer.set_metadata("k", "\xFF"); }),
            "[safetensors] the metadata of 'k' is not UTF-8");
}

}  // namespace
}  // namespace gradvar::safetensors_test

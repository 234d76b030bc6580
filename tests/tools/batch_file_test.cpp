#include "tools/batch_file.h"

#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <optional>

#include "../io/error_of.h"
#include "../io/scratch_directory.h"
#include "io/atomic_file.h"
#include "io/safetensors.h"

namespace gradvar::batch_file_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

struct Named {
  Shape shape;
  std::vector<double> values;
};
using Tensors = std::map<std::string, Named>;

Tensors good() {
  return {{"x0", {{2, 3}, {1, 2, 3, 4, 5, 6}}},
          {"x1", {{2, 3}, {6, 5, 4, 3, 2, 1}}},
          {"t", {{2}, {0, 1}}}};
}

Tensors with(const std::string& name, std::optional<Named> tensor) {
  Tensors tensors = good();
  tensors.erase(name);
  if (tensor) tensors.emplace(name, *tensor);
  return tensors;
}

std::string write(const ScratchDirectory& scratch, const Tensors& tensors) {
  SafetensorsWriter writer;
  for (const auto& [name, tensor] : tensors) {
    writer.add<double>(name, tensor.shape, tensor.values);
  }
  writer.write(scratch / "batch.safetensors");
  return scratch / "batch.safetensors";
}

// What is said, without the path that begins it.
std::string refusal(const Tensors& tensors, const std::string& interpolant = "linear") {
  const ScratchDirectory scratch;
  const std::string path = write(scratch, tensors);
  const std::string error =
      error_of([&] { (void)read_batch<float>(path, Interpolant::parse(interpolant)); });
  return error.starts_with(path + ": ") ? error.substr(path.size() + 2) : error;
}

TEST(BatchFile, ReadsWhatIsThere) {
  const ScratchDirectory scratch;
  Tensors tensors = with("weight", Named{{2}, {0, 2.5}});
  const BatchFile<double> batch =
      read_batch<double>(write(scratch, tensors), Interpolant::parse("linear"));
  EXPECT_EQ(batch.x1[0], 6);
  EXPECT_EQ(batch.t[1], 1);
  EXPECT_EQ(batch.weight[1], 2.5);
  EXPECT_EQ(batch.z.size(), 0);
}

TEST(BatchFile, NoiseIsReadWhereTheInterpolantHasIt) {
  const ScratchDirectory scratch;
  const std::string path = write(scratch, with("z", Named{{2, 3}, {1, 1, 1, 1, 1, 9}}));
  EXPECT_EQ(read_batch<float>(path, Interpolant::parse("constant:sigma=0.1")).z[5], 9);
  EXPECT_EQ(read_batch<float>(path, Interpolant::parse("linear")).z.size(), 0);
}

TEST(BatchFile, NamesWhatIsMissingOrUnknown) {
  EXPECT_EQ(refusal(with("x0", {})), "the tensor 'x0' is missing");
  EXPECT_EQ(refusal(with("x1", {})), "the tensor 'x1' is missing");
  EXPECT_EQ(refusal(with("t", {})), "the tensor 't' is missing");
  EXPECT_EQ(refusal(with("y", Named{{1}, {1}})),
            "unknown tensor 'y', expected only x0, x1, t, z, weight");
  EXPECT_EQ(refusal(good(), "bridge:sigma=0.1"),
            "the interpolant bridge:sigma=0.1 needs noise, and the tensor 'z' is missing");
}

TEST(BatchFile, NamesWhatIsMisshapen) {
  EXPECT_EQ(refusal(with("x0", Named{{2}, {1, 2}})),
            "the tensor 'x0' is 2, expected at least one sample, Bxd");
  EXPECT_EQ(refusal(with("x0", Named{{0, 3}, {}})),
            "the tensor 'x0' is 0x3, expected at least one sample, Bxd");
  EXPECT_EQ(refusal(with("x1", Named{{3, 2}, {1, 2, 3, 4, 5, 6}})),
            "the tensor 'x1' is 3x2, expected 2x3 to go with x0");
  EXPECT_EQ(refusal(with("t", Named{{2, 1}, {0, 0}})),
            "the tensor 't' is 2x1, expected 2 to go with x0");
  EXPECT_EQ(refusal(with("weight", Named{{3}, {1, 1, 1}})),
            "the tensor 'weight' is 3, expected 2 to go with x0");
  EXPECT_EQ(refusal(with("z", Named{{2}, {1, 1}}), "constant:sigma=1"),
            "the tensor 'z' is 2, expected 2x3 to go with x0");
}

TEST(BatchFile, NamesTheSampleOfABadValue) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refusal(with("x1", Named{{2, 3}, {1, 1, 1, 1, kNan, 1}})),
            "row 1 of the tensor 'x1' holds nan, expected finite numbers");
  // Too large for f32, the precision that was asked for.
  EXPECT_EQ(refusal(with("x0", Named{{2, 3}, {1, 1, 1e300, 1, 1, 1}})),
            "row 0 of the tensor 'x0' holds inf, expected finite numbers");
  EXPECT_EQ(refusal(with("t", Named{{2}, {0.5, 1.5}})), "t of sample 1 is 1.5, expected 0 to 1");
  EXPECT_EQ(refusal(with("t", Named{{2}, {-0.25, 1}})), "t of sample 0 is -0.25, expected 0 to 1");
  EXPECT_EQ(refusal(with("weight", Named{{2}, {1, -1}})),
            "the weight of sample 1 is -1, expected 0 or more");
}

TEST(BatchFile, WeightsMustCountSomething) {
  EXPECT_EQ(refusal(with("weight", Named{{2}, {0, 0}})),
            "all weights are 0, expected at least one above");
}

TEST(BatchFile, EmptyAndCutOffFilesAreRefused) {
  const ScratchDirectory scratch;
  const std::string path = write(scratch, good());
  const std::string whole = read_file(path);
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{7}, std::size_t{20}, whole.size() - 1}) {
    write_file(path, std::string_view(whole).substr(0, length));
    const std::string error =
        error_of([&] { (void)read_batch<float>(path, Interpolant::parse("linear")); });
    EXPECT_TRUE(error.starts_with(path + ": ")) << length << ": " << error;
  }
  EXPECT_EQ(error_of([&] { (void)read_batch<float>(scratch.path(), Interpolant{}); }),
            "cannot read '" + scratch.path() + "': Is a directory");
}

}  // namespace
}  // namespace gradvar::batch_file_test

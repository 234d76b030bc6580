// Weights through files.

#include "nn/weights.h"

#include <gtest/gtest.h>

#include "io/safetensors.h"
#include "tests/nn/helpers.h"

namespace gradvar::weights_test {
namespace {

using testing::copy_of;
using testing::noise;
using testing::refusal;
using testing::two_parameters;

class WeightsFile : public testing::DirectoryTest {
 protected:
  [[nodiscard]] std::string path() const { return (directory_ / "weights.safetensors").string(); }
};

TEST_F(WeightsFile, RestoresEveryBit) {
  const ParameterSet<double> saved = two_parameters<double>();
  save_weights(path(), saved, {{"model", "mlp:dim=2"}});
  ParameterSet<double> loaded = two_parameters<double>();
  for (double& value : loaded.values(ParameterId{1})) value = -1;
  const std::map<std::string, std::string> metadata = load_weights(path(), loaded);
  EXPECT_EQ(copy_of<double>(loaded.flat()), copy_of<double>(saved.flat()));
  EXPECT_EQ(metadata.at("model"), "mlp:dim=2");
}

TEST_F(WeightsFile, HoldsNamesAndShapesWithoutPadding) {
  save_weights(path(), two_parameters<float>());
  const SafetensorsFile file = SafetensorsFile::read(path());
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(file.shape("a"), Shape{3});
  EXPECT_EQ(file.shape("b"), (Shape{2, 2}));
  EXPECT_EQ(file.dtype("a"), "F32");
}

TEST_F(WeightsFile, ConvertsBetweenPrecisions) {
  const ParameterSet<double> saved = two_parameters<double>();
  save_weights(path(), saved);
  ParameterSet<float> loaded;
  loaded.add("a", {3});
  loaded.add("b", {2, 2});
  load_weights(path(), loaded);
  for (const ParameterId id : {ParameterId{0}, ParameterId{1}}) {
    for (std::size_t i = 0; i < saved.values(id).size(); ++i) {
      EXPECT_EQ(loaded.values(id)[i], static_cast<float>(saved.values(id)[i]));
    }
  }
}

TEST_F(WeightsFile, NamesEverythingThatDoesNotFitAndChangesNothing) {
  ParameterSet<float> other;
  for (const auto& [name, shape] :
       {std::pair<const char*, Shape>{"b", {4}}, {"c", {1}}, {"d", {2}}}) {
    other.add(name, shape);
  }
  save_weights(path(), other);
  ParameterSet<float> parameters = two_parameters<float>();
  parameters.add("z", {1});
  const std::vector<float> before = copy_of<float>(parameters.flat());
  EXPECT_EQ(refusal([&] { load_weights(path(), parameters); }),
            "[weights] '" + path() +
                "' does not fit, it should hold exactly the model's parameters: missing: a, z; "
                "misshapen: b is 4 instead of 2x2; extra: c, d");
  EXPECT_EQ(copy_of<float>(parameters.flat()), before);
}

// The names of a whole network made a sentence of ten thousand letters.
TEST_F(WeightsFile, NamesThreeOfAKindAndCountsTheRest) {
  ParameterSet<float> other, parameters;
  for (int k = 0; k < 20; ++k) other.add("theirs." + std::to_string(100 + k), {1});
  for (int k = 0; k < 4; ++k) parameters.add("ours." + std::to_string(k), {1});
  for (int k = 0; k < 3; ++k) {
    other.add("both." + std::to_string(k), {2});
    parameters.add("both." + std::to_string(k), {1});
  }
  save_weights(path(), other);
  EXPECT_EQ(refusal([&] { load_weights(path(), parameters); }),
            "[weights] '" + path() +
                "' does not fit, it should hold exactly the model's parameters: missing: ours.0, "
                "ours.1, ours.2 and 1 more; misshapen: both.0 is 2 instead of 1, both.1 is 2 "
                "instead of 1, both.2 is 2 instead of 1; extra: theirs.100, theirs.101, "
                "theirs.102 and 17 more");
}

TEST_F(WeightsFile, RefusesAMissingFile) {
  ParameterSet<float> parameters = two_parameters<float>();
  EXPECT_NE(refusal([&] { load_weights(path(), parameters); }).find(path()), std::string::npos);
}

TEST_F(WeightsFile, HoldsSeveralBlocksUnderPrefixes) {
  const ParameterSet<double> first = two_parameters<double>();
  const ParameterLayout& layout = first.layout();
  std::vector<double> second(first.flat().begin(), first.flat().end());
  for (double& value : second) value *= 2;
  const NamedBlock<const double> saved[] = {{"m/", first.flat()}, {"v/", second}};
  save_blocks<double>(path(), layout, saved, {});
  EXPECT_EQ(SafetensorsFile::read(path()).names(),
            (std::vector<std::string>{"m/a", "m/b", "v/a", "v/b"}));
  std::vector<double> m(second.size()), v(second.size());
  const NamedBlock<double> loaded[] = {{"m/", m}, {"v/", v}};
  load_blocks<double>(path(), layout, loaded);
  EXPECT_EQ(m, copy_of<double>(first.flat()));
  EXPECT_EQ(v, second);
}

}  // namespace
}  // namespace gradvar::weights_test

// What torchcfm's own network gives for the same weights and images, kept as numbers.

#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "nn/unet.h"

namespace gradvar::unet_torchcfm_test {
namespace {

struct TorchcfmOutput {
  const char* spec;
  double largest;               // magnitude in the whole output
  std::vector<double> numbers;  // evenly through it
};
const TorchcfmOutput kTorchcfmOutputs[] = {
#include "tests/nn/torchcfm_outputs.inc"
};

// The same weights and images as bench/peers/torchcfm_outputs.py.
TEST(UNet, GivesWhatTorchcfmItselfGives) {
  for (const TorchcfmOutput& theirs : kTorchcfmOutputs) {
    UNet<float> net(UNetOptions::parse(std::string("unet:") + theirs.spec));
    std::map<std::string, ParameterId> sorted;
    for (int k = 0; k < net.parameters().layout().count(); ++k) {
      sorted[net.parameters().info(ParameterId{k}).name] = ParameterId{k};
    }
    double place = 0;
    for (const auto& [name, id] : sorted) {
      const Shape& shape = net.parameters().info(id).shape;
      const double scale = 1 / std::sqrt(static_cast<double>(shape.size() / shape[0]));
      const std::span<float> values = net.parameters().values(id);
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(scale * std::sin(0.7 * static_cast<double>(i) + place));
      }
      ++place;
    }
    Tensor<float> x(net.sample_shape().batched(2)), t(Shape{2, 1});
    for (std::int64_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(std::sin(0.11 * static_cast<double>(i) + 0.5));
    t[0] = 0.25F;
    t[1] = 0.75F;
    Tape<float> tape(net.parameters());
    const Value y =
        net.forward(tape, tape.input(x.values(), x.shape()), tape.input(t.values(), t.shape()));
    const std::span<const float> v = tape.value(y);
    const std::size_t every = v.size() / theirs.numbers.size();
    for (std::size_t i = 0; i < theirs.numbers.size(); ++i) {
      EXPECT_NEAR(v[i * every], theirs.numbers[i], 1e-5 * theirs.largest)
          << theirs.spec << ", number " << i * every;
    }
  }
}

}  // namespace
}  // namespace gradvar::unet_torchcfm_test

// The linear layer: names, shapes, fresh weights.

#include "nn/linear.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "tests/nn/helpers.h"

namespace gradvar::linear_test {
namespace {

using testing::copy_of;
using testing::noise;
using testing::refusal;

TEST(Linear, HasPyTorchsNamesAndShapes) {
  ParameterSet<float> parameters;
  const Linear<float> layer(parameters, "net.0", 3, 5);
  EXPECT_EQ(parameters.info(layer.weight()).name, "net.0.weight");
  EXPECT_EQ(parameters.info(layer.weight()).shape, (Shape{5, 3}));
  EXPECT_EQ(parameters.info(layer.bias()).name, "net.0.bias");
  EXPECT_EQ(parameters.info(layer.bias()).shape, (Shape{5}));
  EXPECT_EQ(layer.in(), 3);
  EXPECT_EQ(layer.out(), 5);
}

TEST(Linear, ForwardIsTheAffineMap) {
  ParameterSet<double> parameters;
  const Linear<double> layer(parameters, "l", 3, 2);
  layer.initialise(parameters, 1);
  const Tensor<double> x = noise<double>(1, {4, 3});
  Tape<double> tape(parameters);
  const Value y = layer.forward(tape, tape.input(x.values(), x.shape()));
  EXPECT_EQ(tape.shape(y), (Shape{4, 2}));
  for (int n = 0; n < 4; ++n) {
    for (int o = 0; o < 2; ++o) {
      double expected = parameters.values(layer.bias())[o];
      for (int i = 0; i < 3; ++i) {
        expected += parameters.values(layer.weight())[o * 3 + i] * x[n * 3 + i];
      }
      EXPECT_NEAR(tape.value(y)[n * 2 + o], expected, 1e-14);
    }
  }
}

TEST(Linear, FreshWeightsFillTheirIntervalEvenly) {
  ParameterSet<double> parameters;
  const Linear<double> layer(parameters, "l", 100, 400);
  layer.initialise(parameters, 7);
  const double bound = 0.1;  // 1 / sqrt(100)
  for (const ParameterId id : {layer.weight(), layer.bias()}) {
    const std::span<const double> values = std::as_const(parameters).values(id);
    double sum = 0, squares = 0;
    for (const double value : values) {
      ASSERT_LT(std::abs(value), bound);
      sum += value;
      squares += value * value;
    }
    const double n = static_cast<double>(values.size());
    // Five standard errors of the mean, and of the mean square, of a uniform distribution.
    EXPECT_LT(std::abs(sum / n), 5 * bound / std::sqrt(3 * n));
    EXPECT_NEAR(squares / n, bound * bound / 3, 5 * bound * bound * std::sqrt(4.0 / 45 / n));
  }
}

TEST(Linear, BothPrecisionsStartFromTheSameWeights) {
  ParameterSet<float> single;
  ParameterSet<double> twice;
  Linear<float>(single, "l", 3, 5).initialise(single, 9);
  Linear<double>(twice, "l", 3, 5).initialise(twice, 9);
  for (std::size_t i = 0; i < single.flat().size(); ++i) {
    EXPECT_EQ(single.flat()[i], static_cast<float>(twice.flat()[i])) << i;
  }
}

TEST(Linear, EveryParameterAndSeedHasItsOwnStream) {
  ParameterSet<double> parameters, other;
  const Linear<double> first(parameters, "a", 4, 4), second(parameters, "b", 4, 4);
  first.initialise(parameters, 1);
  second.initialise(parameters, 1);
  const Linear<double> same(other, "a", 4, 4);
  same.initialise(other, 2);
  const std::vector<double> weight = copy_of<double>(parameters.values(first.weight()));
  EXPECT_NE(weight, copy_of<double>(parameters.values(second.weight())));
  EXPECT_NE(weight, copy_of<double>(other.values(same.weight())));
  same.initialise(other, 1);
  EXPECT_EQ(weight, copy_of<double>(other.values(same.weight())));
}

TEST(Linear, RefusesEmptySizesAndLeavesTheSetAlone) {
  ParameterSet<float> parameters;
  EXPECT_EQ(refusal([&] { Linear<float>(parameters, "l", 0, 2); }),
            "[linear] l has 0 input features, expected 1 or more");
  EXPECT_EQ(refusal([&] { Linear<float>(parameters, "l", 2, -1); }),
            "[linear] l has -1 output features, expected 1 or more");
  EXPECT_EQ(parameters.layout().count(), 0);
}

}  // namespace
}  // namespace gradvar::linear_test

// The moving average against its closed form.

#include "nn/ema.h"

#include <cmath>
#include <gtest/gtest.h>

#include "tests/nn/helpers.h"

namespace gradvar::ema_test {
namespace {

using testing::copy_of;
using testing::refusal;
using testing::two_parameters;

void set_all(ParameterSet<double>& parameters, double value) {
  for (int k = 0; k < parameters.layout().count(); ++k) {
    for (double& element : parameters.values(ParameterId{k})) element = value;
  }
}

TEST(Ema, StartsAtTheParametersAndForgetsThemGeometrically) {
  ParameterSet<double> parameters = two_parameters<double>();
  set_all(parameters, 5.0);
  Ema<double> ema(parameters, 0.9);
  EXPECT_EQ(ema.values()[0], 5.0);
  set_all(parameters, 1.0);
  for (int k = 0; k < 20; ++k) ema.update(parameters);
  EXPECT_EQ(ema.updates(), 20);
  EXPECT_NEAR(ema.values()[2], 1.0 + 4.0 * std::pow(0.9, 20), 1e-14);
  EXPECT_EQ(ema.values()[3], 0.0) << "padding stays zero";
}

TEST(Ema, LeavesParametersAtRestUnchangedToTheLastBit) {
  const ParameterSet<float> parameters = two_parameters<float>();
  Ema<float> ema(parameters, 0.999);
  for (int k = 0; k < 100; ++k) ema.update(parameters);
  EXPECT_EQ(copy_of<float>(ema.values()), copy_of<float>(parameters.flat()));
}

TEST(Ema, WarmUpStartsWithTwoElevenths) {
  ParameterSet<double> parameters = two_parameters<double>();
  set_all(parameters, 0.0);
  Ema<double> ema(parameters, 0.25, true);
  set_all(parameters, 1.0);
  EXPECT_DOUBLE_EQ(ema.next_decay(), 2.0 / 11.0);
  ema.update(parameters);
  EXPECT_DOUBLE_EQ(ema.values()[0], 9.0 / 11.0);
  EXPECT_DOUBLE_EQ(ema.next_decay(), 0.25) << "3 / 12, and then the decay holds";
  ema.update(parameters);
  EXPECT_DOUBLE_EQ(ema.next_decay(), 0.25);
}

TEST(Ema, DecayZeroFollowsTheLastParameters) {
  ParameterSet<double> parameters = two_parameters<double>();
  Ema<double> ema(parameters, 0);
  set_all(parameters, 3.0);
  ema.update(parameters);
  for (const std::int64_t i : {0, 2, 16, 19}) EXPECT_DOUBLE_EQ(ema.values()[i], 3.0);
}

TEST(Ema, SwapsInAndOut) {
  ParameterSet<double> parameters = two_parameters<double>();
  const std::vector<double> average = copy_of<double>(parameters.flat());
  Ema<double> ema(parameters, 0.5);
  set_all(parameters, 3.0);
  const std::vector<double> last = copy_of<double>(parameters.flat());
  ema.swap(parameters);
  EXPECT_TRUE(ema.swapped());
  EXPECT_EQ(copy_of<double>(parameters.flat()), average);
  EXPECT_EQ(refusal([&] { ema.update(parameters); }),
            "[ema] an update while the average is swapped in: swap it out first");
  EXPECT_EQ(refusal([&] { ema.copy_to(parameters); }),
            "[ema] a copy while the average is swapped in: swap it out first");
  ema.swap(parameters);
  EXPECT_EQ(copy_of<double>(parameters.flat()), last);
  ema.copy_to(parameters);
  EXPECT_EQ(copy_of<double>(parameters.flat()), average);
}

TEST(Ema, RefusesBadDecaysCountsAndLayouts) {
  ParameterSet<double> parameters = two_parameters<double>();
  EXPECT_EQ(refusal([&] { Ema<double>(parameters, 1.0); }),
            "[ema] decay is 1, expected 0 or more and less than 1");
  EXPECT_EQ(refusal([&] { Ema<double>(parameters, -0.5); }),
            "[ema] decay is -0.5, expected 0 or more and less than 1");
  Ema<double> ema(parameters, 0.5);
  EXPECT_EQ(refusal([&] { ema.set_updates(-1); }), "[ema] -1 updates done, expected 0 or more");
  parameters.add("c", {1});
  const std::string expected =
      "[ema] the average has 2 parameters and the set has 3: their names and shapes must agree";
  EXPECT_EQ(refusal([&] { ema.update(parameters); }), expected);
  EXPECT_EQ(refusal([&] { ema.swap(parameters); }), expected);
  EXPECT_EQ(refusal([&] { ema.copy_to(parameters); }), expected);
}

}  // namespace
}  // namespace gradvar::ema_test

// What is said of each parameter, for convolutions: patches, outer products and rows.

#include "autograd/collectors/plans.h"

#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "autograd/ops.h"
#include "autograd/random.h"

namespace gradvar::plans_test {
namespace {

// conv 3x3 used twice, conv 1x1; and one parameter without use.
TEST(Plans, NameFormPositionsAndCostOfEveryParameter) {
  constexpr std::int64_t kBatch = 5, kSize = 4, kChannels = 2;
  ParameterSet<double> parameters;
  const ParameterId window = parameters.add("conv.weight", {kChannels, kChannels, 3, 3});
  const ParameterId bias = parameters.add("conv.bias", {kChannels});
  const ParameterId pixel = parameters.add("pixel.weight", {3, kChannels, 1, 1});
  const ParameterId pixel_bias = parameters.add("pixel.bias", {3});
  (void)parameters.add("unused", {7});
  Tensor<double> x(Shape{kBatch, kSize, kSize, kChannels});
  RandomStream(1, Purpose::kTest).normals<double>(0, 0, x.values());
  LanePool pool(2);
  Engine<double> engine(parameters, pool, 2);
  std::vector<double> losses(kBatch);
  PlansCollector<double> collector;
  const auto run = [&] {
    engine.run(
        kBatch,
        [&](Tape<double>& tape, const LaneRows<double>& rows) {
          const auto part =
              x.values().subspan(rows.begin * x.row_size(), rows.count * x.row_size());
          Value h = tape.input(part, {rows.count, kSize, kSize, kChannels});
          for (int use = 0; use < 2; ++use) h = conv2d(tape, h, window, bias, 1);
          return sum(tape, conv2d(tape, h, pixel, pixel_bias, 1));
        },
        {&collector}, losses);
  };
  for (int time = 0; time < 2; ++time) {  // nothing is left of an earlier batch
    run();
    EXPECT_EQ(collector.batch(), kBatch);
    ASSERT_EQ(collector.plans().size(), 5U);
    const ParameterPlan& shared = collector.plans()[0];
    EXPECT_EQ(shared.form, "patches");
    EXPECT_EQ(shared.uses, 2);
    EXPECT_EQ(shared.positions, 2 * kSize * kSize);
    EXPECT_EQ(shared.fan_out, kChannels);
    EXPECT_EQ(shared.fan_in, 9 * kChannels);
    EXPECT_EQ(shared.moments, Formula::kFolded);
    EXPECT_EQ(shared.sum_cost, kBatch * 32 * 36) << "the whole batch, not one lane";
    EXPECT_EQ(shared.moments_cost, kBatch * 34 * 36);
    EXPECT_EQ(shared.norms_cost, kBatch * 33 * 36);
    const ParameterPlan& pixels = collector.plans()[2];
    EXPECT_EQ(pixels.form, "outer");
    EXPECT_EQ(pixels.positions, kSize * kSize);
    EXPECT_EQ(pixels.fan_in, kChannels);
    EXPECT_EQ(pixels.moments, Formula::kFolded);
    EXPECT_EQ(collector.plans()[3].form, "rows");
    EXPECT_EQ(collector.plans()[3].moments, Formula::kRows);
    EXPECT_EQ(collector.plans()[4].form, "unused");
    EXPECT_EQ(collector.plans()[4].moments_cost, 0);
  }
}

}  // namespace
}  // namespace gradvar::plans_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::dropout_test {
namespace {

struct Dropout {
  static std::vector<GradcheckCase> cases() {
    return {dropout_case({17}, 0.5), dropout_case({2, 3, 5}, 0.1), dropout_case({3}, 0)};
  }
  static std::vector<Refusal> refusals() {
    const auto with = [](DropoutDraws draws) {
      return [draws](auto& tape, auto x, auto) {
        const std::vector<std::uint32_t> samples = {0, 1, 2, 3};
        DropoutDraws own = draws;
        own.samples = samples;
        return dropout(tape, x[0], own);
      };
    };
    return {
        refuses({{4, 2}}, {}, with({.rate = 1}),
                "[dropout] the rate is 1.000000, expected 0 or more and less than 1"),
        refuses({{4, 2}}, {}, with({.rate = -0.5}),
                "[dropout] the rate is -0.500000, expected 0 or more and less than 1"),
        refuses({{3, 2}}, {}, with({}),
                "[dropout] x is 3x2, the samples have 4 numbers: one for each is expected"),
        refuses({{4, 2}}, {}, with({.layer = 4096}),
                "[dropout] the layer is 4096, expected less than 4096"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Dropout, OpClaims, Dropout);

std::vector<float> dropped(const DropoutDraws& draws, std::int64_t width) {
  const std::vector<float> ones(draws.samples.size() * width, 1.0F);
  return values_of(ones, {static_cast<std::int64_t>(draws.samples.size()), width},
                   [&](auto& tape, Value x) { return dropout(tape, x, draws); });
}

TEST(Dropout, DropsTheShareItIsAskedForAndKeepsTheMean) {
  const std::vector<std::uint32_t> samples = {0};
  const std::vector<float> y = dropped({.rate = 0.25, .samples = samples}, 20000);
  double zeros = 0, total = 0;
  for (const float yi : y) {
    zeros += yi == 0 ? 1 : 0;
    total += yi;
  }
  EXPECT_NEAR(zeros / 20000, 0.25, 0.012);  // four standard deviations
  EXPECT_NEAR(total / 20000, 1, 0.017);
}

TEST(Dropout, AnotherSampleStepLayerOrSeedDropsOthers) {
  const std::vector<std::uint32_t> zero = {0}, one = {1}, both = {0, 1};
  const std::vector<float> first = dropped({.rate = 0.5, .samples = zero}, 64);
  EXPECT_NE(first, dropped({.rate = 0.5, .samples = one}, 64));
  EXPECT_NE(first, dropped({.rate = 0.5, .step = 1, .samples = zero}, 64));
  EXPECT_NE(first, dropped({.rate = 0.5, .layer = 1, .samples = zero}, 64));
  EXPECT_NE(first, dropped({.rate = 0.5, .seed = 1, .samples = zero}, 64));
  const std::vector<float> pair = dropped({.rate = 0.5, .samples = both}, 64);
  EXPECT_EQ(first, std::vector<float>(pair.begin(), pair.begin() + 64));
}

}  // namespace
}  // namespace gradvar::testing::dropout_test

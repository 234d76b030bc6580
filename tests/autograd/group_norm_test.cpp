#include <cmath>

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::group_norm_test {
namespace {

GradcheckCase named(const Shape& sample, std::int64_t groups) {
  GradcheckCase one = group_norm_case(sample, groups);
  one.name += " of " + sample.to_string() + " in " + std::to_string(groups) + " groups";
  return one;
}

struct GroupNorm {
  static std::vector<GradcheckCase> cases() {
    return {named({3, 1}, 1),    named({4}, 1),         named({5, 3}, 3),  named({2, 3, 4}, 2),
            named({3, 3, 6}, 3), named({3, 2, 33}, 11), named({7, 17}, 1), named({2, 2, 40}, 20)};
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto p) {
      return group_norm(tape, x[0], 2, p[0], p[1]);
    };
    return {
        refuses({{4}}, {{1}, {1}}, record, "[group_norm] x is 4, expected at least 2 axes"),
        refuses({{4, 0, 2}}, {{2}, {2}}, record,
                "[group_norm] x is 4x0x2, expected 1 or more of each axis"),
        refuses({{4, 5, 3}}, {{3}, {3}}, record,
                "[group_norm] x has 3 channels, which 2 groups do not divide"),
        refuses({{4, 5, 4}}, {{4}, {3}}, record,
                "[group_norm] x is 4x5x4, a parameter is 3: gain and bias must have one entry a "
                "channel"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(GroupNorm, OpClaims, GroupNorm);

// 600 positions are more than one block of sums, and 1000 is far from the mean of 0 that a one-pass
// variance would need.
TEST(GroupNorm, StaysExactFarFromZeroAndOverManyPositions) {
  const Shape shape{1, 600, 2};
  std::vector<float> x(shape.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = 1000.0F + static_cast<float>(i % 7) - static_cast<float>(i % 2);
  }
  ParameterSet<float> set;
  const ParameterId gain = set.add("gain", {2}), bias = set.add("bias", {2});
  set.values(gain)[0] = set.values(gain)[1] = 1;
  Tape<float> tape(set);
  const std::span<const float> y =
      tape.value(group_norm(tape, tape.input(x, shape), 2, gain, bias));
  for (std::size_t c = 0; c < 2; ++c) {
    double mean = 0, variance = 0;
    for (std::size_t i = c; i < x.size(); i += 2) mean += static_cast<double>(x[i]) / 600;
    for (std::size_t i = c; i < x.size(); i += 2) variance += std::pow(x[i] - mean, 2) / 600;
    for (std::size_t i = c; i < x.size(); i += 2) {
      ASSERT_NEAR(y[i], (x[i] - mean) / std::sqrt(variance + 1e-5), 1e-4) << i;
    }
  }
}

}  // namespace
}  // namespace gradvar::testing::group_norm_test

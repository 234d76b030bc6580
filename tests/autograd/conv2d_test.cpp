#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::conv2d_test {
namespace {

struct Conv2d {
  static std::vector<GradcheckCase> cases() {
    return {conv2d_case({1, 1, 1}, 1, 3, 1),  conv2d_case({3, 4, 2}, 3, 3, 1),
            conv2d_case({4, 5, 2}, 3, 3, 2),  conv2d_case({2, 3, 3}, 2, 1, 1),
            conv2d_case({5, 4, 17}, 3, 3, 1), conv2d_case({3, 3, 2}, 2, 1, 2),
            conv2d_case({5, 6, 1}, 2, 5, 3)};
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto p) {
      return conv2d(tape, x[0], p[0], p[1], 1);
    };
    return {refuses({{4, 3, 3, 2}}, {{5, 3, 3, 3}, {5}}, record,
                    "[conv2d] x is 4x3x3x2, W is 5x3x3x3: expected BxHxWxC and OxCxkxk"),
            refuses({{4, 6}}, {{5, 3, 3, 3}, {5}}, record,
                    "[conv2d] x is 4x6, W is 5x3x3x3: expected BxHxWxC and OxCxkxk"),
            refuses({{4, 3, 3, 2}}, {{5, 2, 2, 2}, {5}}, record,
                    "[conv2d] W is 5x2x2x2: the window must be square and odd, and none empty"),
            refuses({{4, 0, 3, 2}}, {{5, 2, 3, 3}, {5}}, record,
                    "[conv2d] x is 4x0x3x2, expected 1 or more pixels each way"),
            refuses({{4, 3, 3, 2}}, {{5, 2, 3, 3}, {2}}, record,
                    "[conv2d] b is 2, W is 5x2x3x3: b must have one entry for each channel made"),
            refuses(
                {{4, 3, 3, 2}}, {{5, 2, 3, 3}, {5}},
                [](auto& tape, auto x, auto p) { return conv2d(tape, x[0], p[0], p[1], 0); },
                "[conv2d] the stride is 0, expected 1 or more")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Conv2d, OpClaims, Conv2d);

// One weight used twice in a row, at two strides: its gradient is the sum over both uses.
TEST(Conv2d, UsedTwiceCollectsBothUses) {
  GradcheckCase twice = gradcheck_case(
      "conv2d twice", {{.name = "x", .sample = {4, 5, 2}}},
      {{.name = "W", .shape = {2, 2, 3, 3}, .scale = 0.3}, {.name = "b", .shape = {2}}},
      [](auto& tape, auto x, auto p) {
        return conv2d(tape, silu(tape, conv2d(tape, x[0], p[0], p[1], 1)), p[0], p[1], 2);
      });
  expect_within({twice}, kFiniteDifferenceBound, finite_difference);
  expect_within({twice}, kExactness<double>, batch_of_one_difference<double>);
  expect_within({twice}, kExactness<double>, sum_difference<double>);
}

}  // namespace
}  // namespace gradvar::testing::conv2d_test

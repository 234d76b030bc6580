#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::concat_test {
namespace {

struct Concat {
  static std::vector<GradcheckCase> cases() {
    return {concat_case({{3}}), concat_case({{1}, {1}}), concat_case({{17}, {33}, {1}}),
            concat_case({{5, 3}, {5, 1}, {5, 4}}), concat_case({{2, 3, 1}, {2, 3, 17}})};
  }
  static std::vector<Refusal> refusals() {
    const auto all = [](auto& tape, auto x, auto) { return concat(tape, x); };
    return {
        refuses(
            {{4, 1}}, {}, [](auto& tape, auto x, auto) { return concat(tape, x.first(0)); },
            "[concat] there are no inputs, expected at least one"),
        refuses({{4}}, {}, all, "[concat] input 0 is 4, expected at least 2 axes"),
        refuses({{4, 2, 3}, {4, 5, 3}}, {}, all,
                "[concat] input 0 is 4x2x3, input 1 is 4x5x3: all axes but the last must agree"),
        refuses({{4, 6}, {4, 2, 3}}, {}, all,
                "[concat] input 0 is 4x6, input 1 is 4x2x3: all axes but the last must agree"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Concat, OpClaims, Concat);

TEST(Concat, GivesAnInputThatStandsThereTwiceBothParts) {
  const double slope = slope_at<double>(3.0, [](auto& tape, Value x) {
    const Value column = reshape(tape, x, Shape{1});
    const Value twice = concat(tape, {column, column});
    return sum(tape, mul(tape, twice, twice));
  });
  EXPECT_EQ(slope, 12.0);
}

TEST(Concat, TakesAnInputWithoutColumns) {
  const std::vector<double> y = values_of<double>({1, 2}, {1, 2}, [](auto& tape, Value x) {
    return sum(tape, concat(tape, {slice(tape, x, 0, 0), x}));
  });
  EXPECT_EQ(y, std::vector<double>{3});
}

}  // namespace
}  // namespace gradvar::testing::concat_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::sub_test {
namespace {

struct Sub {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), sub_case); }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) { return sub(tape, x[0], x[1]); };
    return {
        refuses({{4, 3}, {4, 2}}, {}, record, "[sub] a is 4x3, b is 4x2: the shapes must agree"),
        refuses({{4, 6}, {4, 2, 3}}, {}, record,
                "[sub] a is 4x6, b is 4x2x3: the shapes must agree"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Sub, OpClaims, Sub);

TEST(Sub, OfAValueFromItselfHasNoGradient) {
  EXPECT_EQ(slope_at<double>(3.0, [](auto& tape, Value x) { return sub(tape, x, x); }), 0.0);
}

}  // namespace
}  // namespace gradvar::testing::sub_test

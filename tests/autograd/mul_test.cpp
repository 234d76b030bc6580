#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::mul_test {
namespace {

struct Mul {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), mul_case); }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) { return mul(tape, x[0], x[1]); };
    return {
        refuses({{4, 3}, {4, 2}}, {}, record, "[mul] a is 4x3, b is 4x2: the shapes must agree"),
        refuses({{4, 6}, {4, 2, 3}}, {}, record,
                "[mul] a is 4x6, b is 4x2x3: the shapes must agree"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Mul, OpClaims, Mul);

TEST(Mul, OfAValueWithItselfIsASquare) {
  EXPECT_EQ(slope_at<double>(3.0, [](auto& tape, Value x) { return mul(tape, x, x); }), 6.0);
}

}  // namespace
}  // namespace gradvar::testing::mul_test

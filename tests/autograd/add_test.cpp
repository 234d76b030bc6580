#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::add_test {
namespace {

struct Add {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), add_case); }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) { return add(tape, x[0], x[1]); };
    return {
        refuses({{4, 3}, {4, 2}}, {}, record, "[add] a is 4x3, b is 4x2: the shapes must agree"),
        refuses({{4, 6}, {4, 2, 3}}, {}, record,
                "[add] a is 4x6, b is 4x2x3: the shapes must agree"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Add, OpClaims, Add);

TEST(Add, OfAValueToItselfDoublesTheGradient) {
  EXPECT_EQ(slope_at<double>(3.0, [](auto& tape, Value x) { return add(tape, x, x); }), 2.0);
}

}  // namespace
}  // namespace gradvar::testing::add_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::shift_test {
namespace {

struct Shift {
  static std::vector<GradcheckCase> cases() {
    return over({{1}, {3}, {17}, {33}, {2, 3}, {2, 3, 4}}, shift_case);
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto p) { return shift(tape, x[0], p[0]); };
    return {
        refuses({{4}}, {{1}}, record, "[shift] x is 4, expected at least 2 axes"),
        refuses({{4, 3}}, {{2}}, record,
                "[shift] a sample of x is 3, the parameter is 2: the shapes must agree"),
        refuses({{4, 6}}, {{2, 3}}, record,
                "[shift] a sample of x is 6, the parameter is 2x3: the shapes must agree"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Shift, OpClaims, Shift);

TEST(Shift, UsedTwiceCollectsBothUses) {
  const GradcheckCase twice =
      gradcheck_case("shift twice", {{.name = "x", .sample = {3}}}, {{.name = "b", .shape = {3}}},
                     [](auto& tape, auto x, auto p) {
                       return shift(tape, silu(tape, shift(tape, x[0], p[0])), p[0]);
                     });
  expect_within({twice}, kFiniteDifferenceBound, finite_difference);
  expect_within({twice}, kExactness<double>, batch_of_one_difference<double>);
}

}  // namespace
}  // namespace gradvar::testing::shift_test

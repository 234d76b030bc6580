#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::gain_test {
namespace {

struct Gain {
  static std::vector<GradcheckCase> cases() {
    return over({{1}, {3}, {17}, {33}, {2, 3}, {2, 3, 4}}, gain_case);
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto p) { return gain(tape, x[0], p[0]); };
    return {
        refuses({{4}}, {{1}}, record, "[gain] x is 4, expected at least 2 axes"),
        refuses({{4, 3}}, {{2}}, record,
                "[gain] a sample of x is 3, the parameter is 2: the shapes must agree"),
        refuses({{4, 6}}, {{2, 3}}, record,
                "[gain] a sample of x is 6, the parameter is 2x3: the shapes must agree"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Gain, OpClaims, Gain);

TEST(Gain, UsedTwiceCollectsBothUses) {
  const GradcheckCase twice =
      gradcheck_case("gain twice", {{.name = "x", .sample = {3}}}, {{.name = "g", .shape = {3}}},
                     [](auto& tape, auto x, auto p) {
                       return gain(tape, silu(tape, gain(tape, x[0], p[0])), p[0]);
                     });
  expect_within({twice}, kFiniteDifferenceBound, finite_difference);
  expect_within({twice}, kExactness<double>, batch_of_one_difference<double>);
}

}  // namespace
}  // namespace gradvar::testing::gain_test

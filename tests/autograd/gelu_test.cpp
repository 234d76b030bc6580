#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::gelu_test {
namespace {

struct Gelu {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), gelu_case); }
  static std::vector<Refusal> refusals() {
    return {refuses(
        {Shape{}}, {}, [](auto& tape, auto x, auto) { return gelu(tape, x[0]); },
        "[tape] an input is scalar, expected at least 1 axes")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Gelu, OpClaims, Gelu);

TEST(Gelu, IsTheExactFormAndNotTheTanhApproximation) {
  const std::vector<double> y =
      values_of<double>({1, -1}, {2}, [](auto& tape, Value x) { return gelu(tape, x); });
  EXPECT_NEAR(y[0], 0.84134474606854294859, 1e-15);  // Phi(1); the approximation gives 0.84119
  EXPECT_NEAR(y[1], -0.15865525393145705141, 1e-15);
}

}  // namespace
}  // namespace gradvar::testing::gelu_test

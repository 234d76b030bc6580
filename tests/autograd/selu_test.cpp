#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::selu_test {
namespace {

struct Selu {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), selu_case); }
  static std::vector<Refusal> refusals() {
    return {refuses(
        {Shape{}}, {}, [](auto& tape, auto x, auto) { return selu(tape, x[0]); },
        "[tape] an input is scalar, expected at least 1 axes")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Selu, OpClaims, Selu);

TEST(Selu, HasTheLeftDerivativeAtItsKink) {
  const auto selu_of = [](auto& tape, Value x) { return selu(tape, x); };
  EXPECT_NEAR(slope_at<double>(0.0, selu_of), 1.0507009873554805 * 1.6732632423543772, 1e-15);
  EXPECT_NEAR(slope_at<double>(1e-300, selu_of), 1.0507009873554805, 1e-15);
}

}  // namespace
}  // namespace gradvar::testing::selu_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::relu_test {
namespace {

struct Relu {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), relu_case); }
  static std::vector<Refusal> refusals() {
    return {refuses(
        {Shape{}}, {}, [](auto& tape, auto x, auto) { return relu(tape, x[0]); },
        "[tape] an input is scalar, expected at least 1 axes")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Relu, OpClaims, Relu);

TEST(Relu, HasDerivativeZeroAtZero) {
  const auto relu_of = [](auto& tape, Value x) { return relu(tape, x); };
  EXPECT_EQ(slope_at<double>(0.0, relu_of), 0.0);
  EXPECT_EQ(slope_at<double>(1e-300, relu_of), 1.0);
}

}  // namespace
}  // namespace gradvar::testing::relu_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::tanh_test {
namespace {

struct Tanh {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), tanh_case); }
  static std::vector<Refusal> refusals() {
    return {refuses(
        {Shape{}}, {}, [](auto& tape, auto x, auto) { return tanh(tape, x[0]); },
        "[tape] an input is scalar, expected at least 1 axes")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Tanh, OpClaims, Tanh);

TEST(Tanh, SaturatesWithoutOverflow) {
  const std::vector<double> y = values_of<double>(
      {-1e300, -30, 30, 1e300}, {4}, [](auto& tape, Value x) { return tanh(tape, x); });
  EXPECT_EQ(y, (std::vector<double>{-1, -1, 1, 1}));
}

}  // namespace
}  // namespace gradvar::testing::tanh_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::silu_test {
namespace {

struct Silu {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), silu_case); }
  static std::vector<Refusal> refusals() {
    return {refuses(
        {Shape{}}, {}, [](auto& tape, auto x, auto) { return silu(tape, x[0]); },
        "[tape] an input is scalar, expected at least 1 axes")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Silu, OpClaims, Silu);

TEST(Silu, FallsToZeroAndRisesWithItsArgument) {
  const std::vector<float> y =
      values_of<float>({-std::numeric_limits<float>::max(), -1e4F, 0, 1e4F}, {4},
                       [](auto& tape, Value x) { return silu(tape, x); });
  EXPECT_NEAR(y[0], 0.0F, 1e-35F);
  EXPECT_NEAR(y[1], 0.0F, 1e-35F);
  EXPECT_EQ(y[2], 0.0F);
  EXPECT_EQ(y[3], 1e4F);
}

}  // namespace
}  // namespace gradvar::testing::silu_test

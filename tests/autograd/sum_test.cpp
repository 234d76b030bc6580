#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::sum_test {
namespace {

struct Sum {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), sum_case); }
  static std::vector<Refusal> refusals() {
    return {refuses(
        {{4, 0}}, {}, [](auto& tape, auto x, auto) { return sum(tape, x[0]); },
        "[sum] x is 4x0, expected at least one element a sample")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Sum, OpClaims, Sum);

}  // namespace
}  // namespace gradvar::testing::sum_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::mean_test {
namespace {

struct Mean {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), mean_case); }
  static std::vector<Refusal> refusals() {
    return {refuses(
        {{4, 0}}, {}, [](auto& tape, auto x, auto) { return mean(tape, x[0]); },
        "[mean] x is 4x0, expected at least one element a sample")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Mean, OpClaims, Mean);

}  // namespace
}  // namespace gradvar::testing::mean_test

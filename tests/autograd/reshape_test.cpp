#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::reshape_test {
namespace {

struct Reshape {
  static std::vector<GradcheckCase> cases() {
    return {reshape_case({}, {1}),        reshape_case({1}, {}),
            reshape_case({33}, {3, 11}),  reshape_case({3, 11}, {33}),
            reshape_case({2, 3}, {3, 2}), reshape_case({2, 3, 4}, {4, 1, 3, 2, 1})};
  }
  static std::vector<Refusal> refusals() {
    return {refuses(
        {{4, 2, 3}}, {}, [](auto& tape, auto x, auto) { return reshape(tape, x[0], Shape{5}); },
        "[reshape] a sample of x is 2x3, it cannot become 5: the sizes differ")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Reshape, OpClaims, Reshape);

}  // namespace
}  // namespace gradvar::testing::reshape_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::average_pool_test {
namespace {

struct AveragePool {
  static std::vector<GradcheckCase> cases() {
    return over({{2, 2, 1}, {2, 4, 3}, {6, 2, 17}}, average_pool_case);
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) { return average_pool(tape, x[0]); };
    return {
        refuses({{4, 2, 2}}, {}, record,
                "[average_pool] x is 4x2x2, expected BxHxWxC with even height and width"),
        refuses({{4, 3, 2, 1}}, {}, record,
                "[average_pool] x is 4x3x2x1, expected BxHxWxC with even height and width"),
        refuses({{4, 2, 7, 1}}, {}, record,
                "[average_pool] x is 4x2x7x1, expected BxHxWxC with even height and width"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(AveragePool, OpClaims, AveragePool);

}  // namespace
}  // namespace gradvar::testing::average_pool_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::upsample_nearest_test {
namespace {

struct UpsampleNearest {
  static std::vector<GradcheckCase> cases() {
    return over({{1, 1, 1}, {2, 3, 1}, {3, 1, 17}, {2, 2, 4}}, upsample_nearest_case);
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) { return upsample_nearest(tape, x[0]); };
    return {
        refuses({{4, 2, 3}}, {}, record, "[upsample_nearest] x is 4x2x3, expected BxHxWxC"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(UpsampleNearest, OpClaims, UpsampleNearest);

}  // namespace
}  // namespace gradvar::testing::upsample_nearest_test

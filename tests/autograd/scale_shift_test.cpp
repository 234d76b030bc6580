#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::scale_shift_test {
namespace {

struct ScaleShift {
  static std::vector<GradcheckCase> cases() {
    return over({{1}, {17}, {5, 3}, {2, 3, 33}}, scale_shift_case);
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) {
      return scale_shift(tape, x[0], x[1], x[2]);
    };
    return {
        refuses({{4}, {4, 1}, {4, 1}}, {}, record,
                "[scale_shift] x is 4, expected at least 2 axes"),
        refuses({{4, 5, 3}, {4, 5}, {4, 3}}, {}, record,
                "[scale_shift] x is 4x5x3, scale is 4x5: it must be BxC with C the last axis of x"),
        refuses({{4, 5, 3}, {4, 3}, {4, 2}}, {}, record,
                "[scale_shift] x is 4x5x3, shift is 4x2: it must be BxC with C the last axis of x"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(ScaleShift, OpClaims, ScaleShift);

}  // namespace
}  // namespace gradvar::testing::scale_shift_test

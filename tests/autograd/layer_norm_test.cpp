#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::layer_norm_test {
namespace {

struct LayerNorm {
  static std::vector<GradcheckCase> cases() {
    return over({{3}, {17}, {33}, {2, 3}, {5, 16}, {2, 3, 4}}, layer_norm_case);
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto p) {
      return layer_norm(tape, x[0], p[0], p[1]);
    };
    return {
        refuses({{4}}, {{1}, {1}}, record, "[layer_norm] x is 4, expected at least 2 axes"),
        refuses({{4, 0}}, {{0}, {0}}, record, "[layer_norm] x is 4x0, expected 1 or more channels"),
        refuses({{4, 5, 3}}, {{3}, {5}}, record,
                "[layer_norm] x is 4x5x3, a parameter is 5: gain and bias must have one entry a "
                "channel"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(LayerNorm, OpClaims, LayerNorm);

}  // namespace
}  // namespace gradvar::testing::layer_norm_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::conv2d_test {
namespace {

struct Conv2d {
  static std::vector<GradcheckCase> cases() {
    return {conv2d_case({1, 1, 1}, 1, 3, 1), conv2d_case({3, 4, 2}, 3, 3, 1),
            conv2d_case({4, 5, 2}, 3, 3, 2), conv2d_case({2, 3, 3}, 2, 1, 1)};
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto p) {
      return conv2d(tape, x[0], p[0], p[1], 1);
    };
    return {refuses({{4, 3, 3, 2}}, {{5, 3, 3, 3}, {5}}, record,
                    "[conv2d] x is 4x3x3x2, W is 5x3x3x3: expected BxHxWxC and OxCxkxk")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Conv2d, OpClaims, Conv2d);

}  // namespace
}  // namespace gradvar::testing::conv2d_test

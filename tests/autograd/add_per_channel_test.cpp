#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::add_per_channel_test {
namespace {

struct AddPerChannel {
  static std::vector<GradcheckCase> cases() {
    return over({{1}, {17}, {5, 3}, {2, 3, 33}}, add_per_channel_case);
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) { return add_per_channel(tape, x[0], x[1]); };
    return {
        refuses({{4}, {4, 1}}, {}, record, "[add_per_channel] x is 4, expected at least 2 axes"),
        refuses({{4, 5, 3}, {4, 5}}, {}, record,
                "[add_per_channel] x is 4x5x3, e is 4x5: e must be BxC with C the last axis of x"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(AddPerChannel, OpClaims, AddPerChannel);

}  // namespace
}  // namespace gradvar::testing::add_per_channel_test

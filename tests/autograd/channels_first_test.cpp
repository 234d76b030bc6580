#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::channels_first_test {
namespace {

struct ChannelsFirst {
  static std::vector<GradcheckCase> cases() {
    return over({{1, 1, 1}, {2, 5, 3}, {1, 2, 17}}, channels_first_case);
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) { return channels_first(tape, x[0]); };
    return {
        refuses({{4, 6}}, {}, record, "[channels_first] x is 4x6, expected BxHxWxC"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(ChannelsFirst, OpClaims, ChannelsFirst);

}  // namespace
}  // namespace gradvar::testing::channels_first_test

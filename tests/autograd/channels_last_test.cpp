#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::channels_last_test {
namespace {

struct ChannelsLast {
  static std::vector<GradcheckCase> cases() {
    return over({{1, 1, 1}, {3, 2, 5}, {17, 1, 2}}, channels_last_case);
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) { return channels_last(tape, x[0]); };
    return {
        refuses({{4, 6}}, {}, record, "[channels_last] x is 4x6, expected BxCxHxW"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(ChannelsLast, OpClaims, ChannelsLast);

}  // namespace
}  // namespace gradvar::testing::channels_last_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::attention_test {
namespace {

GradcheckCase named(std::int64_t positions, std::int64_t channels, std::int64_t heads) {
  GradcheckCase one = attention_case(positions, channels, heads);
  one.name += ", " + std::to_string(positions) + " positions, " + std::to_string(heads) + " heads";
  return one;
}

struct Attention {
  static std::vector<GradcheckCase> cases() {
    return {named(2, 1, 1), named(3, 2, 1), named(3, 4, 4), named(9, 6, 2), named(17, 3, 1)};
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) { return attention(tape, x[0], 2); };
    return {
        refuses({{4, 6}}, {}, record, "[attention] qkv is 4x6, expected BxTx3C"),
        refuses({{4, 0, 6}}, {}, record, "[attention] qkv is 4x0x6, expected BxTx3C"),
        refuses({{4, 5, 9}}, {}, record,
                "[attention] qkv has 9 columns, expected a multiple of 3 x 2: q, k and v for each "
                "head"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Attention, OpClaims, Attention);

// Scores of 10^4 would overflow e^x; the largest is subtracted first.
TEST(Attention, LargeScoresPickOnePosition) {
  const std::vector<float> qkv = {100, 0, 1, 100, 100, 2, 0, -100, 3};
  const std::vector<float> y =
      values_of(qkv, {1, 3, 3}, [](auto& tape, Value x) { return attention(tape, x, 1); });
  EXPECT_EQ(y, (std::vector<float>{2, 2, 2}));  // 2 by its score; the last one, the mean of all
}

}  // namespace
}  // namespace gradvar::testing::attention_test

#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::slice_test {
namespace {

struct Slice {
  static std::vector<GradcheckCase> cases() {
    return {slice_case({1}, 0, 1),    slice_case({17}, 0, 17),  slice_case({33}, 5, 22),
            slice_case({33}, 32, 33), slice_case({5, 3}, 1, 3), slice_case({2, 3, 17}, 0, 1)};
  }
  static std::vector<Refusal> refusals() {
    const auto columns = [](std::int64_t begin, std::int64_t end) {
      return [begin, end](auto& tape, auto x, auto) { return slice(tape, x[0], begin, end); };
    };
    return {
        refuses({{4}}, {}, columns(0, 1), "[slice] x is 4, expected at least 2 axes"),
        refuses({{4, 3}}, {}, columns(-1, 2),
                "[slice] columns -1 to 2 of 4x3: expected 0 <= begin <= end <= 3"),
        refuses({{4, 3}}, {}, columns(2, 1),
                "[slice] columns 2 to 1 of 4x3: expected 0 <= begin <= end <= 3"),
        refuses({{4, 3}}, {}, columns(1, 4),
                "[slice] columns 1 to 4 of 4x3: expected 0 <= begin <= end <= 3"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Slice, OpClaims, Slice);

TEST(Slice, OfOverlappingColumnsAddsTheirGradients) {
  const double slope = slope_at<double>(3.0, [](auto& tape, Value x) {
    const Value column = reshape(tape, x, Shape{1});
    return sum(tape, add(tape, slice(tape, column, 0, 1), slice(tape, column, 0, 1)));
  });
  EXPECT_EQ(slope, 2.0);
}

}  // namespace
}  // namespace gradvar::testing::slice_test

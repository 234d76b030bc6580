#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::squared_error_test {
namespace {

struct SquaredError {
  static std::vector<GradcheckCase> cases() { return over(any_sample(), squared_error_case); }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto) { return squared_error(tape, x[0], x[1]); };
    return {
        refuses({{4, 3}, {4, 2}}, {}, record,
                "[squared_error] y is 4x3, target is 4x2: the shapes must agree"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(SquaredError, OpClaims, SquaredError);

TEST(SquaredError, SumsOverCoordinatesAndDoesNotAverage) {
  const std::vector<double> loss = values_of<double>(
      {3, 4}, {1, 2}, [](auto& tape, Value x) { return squared_error(tape, x, sub(tape, x, x)); });
  EXPECT_EQ(loss, std::vector<double>{25});
}

}  // namespace
}  // namespace gradvar::testing::squared_error_test

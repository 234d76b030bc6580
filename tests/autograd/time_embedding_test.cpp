#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::time_embedding_test {
namespace {

struct TimeEmbedding {
  static std::vector<GradcheckCase> cases() {
    return {time_embedding_case(2, 1), time_embedding_case(3, 10), time_embedding_case(17, 100),
            time_embedding_case(64, 10)};
  }
  static std::vector<Refusal> refusals() {
    const auto width = [](std::int64_t dim) {
      return [dim]<class Real>(Tape<Real>& tape, auto x, auto) {
        return time_embedding(tape, x[0], dim, Real(1));
      };
    };
    return {
        refuses({{4}}, {}, width(8), "[time_embedding] t is 4, expected Bx1"),
        refuses({{4, 2}}, {}, width(8), "[time_embedding] t is 4x2, expected Bx1"),
        refuses({{4, 1, 1}}, {}, width(8), "[time_embedding] t is 4x1x1, expected Bx1"),
        refuses({{4, 1}}, {}, width(1), "[time_embedding] the width is 1, expected 2 or more"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(TimeEmbedding, OpClaims, TimeEmbedding);

TEST(TimeEmbedding, OfTimeZeroIsOnesThenZeros) {
  const std::vector<double> y = values_of<double>(
      {0}, {1, 1}, [](auto& tape, Value t) { return time_embedding(tape, t, 5, 1000.0); });
  EXPECT_EQ(y, (std::vector<double>{1, 1, 0, 0, 0}));
}

}  // namespace
}  // namespace gradvar::testing::time_embedding_test

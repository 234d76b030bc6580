#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::dense_test {
namespace {

struct Dense {
  static std::vector<GradcheckCase> cases() {
    return {dense_case({1}, 1),     dense_case({3}, 1),       dense_case({1}, 17),
            dense_case({17}, 33),   dense_case({33}, 3),      dense_case({5, 3}, 7),
            dense_case({1, 17}, 3), dense_case({2, 3, 4}, 5), dense_case({2, 1, 3, 1}, 2)};
  }
  static std::vector<Refusal> refusals() {
    const auto record = [](auto& tape, auto x, auto p) { return dense(tape, x[0], p[0], p[1]); };
    return {
        refuses({{4}}, {{2, 4}, {2}}, record, "[dense] x is 4, expected at least 2 axes"),
        refuses({{4, 10}}, {{32, 12}, {32}}, record,
                "[dense] x is 4x10, W is 32x12: W must be OxI with I the last axis of x"),
        refuses({{4, 10}}, {{10}, {10}}, record,
                "[dense] x is 4x10, W is 10: W must be OxI with I the last axis of x"),
        refuses({{4, 10}}, {{32, 10, 2}, {32}}, record,
                "[dense] x is 4x10, W is 32x10x2: W must be OxI with I the last axis of x"),
        refuses({{4, 10}}, {{32, 10}, {10}}, record,
                "[dense] b is 10, W is 32x10: b must have one entry a row of W"),
        refuses({{4, 10}}, {{32, 10}, {32, 1}}, record,
                "[dense] b is 32x1, W is 32x10: b must have one entry a row of W"),
        refuses({{4, 0}}, {{32, 0}, {32}}, record, "[dense] W is 32x0, expected 1 or more of each"),
    };
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Dense, OpClaims, Dense);

TEST(Dense, TakesAnEmptyBatch) {
  ParameterSet<double> set;
  const ParameterId weight = set.add("W", {2, 3}), bias = set.add("b", {2});
  Tape<double> tape(set);
  const Value y = dense(tape, tape.input({}, {0, 5, 3}), weight, bias);
  EXPECT_EQ(tape.shape(y), (Shape{0, 5, 2}));
}

// One layer used twice in a row: its gradient is the sum over both uses.
TEST(Dense, UsedTwiceCollectsBothUses) {
  for (const Shape& sample : {Shape{3}, Shape{5, 3}}) {
    GradcheckCase twice =
        gradcheck_case("dense twice", {{.name = "x", .sample = sample}},
                       {{.name = "W", .shape = {3, 3}, .scale = 0.5}, {.name = "b", .shape = {3}}},
                       [](auto& tape, auto x, auto p) {
                         return dense(tape, silu(tape, dense(tape, x[0], p[0], p[1])), p[0], p[1]);
                       });
    expect_within({twice}, kFiniteDifferenceBound, finite_difference);
    expect_within({twice}, kExactness<double>, batch_of_one_difference<double>);
    expect_within({twice}, kExactness<double>, sum_difference<double>);
  }
}

}  // namespace
}  // namespace gradvar::testing::dense_test

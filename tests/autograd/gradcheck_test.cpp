// The claims can fail: each mistake of broken_ops.h is caught, by the question that should.

#include "autograd/gradcheck.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "autograd/op_cases.h"
#include "tests/autograd/broken_ops.h"
#include "tests/autograd/refusal_of.h"

namespace gradvar::testing::gradcheck_test {
namespace {

// c x g, or c x g x^2: then the op is the second to add to its input's adjoint.
GradcheckCase gain_with(Mistake mistake, bool twice = false) {
  return gradcheck_case(
      "broken", {{.name = "x", .sample = {5}}}, {{.name = "g", .shape = {5}}},
      [mistake, twice](auto& tape, auto x, auto p) {
        const Value y = broken_gain(tape, x[0], p[0], mistake);
        return twice ? mul(tape, y, mul(tape, x[0], x[0])) : y;
      },
      [twice](auto x, auto p) {
        std::vector<double> y;
        for (std::size_t i = 0; i < x[0].size(); ++i) {
          y.push_back(3 * x[0][i] * p[0][i] * (twice ? x[0][i] * x[0][i] : 1));
        }
        return y;
      });
}

GradcheckCase centred(bool admits) {
  return gradcheck_case("centred", {{.name = "x", .sample = {3}}}, {},
                        [admits](auto& tape, auto x, auto) { return centre(tape, x[0], admits); });
}

TEST(Gradcheck, FindsNothingWrongWithTheRightOp) {
  for (const bool twice : {false, true}) {
    const GradcheckCase right = gain_with(Mistake::kNone, twice);
    EXPECT_LE(forward_difference<double>(right).relative, kExactness<double>);
    EXPECT_LE(finite_difference(right).relative, kFiniteDifferenceBound);
    EXPECT_LE(batch_of_one_difference<double>(right).relative, kExactness<double>);
    EXPECT_LE(sum_difference<double>(right).relative, kExactness<double>);
  }
}

TEST(Gradcheck, CatchesAWrongValue) {
  EXPECT_GT(forward_difference<double>(gain_with(Mistake::kWrongValue)).relative, 1e-4);
  EXPECT_GT(forward_difference<float>(gain_with(Mistake::kWrongValue)).relative, 1e-4);
}

TEST(Gradcheck, CatchesAFlippedSign) {
  const Difference found = finite_difference(gain_with(Mistake::kFlippedSign));
  EXPECT_NEAR(found.relative, 2.0, 1e-6);
  EXPECT_NE(found.where.find("broken: gradient of input x, element "), std::string::npos)
      << found.where;
}

TEST(Gradcheck, CatchesAForgottenFactor) {
  EXPECT_GT(finite_difference(gain_with(Mistake::kForgetsAFactor)).relative, 0.5);
}

TEST(Gradcheck, CatchesABackwardThatIgnoresTheAdjoint) {
  EXPECT_GT(finite_difference(gain_with(Mistake::kIgnoresTheAdjoint)).relative, 0.1);
}

TEST(Gradcheck, CatchesABackwardThatOverwritesWhenAValueIsUsedTwice) {
  EXPECT_LE(finite_difference(gain_with(Mistake::kOverwrites)).relative, kFiniteDifferenceBound)
      << "used once, overwriting is no mistake";
  EXPECT_GT(finite_difference(gain_with(Mistake::kOverwrites, true)).relative, 0.1);
}

TEST(Gradcheck, CatchesAMeanInPlaceOfTheSamplesGradients) {
  const GradcheckCase averaged = gain_with(Mistake::kAveragesParameter);
  EXPECT_GT(batch_of_one_difference<double>(averaged).relative, 0.1);
  EXPECT_GT(batch_of_one_difference<float>(averaged).relative, 0.1);
  EXPECT_GT(finite_difference(averaged).relative, 0.1);
  EXPECT_LE(sum_difference<double>(averaged).relative, kExactness<double>)
      << "the sum cannot see it";
}

TEST(Gradcheck, CatchesAGradientThatDependsOnThePlaceInTheBatch) {
  const GradcheckCase halved = gain_with(Mistake::kHalvesOneParameter);
  EXPECT_GT(batch_of_one_difference<double>(halved).relative, 0.1);
}

TEST(Gradcheck, CatchesAnOpThatMixesSamples) {
  EXPECT_GT(batch_of_one_difference<double>(centred(false)).relative, 0.1);
  EXPECT_GT(finite_difference(centred(false)).relative, 0.1);
}

// Mean where sum was meant: the reference says what was meant.
TEST(Gradcheck, CatchesAMeanInPlaceOfASum) {
  GradcheckCase swapped = mean_case({4});
  swapped.reference = sum_case({4}).reference;
  EXPECT_NEAR(forward_difference<double>(swapped).relative, 0.75, 1e-12);
}

TEST(Gradcheck, ANotFiniteNumberIsInfinitelyWrong) {
  const std::vector<double> found = {1, std::nan("")}, expected = {1, 2};
  const Difference difference = compare<double>("x", found, expected);
  EXPECT_EQ(difference.relative, std::numeric_limits<double>::infinity());
  EXPECT_EQ(difference.where, "x, element 1: nan, expected 2.000000");
  EXPECT_TRUE(std::isinf(compare<double>("x", expected, found).relative));
}

TEST(Gradcheck, AnythingWhereAllShouldBeZeroIsInfinitelyWrong) {
  const std::vector<double> found = {0, 1e-300}, zeros = {0, 0};
  EXPECT_TRUE(std::isinf(compare<double>("x", found, zeros).relative));
  EXPECT_EQ(compare<double>("x", zeros, zeros).relative, 0.0);
}

TEST(Gradcheck, DifferencesAreRelativeToTheLargestMagnitude) {
  const std::vector<double> found = {0.5, 100}, expected = {0, 100};
  EXPECT_EQ(compare<double>("x", found, expected).relative, 0.005);
  const std::vector<double> fewer = {1};
  EXPECT_EQ(compare<double>("x", fewer, expected).where, "x: 1 numbers, expected 2");
}

TEST(Gradcheck, TheWorseDifferenceIsKept) {
  Difference worst{.relative = 0.1, .where = "a"};
  keep_worse(worst, {.relative = 0.05, .where = "b"});
  EXPECT_EQ(worst.where, "a");
  keep_worse(worst, {.relative = std::nan(""), .where = "c"});
  EXPECT_EQ(worst.where, "c");
}

TEST(Gradcheck, SampleNSeesTheSameNumbersInAnyBatch) {
  const GradcheckCase dense = dense_case({3}, 2);
  const GradcheckData<double> few(dense, 2, false), many(dense, 7, false);
  EXPECT_TRUE(std::ranges::equal(few.inputs[0].row(1), many.inputs[0].row(1)));
  EXPECT_TRUE(std::ranges::equal(few.direction.row(1), many.direction.row(1)));
}

TEST(Gradcheck, KeepsItsDistanceFromAKink) {
  const GradcheckCase relu = relu_case({33});
  const GradcheckData<double> data(relu, 4, false);
  for (const double x : data.inputs[0].values()) EXPECT_GE(std::abs(x), relu.inputs[0].gap);
  EXPECT_GT(relu.inputs[0].gap, 2 * relu.step);
}

TEST(Gradcheck, RefusesToCompareWithoutAReference) {
  EXPECT_EQ(refusal_of([] { (void)forward_difference<double>(centred(false)); }),
            "[gradcheck] centred has no reference to compare with");
}

TEST(Gradcheck, RefusesAFunctionWhoseOutputChangesShape) {
  const GradcheckCase wavering =
      gradcheck_case("wavering", {{.name = "x", .sample = {4}}}, {}, [](auto& tape, auto x, auto) {
        return slice(tape, x[0], 0, std::min<std::int64_t>(tape.batch(), 4));
      });
  EXPECT_EQ(refusal_of([&] { (void)batch_of_one_difference<double>(wavering); }),
            "[gradcheck] wavering gives 1x1 now and gave 4x4 before: a sample's shape must not "
            "change");
}

}  // namespace
}  // namespace gradvar::testing::gradcheck_test

// Predicting a pair from the others: a rule is found, chance is not.

#include "flow/cross_prediction.h"

#include <cmath>
#include <gtest/gtest.h>

#include "flow/distances.h"
#include "flow/mmd.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::cross_prediction_test {
namespace {

using testing::normal_rows;
using testing::sentence;

double mean_error(const CrossPrediction& prediction) { return summarise(prediction.errors).mean; }

TEST(CrossPrediction, ALinearMapIsAlmostFullyPredicted) {
  const Tensor<double> x0 = normal_rows(1, 150, 5);
  Tensor<double> x1(x0.shape());
  for (std::int64_t i = 0; i < x0.size(); ++i) x1[i] = 5 - x0[i];
  const CrossPrediction prediction = predict_across({x0, x1});
  ASSERT_EQ(prediction.errors.size(), 150U);
  EXPECT_GT(prediction.explained, 0.99);
  EXPECT_LT(mean_error(prediction), 0.1 * random_partner_distance(x1, x1));
}

TEST(CrossPrediction, RandomPairsAreNotPredicted) {
  const Pairs pairs{normal_rows(1, 150, 3), normal_rows(2, 150, 3)};
  const CrossPrediction prediction = predict_across(pairs);
  EXPECT_NEAR(prediction.explained, 0, 0.1);
  EXPECT_GT(mean_error(prediction), 0.5 * random_partner_distance(pairs.x1, pairs.x1));
}

// The diagonal of the inverse does what leaving out by hand does: with two far sources and one
// prediction from the rest, nothing of the left-out target may leak.
TEST(CrossPrediction, ALeftOutTargetDoesNotTellOnItself) {
  Pairs pairs{normal_rows(1, 40, 2), normal_rows(2, 40, 2)};
  const double before = predict_across(pairs).errors[0];
  // An outlier's own target cannot be known from the others: its error grows as it moves away.
  pairs.x1[0] += 100;
  EXPECT_GT(predict_across(pairs).errors[0], 95 - before);
}

TEST(CrossPrediction, RefusesTooFewAndOneSource) {
  EXPECT_EQ(sentence([] {
              (void)predict_across({normal_rows(1, 2, 2), normal_rows(2, 2, 2)});
            }),
            "[cross prediction] there are 2 pairs, expected 3 or more");
  EXPECT_EQ(sentence([] {
              (void)predict_across({Tensor<double>(Shape{5, 2}), normal_rows(2, 5, 2)});
            }),
            "[cross prediction] most sources are one point, expected different ones");
}

}  // namespace
}  // namespace gradvar::cross_prediction_test

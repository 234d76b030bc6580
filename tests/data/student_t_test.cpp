#include "data/student_t.h"

#include <cmath>
#include <gtest/gtest.h>

#include "flow/intervals.h"
#include "tests/data/sample_moments.h"
#include "tests/io/error_of.h"

namespace gradvar::student_t_test {
namespace {

using testing::error_of;

// The share of samples below a point is Student's probability of it, in each coordinate.
TEST(StudentT, EveryCoordinateFollowsStudentsLaw) {
  for (const std::int64_t df : {1, 3, 30}) {
    const Tensor<double> x = testing::many_samples(StudentT({.dim = 2, .df = df, .scale = 2}));
    const auto n = static_cast<double>(x.rows());
    for (const double at : {-3.0, 0.0, 1.0, 5.0}) {
      for (int coordinate = 0; coordinate < 2; ++coordinate) {
        double below = 0;
        for (std::int64_t i = 0; i < x.rows(); ++i) {
          below += x[2 * i + coordinate] <= 2 * at ? 1 : 0;
        }
        const double p = student_probability(at, static_cast<double>(df));
        EXPECT_NEAR(below / n, p, 5 * std::sqrt(p * (1 - p) / n)) << df << " " << at;
      }
    }
  }
}

// One factor for all coordinates: squares are correlated, as those of independent ones are not.
TEST(StudentT, CoordinatesAreFarOutTogether) {
  const Tensor<double> x = testing::many_samples(StudentT({.dim = 2, .df = 3}));
  double first = 0, both = 0;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    const bool far = std::abs(x[2 * i]) > 4;
    first += far ? 1 : 0;
    both += far && std::abs(x[2 * i + 1]) > 4 ? 1 : 0;
  }
  const double alone = first / static_cast<double>(x.rows());
  EXPECT_GT(both / first, 5 * alone);
}

TEST(StudentT, SaysWhatItIsAndRefusesWhatItCannotBe) {
  EXPECT_EQ(StudentT({.dim = 4, .df = 5, .scale = 0.5}).spec(), "student-t:dim=4,df=5,scale=0.5");
  EXPECT_EQ(error_of([] { (void)StudentT({.df = 0}); }), "[student-t] df is 0, expected 1 to 1000");
  EXPECT_EQ(error_of([] { (void)StudentT({.dim = 0}); }),
            "[student-t] dim is 0, expected 1 or more");
  EXPECT_EQ(error_of([] { (void)StudentT({.scale = -1}); }),
            "[student-t] scale is -1, expected a number above 0");
}

}  // namespace
}  // namespace gradvar::student_t_test

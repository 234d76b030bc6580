#include "io/number_text.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace gradvar::number_text_test {
namespace {

TEST(NumberText, IsShort) {
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(-3), "-3");
  EXPECT_EQ(number_text(1e-5), "1e-05");
}

TEST(NumberText, ReadsBackAsTheSameNumber) {
  using Limits = std::numeric_limits<double>;
  for (const double x : {0.0, 1.0 / 3.0, -2.0 / 7.0, Limits::min(), Limits::max(),
                         Limits::denorm_min(), 123456789012345678.0}) {
    EXPECT_EQ(number_from_text(number_text(x)), x);
  }
  EXPECT_TRUE(std::signbit(*number_from_text(number_text(-0.0))));
  EXPECT_EQ(number_from_text(number_text(-Limits::infinity())), -Limits::infinity());
  EXPECT_TRUE(std::isnan(*number_from_text(number_text(Limits::quiet_NaN()))));
}

TEST(NumberText, ReadsAPlusSign) { EXPECT_EQ(number_from_text("+1.5"), 1.5); }

TEST(NumberText, RefusesWhatIsNotANumberFromEndToEnd) {
  for (const char* text :
       {"", " ", "abc", "1x", " 1", "1 ", "1,5", "+-1", "++1", "1e400", "0x10"}) {
    EXPECT_FALSE(number_from_text(text).has_value()) << "'" << text << "'";
  }
}

}  // namespace
}  // namespace gradvar::number_text_test

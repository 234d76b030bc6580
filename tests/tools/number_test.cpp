#include "tools/report/number.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "tests/io/error_of.h"

namespace gradvar::report::number_test {
namespace {

using testing::error_of;

TEST(FormatNumber, KeepsSignificantDigits) {
  EXPECT_EQ(format_number(0.0034), "0.00340");
  EXPECT_EQ(format_number(34.25, 4), "34.25");
  EXPECT_EQ(format_number(42.666666, 6), "42.6667");
  EXPECT_EQ(format_number(1), "1.00");
  EXPECT_EQ(format_number(0.0), "0");
}

TEST(FormatNumber, NeverRoundsAwayDigitsBeforeThePoint) {
  EXPECT_EQ(format_number(12345.6), "12\u202f346");
  EXPECT_EQ(format_number(1234.4, 2), "1234");
}

TEST(FormatNumber, GoesScientificAtBothEnds) {
  EXPECT_EQ(format_number(1.758e-6), "1.76 × 10^{−6}");
  EXPECT_EQ(format_number(123456), "1.23 × 10^{5}");
  EXPECT_EQ(format_number(0.001, 1), "0.001");
  EXPECT_EQ(format_number(0.00099, 1), "0.001");  // rounds up to the last plain one
  EXPECT_EQ(format_number(0.00094, 1), "9 × 10^{−4}");
  EXPECT_EQ(format_number(99999.7, 5), "1.0000 × 10^{5}");
}

TEST(FormatNumber, WritesSignsAndWhatIsNoNumber) {
  EXPECT_EQ(format_number(-0.5, 1), "−0.5");
  EXPECT_EQ(format_number(std::nan("")), "NaN");
  EXPECT_EQ(format_number(-std::numeric_limits<double>::infinity()), "−∞");
}

TEST(FormatNumber, ReachesTheEndsOfTheRange) {
  EXPECT_EQ(format_number(std::numeric_limits<double>::max()), "1.80 × 10^{308}");
  EXPECT_EQ(format_number(std::numeric_limits<double>::denorm_min(), 2), "4.9 × 10^{−324}");
}

TEST(FormatNumber, RefusesDigitsOutOfRange) {
  EXPECT_EQ(error_of([] { (void)format_number(1, 0); }),
            "[format_number] digits is 0, expected 1 to 17");
  EXPECT_EQ(error_of([] { (void)format_plus_minus(1, 1, 18); }),
            "[format_plus_minus] digits is 18, expected 1 to 17");
  EXPECT_EQ(error_of([] { (void)format_interval(1, 2, -1); }),
            "[format_interval] digits is -1, expected 1 to 17");
}

TEST(FormatInteger, GroupsThousandsFromFiveDigitsOn) {
  EXPECT_EQ(format_integer(0), "0");
  EXPECT_EQ(format_integer(9999), "9999");
  EXPECT_EQ(format_integer(15000), "15\u202f000");
  EXPECT_EQ(format_integer(-1234567), "−1\u202f234\u202f567");
}

TEST(FormatPlusMinus, BringsTheValueToThePlaceOfTheSpread) {
  EXPECT_EQ(format_plus_minus(34.27, 7.543), "34.3 ± 7.5");
  EXPECT_EQ(format_plus_minus(34.253, 7.541, 3), "34.25 ± 7.54");
  EXPECT_EQ(format_plus_minus(0.31, 0.021), "0.310 ± 0.021");
  EXPECT_EQ(format_plus_minus(-2.0, 0.96, 1), "−2 ± 1");
}

TEST(FormatPlusMinus, SharesOnePowerOfTen) {
  EXPECT_EQ(format_plus_minus(1.758e-6, 3e-8), "(1.758 ± 0.030) × 10^{−6}");
  EXPECT_EQ(format_plus_minus(0, 2e-7, 1), "(0 ± 2) × 10^{−7}");
}

TEST(FormatPlusMinus, SaysWhenThereIsNoSpread) {
  EXPECT_EQ(format_plus_minus(0.1 + 1e-16, 1.7e-17), format_plus_minus(0.1, 0));
  EXPECT_EQ(format_plus_minus(1.5, 0), "1.50 ± 0");
  EXPECT_EQ(format_plus_minus(1.5, std::nan("")), "1.50 ± NaN");
}

TEST(FormatInterval, GivesBothEndsThePlaceOfTheWidth) {
  EXPECT_EQ(format_interval(0.1234, 0.5678), "[0.12, 0.57]");
  EXPECT_EQ(format_interval(-0.002, 0.031), "[−0.002, 0.031]");
  EXPECT_EQ(format_interval(1e-6, 3e-6), "[1.0, 3.0] × 10^{−6}");
  EXPECT_EQ(format_interval(2, 2), "[2.0, 2.0]");
  EXPECT_EQ(format_interval(0, 0), "[0, 0]");
}

TEST(FormatInterval, NeverWritesMinusZero) {
  EXPECT_EQ(format_interval(-0.001, 9.0), "[0.0, 9.0]");
}

TEST(FormatDuration, ChoosesUnitsAPersonWouldChoose) {
  EXPECT_EQ(format_duration(0.841), "0.84 s");
  EXPECT_EQ(format_duration(3.14), "3.1 s");
  EXPECT_EQ(format_duration(42.4), "42 s");
  EXPECT_EQ(format_duration(59.6), "1 min 00 s");
  EXPECT_EQ(format_duration(185), "3 min 05 s");
  EXPECT_EQ(format_duration(7620), "2 h 07 min");
  EXPECT_EQ(format_duration(273600), "3 d 04 h");
  EXPECT_EQ(format_duration(-1), "unknown");
  EXPECT_EQ(format_duration(1e18), "for ever");
}

TEST(FormatBytes, UsesBinaryUnits) {
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(16750372454), "15.6 GiB");
  EXPECT_EQ(format_bytes(std::uint64_t{512} << 30), "512 GiB");
}

}  // namespace
}  // namespace gradvar::report::number_test

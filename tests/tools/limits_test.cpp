#include "tools/limits.h"

#include <gtest/gtest.h>
#include <limits>

#include "../io/error_of.h"

namespace gradvar::limits_test {
namespace {

TEST(Limits, SaysBytesInThreeDigits) {
  EXPECT_EQ(bytes_text(0), "0 bytes");
  EXPECT_EQ(bytes_text(999), "999 bytes");
  EXPECT_EQ(bytes_text(999.9), "1 kB");
  EXPECT_EQ(bytes_text(1.55e10), "15.5 GB");
  EXPECT_EQ(bytes_text(3.2e13), "32 TB");
  EXPECT_EQ(bytes_text(4e17), "400 PB");
  EXPECT_EQ(bytes_text(1e60), "more than 999 EB");
  EXPECT_EQ(bytes_text(std::numeric_limits<double>::infinity()), "more than 999 EB");
}

TEST(Limits, RefusesWhatNoMachineHas) {
  const std::string error =
      testing::error_of([] { check_memory("--pairs:", "1000 pairs", 3.2e19); });
  EXPECT_EQ(error.substr(0, 43), "--pairs: 1000 pairs take 32 EB, this machin");
  EXPECT_EQ(testing::error_of([] { check_memory("--pairs:", "2 pairs", 1e5); }), "no error");
  EXPECT_FALSE(fits_memory(3.2e19));
  EXPECT_TRUE(fits_memory(1e5));
}

}  // namespace
}  // namespace gradvar::limits_test

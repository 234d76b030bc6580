#include "data/spec_text.h"

#include <gtest/gtest.h>

#include "tests/io/error_of.h"

namespace gradvar {
namespace {

TEST(SpecText, QuotesTextOnlyWhenItHoldsAComma) {
  EXPECT_EQ(spec_value(std::string("a b.csv")), "a b.csv");
  EXPECT_EQ(spec_value(std::string("a,b.csv")), "\"a,b.csv\"");
}

TEST(SpecText, WritesNumbersExactly) {
  const double numbers[] = {0.5, -1, 1.0 / 3.0};
  EXPECT_EQ(spec_value(numbers), "\"0.5,-1,0.3333333333333333\"");
}

TEST(SpecText, RefusesADoubleQuote) {
  EXPECT_EQ(testing::error_of([] { (void)spec_value(std::string("a\"b")); }),
            "[spec] 'a\"b' holds a double quote, which a spec cannot say");
}

}  // namespace
}  // namespace gradvar

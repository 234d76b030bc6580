// Specs read back what was written, and refuse what they do not know.

#include "io/spec.h"

#include <gtest/gtest.h>

#include "tests/io/error_of.h"

namespace gradvar::spec_test {
namespace {

using testing::error_of;

TEST(Spec, WritesKeysInTheOrderGiven) {
  EXPECT_EQ(SpecWriter("a").integer("n", -3).number("x", 0.1).flag("f", true).word("w", "z").text(),
            "a:n=-3,x=0.1,f=true,w=z");
  EXPECT_EQ(SpecWriter("alone").text(), "alone");
}

TEST(Spec, ReadsWhatWasWritten) {
  const double number = 1.0 / 3.0;
  const std::string text =
      SpecWriter("a").integer("n", 42).number("x", number).flag("f", false).word("w", "z").text();
  SpecReader reader(text);
  EXPECT_EQ(reader.name(), "a");
  EXPECT_EQ(reader.word("w", ""), "z");
  EXPECT_EQ(reader.integer("n", 0), 42);
  EXPECT_EQ(reader.number("x", 0), number);
  EXPECT_FALSE(reader.flag("f", true));
  EXPECT_NO_THROW(reader.done());
}

TEST(Spec, GivesDefaultsForKeysThatAreNotThere) {
  SpecReader reader("a");
  EXPECT_EQ(reader.integer("n", 7), 7);
  EXPECT_EQ(reader.number("x", 0.5), 0.5);
  EXPECT_TRUE(reader.flag("f", true));
  EXPECT_EQ(reader.word("w", "d"), "d");
  EXPECT_NO_THROW(reader.done());
}

TEST(Spec, ReadsOneAndZeroAsFlags) {
  SpecReader reader("a:f=1,g=0");
  EXPECT_TRUE(reader.flag("f", false));
  EXPECT_FALSE(reader.flag("g", true));
}

TEST(Spec, RefusesTextThatIsNotASpec) {
  EXPECT_EQ(error_of([] { SpecReader(""); }), "[spec] '' has no name, expected name:key=value,...");
  EXPECT_EQ(error_of([] { SpecReader(":n=1"); }),
            "[spec] ':n=1' has no name, expected name:key=value,...");
  EXPECT_EQ(error_of([] { SpecReader("a:"); }), "[a] '' in 'a:' is not of the form key=value");
  EXPECT_EQ(error_of([] { SpecReader("a:n=1,m"); }),
            "[a] 'm' in 'a:n=1,m' is not of the form key=value");
  EXPECT_EQ(error_of([] { SpecReader("a:=1"); }),
            "[a] '=1' in 'a:=1' is not of the form key=value");
  EXPECT_EQ(error_of([] { SpecReader("a:n=1,n=2"); }), "[a] the key n stands twice in 'a:n=1,n=2'");
}

TEST(Spec, RefusesValuesOfAnotherType) {
  SpecReader reader("a:n=1.5,x=two,f=yes,big=99999999999999999999");
  EXPECT_EQ(error_of([&] { (void)reader.integer("n", 0); }),
            "[a] n is '1.5', expected a whole number");
  EXPECT_EQ(error_of([&] { (void)reader.integer("big", 0); }),
            "[a] big is '99999999999999999999', expected a whole number");
  EXPECT_EQ(error_of([&] { (void)reader.number("x", 0); }),
            "[a] x is 'two', expected a finite number");
  EXPECT_EQ(error_of([&] { (void)reader.flag("f", false); }),
            "[a] f is 'yes', expected true or false");
}

TEST(Spec, RefusesUnknownAndMissingKeysAndOtherNames) {
  SpecReader reader("a:widht=3,n=1,m=2");
  EXPECT_EQ(reader.integer("n", 0), 1);
  (void)reader.integer("width", 0);
  EXPECT_EQ(error_of([&] { reader.done(); }),
            "[a] unknown key 'widht', 'm', expected only keys of: n, width");
  EXPECT_EQ(error_of([&] { reader.require("dim"); }), "[a] the key dim is missing");
  EXPECT_EQ(error_of([&] { reader.expect_name("b"); }),
            "[spec] the name 'a' is unknown, expected b");
  EXPECT_EQ(error_of([] { SpecReader("a:n=1").done(); }), "[a] unknown key 'n', expected no keys");
}

}  // namespace
}  // namespace gradvar::spec_test

#include "tools/toml.h"

#include <gtest/gtest.h>

#include "../io/error_of.h"

namespace gradvar::toml_test {
namespace {

using testing::error_of;

TomlEntry only(const std::string& line) {
  const std::vector<TomlEntry> entries = parse_toml("run.toml", line);
  return entries.size() == 1 ? entries[0] : TomlEntry{};
}

std::string refusal(const std::string& text) {
  return error_of([&] { (void)parse_toml("run.toml", text); });
}

TEST(Toml, ReadsNumbersTextsAndComments) {
  const std::vector<TomlEntry> entries = parse_toml(
      "run.toml", "# run\n\n a = 12 # twelve\r\nb-2=\"x # y\"\nc_3 = 'C:\\x'\n  \t\nd = -1e-3");
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].key, "a");
  EXPECT_EQ(entries[0].value, "12");
  EXPECT_FALSE(entries[0].is_text);
  EXPECT_EQ(entries[0].line, 3);
  EXPECT_EQ(entries[1].key, "b-2");
  EXPECT_EQ(entries[1].value, "x # y");
  EXPECT_TRUE(entries[1].is_text);
  EXPECT_EQ(entries[2].value, "C:\\x");
  EXPECT_EQ(entries[3].value, "-1e-3");
  EXPECT_EQ(entries[3].line, 7);
}

// Editors of some systems put one at the beginning of every file.
TEST(Toml, AByteOrderMarkIsNoPartOfTheFirstKey) {
  const std::vector<TomlEntry> entries = parse_toml("run.toml",
                                                    "\xEF\xBB\xBF"
                                                    "a = 1\nb = 2\n");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].key, "a");
  EXPECT_EQ(entries[0].line, 1);
}

TEST(Toml, UnderscoresPartDigitsOnly) {
  EXPECT_EQ(only("a = 1_000_000").value, "1000000");
  EXPECT_EQ(only("a = _1__0_").value, "_1__0_");
}

TEST(Toml, ResolvesEscapes) {
  EXPECT_EQ(only(R"(a = "\"\\\t\n\b\f\r\u0041\u00e9\u20ac\U0001F600")").value,
            "\"\\\t\n\b\f\rA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(Toml, QuotedTextReadsBackTheSame) {
  for (const std::string text :
       {"", "gaussian:mean=\"1,2\"", "back\\slash", "tab\tline\nend\x7f", "caf\xc3\xa9 # '"}) {
    EXPECT_EQ(only("a = " + toml_quoted(text)).value, text);
  }
}

TEST(Toml, RefusesWhatIsNotKeyValue) {
  EXPECT_EQ(refusal("a = 1\n[section]"),
            "run.toml:2: tables are not used here, expected key = value");
  EXPECT_EQ(refusal("= 3"), "run.toml:1: expected key = value");
  EXPECT_EQ(refusal("just words"), "run.toml:1: expected key = value");
  EXPECT_EQ(refusal("a ="), "run.toml:1: the key 'a' has no value");
  EXPECT_EQ(refusal("a = # x"), "run.toml:1: the key 'a' has no value");
  EXPECT_EQ(refusal("a = [1,2]"),
            "run.toml:1: 'a' is '[1,2]', expected one number, or one text in quotes");
  EXPECT_EQ(refusal("a = 1 2"),
            "run.toml:1: '2' after the value of 'a', expected the end of the line");
  EXPECT_EQ(refusal("a = \"\"\"x\"\"\""),
            "run.toml:1: '\"x\"\"\"' after the value of 'a', expected the end of the line");
  EXPECT_EQ(refusal("a = 'x"), "run.toml:1: the text of 'a' is not closed on its line");
  EXPECT_EQ(refusal("a = 1\nb = 2\na = 1"),
            "run.toml:3: the key 'a' stands twice, first in line 1");
}

TEST(Toml, RefusesUnknownEscapes) {
  const std::string sentence =
      "run.toml:1: an unknown escape after \\, expected one of b t n f r \" \\ uHHHH UHHHHHHHH";
  for (const char* text :
       {R"(a = "\x41")", R"(a = "\u12")", R"(a = "\ud800")", R"(a = "\U00110000")", R"(a = "\)"}) {
    EXPECT_EQ(refusal(text), sentence) << text;
  }
}

}  // namespace
}  // namespace gradvar::toml_test

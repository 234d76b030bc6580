#include "io/json_scanner.h"

#include <gtest/gtest.h>
#include <vector>

#include "tests/io/error_of.h"

namespace gradvar::json_scanner_test {
namespace {

using testing::error_of;

std::string string_in(const std::string& text) {
  JsonScanner json("f", text);
  const std::string value = json.string("a name");
  json.finish();
  return value;
}

std::string string_refusal(const std::string& text) {
  return error_of([&] { (void)string_in(text); });
}

std::int64_t number_in(const std::string& text) {
  JsonScanner json("f", text);
  const std::int64_t value = json.whole_number("an offset");
  json.finish();
  return value;
}

std::string number_refusal(const std::string& text) {
  return error_of([&] { (void)number_in(text); });
}

// Reads {"key": number, ...} and gives the keys.
std::vector<std::string> keys_of(const std::string& text) {
  std::vector<std::string> keys;
  JsonScanner json("f", text);
  json.object([&](const std::string& key) {
    keys.push_back(key);
    (void)json.whole_number("a value");
  });
  json.finish();
  return keys;
}

std::string object_refusal(const std::string& text) {
  return error_of([&] { (void)keys_of(text); });
}

TEST(JsonScanner, ReadsObjectsInTheirOrder) {
  EXPECT_EQ(keys_of("{}"), std::vector<std::string>());
  EXPECT_EQ(keys_of(" { \"b\" : 1 ,\n\t\"a\":2}   "), (std::vector<std::string>{"b", "a"}));
}

TEST(JsonScanner, ReadsArrays) {
  for (const std::string text : {"[]", "[1]", " [ 1 , 2,3 ] "}) {
    JsonScanner json("f", text);
    std::int64_t sum = 0;
    json.array([&] { sum += json.whole_number("a value"); });
    json.finish();
    EXPECT_EQ(sum, text == "[]" ? 0 : text == "[1]" ? 1 : 6);
  }
}

TEST(JsonScanner, ResolvesEscapes) {
  EXPECT_EQ(string_in(R"("a\"\\\/\b\f\n\r\tb")"), "a\"\\/\b\f\n\r\tb");
  EXPECT_EQ(string_in(R"("\u0041\u00e9\u20AC\uD83D\uDE00")"), "A\u00e9\u20AC\U0001F600");
  EXPECT_EQ(string_in(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(string_in("\"\u00e9\""), "\u00e9");
}

TEST(JsonScanner, QuotesSoThatItReadsBack) {
  std::string every;
  for (char c = 1; c < 127; ++c) every += c;
  every += std::string(1, '\0') + "\u20AC\U0001F600";
  EXPECT_EQ(string_in(json_quoted(every)), every);
  EXPECT_EQ(json_quoted("a\"\n"), "\"a\\\"\\u000a\"");
}

TEST(JsonScanner, RefusesBrokenStrings) {
  EXPECT_EQ(string_refusal("7"), "f: header byte 0: found '7', expected a name, a string");
  EXPECT_EQ(string_refusal("\"abc"), "f: header byte 4: the string does not end");
  EXPECT_EQ(string_refusal("\"a\nb\""), "f: header byte 2: a control character stands in a string");
  EXPECT_EQ(string_refusal(R"("\x")"),
            "f: header byte 2: found 'x', expected an escape: one of \"\\/bfnrt or uHHHH");
  EXPECT_EQ(string_refusal("\"\\"),
            "f: header byte 2: the header ends, expected an escape: one of \"\\/bfnrt or uHHHH");
  EXPECT_EQ(string_refusal(R"("\u12)"), "f: header byte 3: the header ends within \\uHHHH");
  EXPECT_EQ(string_refusal(R"("\u12g4")"),
            "f: header byte 3: expected four hexadecimal digits after \\u");
  EXPECT_EQ(string_refusal(R"("\uDC00")"),
            "f: header byte 7: a low surrogate stands without a high one");
  EXPECT_EQ(string_refusal(R"("\uD800x")"),
            "f: header byte 7: a high surrogate stands without a low one");
  EXPECT_EQ(string_refusal(R"("\uD800\u0041")"),
            "f: header byte 13: a high surrogate stands without a low one");
}

TEST(JsonScanner, ReadsWholeNumbers) {
  EXPECT_EQ(number_in("0"), 0);
  EXPECT_EQ(number_in("9223372036854775807"), 9223372036854775807);
}

TEST(JsonScanner, RefusesOtherNumbers) {
  const std::string wanted = ", expected an offset, a whole number of 0 or more";
  EXPECT_EQ(number_refusal("-1"), "f: header byte 0: found a negative number" + wanted);
  EXPECT_EQ(number_refusal("01"), "f: header byte 0: found a leading zero" + wanted);
  EXPECT_EQ(number_refusal("1.0"), "f: header byte 1: found a fraction or an exponent" + wanted);
  EXPECT_EQ(number_refusal("1E2"), "f: header byte 1: found a fraction or an exponent" + wanted);
  EXPECT_EQ(number_refusal("9223372036854775808"),
            "f: header byte 0: found a number that does not fit 64 bits" + wanted);
  EXPECT_EQ(number_refusal("true"), "f: header byte 0: found 't'" + wanted);
  EXPECT_EQ(number_refusal(" "), "f: header byte 1: the header ends" + wanted);
  EXPECT_EQ(number_refusal("\x01"), "f: header byte 0: found an unprintable byte" + wanted);
}

TEST(JsonScanner, RefusesBrokenObjectsAndArrays) {
  EXPECT_EQ(object_refusal("[1]"), "f: header byte 0: found '[', expected '{'");
  EXPECT_EQ(object_refusal("{\"a\" 1}"), "f: header byte 5: found '1', expected ':'");
  EXPECT_EQ(object_refusal("{\"a\":1"), "f: header byte 6: the header ends, expected ',' or '}'");
  EXPECT_EQ(object_refusal("{\"a\":1,}"), "f: header byte 7: found '}', expected a key, a string");
  EXPECT_EQ(object_refusal("{\"a\":1,\"a\":1}"), "f: header byte 10: the key 'a' is given twice");
  EXPECT_EQ(object_refusal("{\"a\":1,\"\\u0061\":1}"),
            "f: header byte 15: the key 'a' is given twice");
  JsonScanner json("f", "[1 2]");
  EXPECT_EQ(error_of([&] { json.array([&] { (void)json.whole_number("a value"); }); }),
            "f: header byte 3: found '2', expected ',' or ']'");
}

TEST(JsonScanner, AllowsOnlySpacesAfterTheEnd) {
  EXPECT_EQ(object_refusal("{}  "), "no error");
  EXPECT_EQ(object_refusal("{} {}"),
            "f: header byte 3: found '{' after the closing brace, expected nothing but spaces");
  EXPECT_EQ(object_refusal("{}\n"),
            "f: header byte 2: found an unprintable byte after the closing brace, expected nothing "
            "but spaces");
}

TEST(Utf8, FindsTheFirstByteThatIsNot) {
  EXPECT_EQ(first_invalid_utf8(""), std::string::npos);
  EXPECT_EQ(first_invalid_utf8("aé€😀"), std::string::npos);
  EXPECT_EQ(first_invalid_utf8("\U0010FFFF"), std::string::npos);
  for (const std::string bad :
       {"\x80", "\xC3", "\xC3x", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xE2\x82",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(first_invalid_utf8("ab" + bad), 2u);
  }
  EXPECT_EQ(error_of([] { JsonScanner("f", "{\xFF}"); }),
            "f: header byte 1: the bytes are not UTF-8");
}

}  // namespace
}  // namespace gradvar::json_scanner_test

#include "io/json_scanner.h"

#include <charconv>
#include <set>
#include <utility>

#include "io/atomic_file.h"

namespace gradvar {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string utf8(std::uint32_t code) {
  const auto tail = [code](int shift) {
    return static_cast<char>(0x80 | ((code >> shift) & 0x3F));
  };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0 | (code >> 6)), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xE0 | (code >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | (code >> 18)), tail(12), tail(6), tail(0)};
}

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) -> std::uint32_t {
      return k < text.size() ? static_cast<unsigned char>(text[k]) : 0;
    };
    const std::uint32_t lead = byte(i);
    std::size_t length = 1;
    std::uint32_t code = lead, smallest = 0;
    if (lead >= 0xF0 && lead <= 0xF4) {
      length = 4, code = lead & 0x07, smallest = 0x10000;
    } else if (lead >= 0xE0 && lead < 0xF0) {
      length = 3, code = lead & 0x0F, smallest = 0x800;
    } else if (lead >= 0xC2 && lead < 0xE0) {
      length = 2, code = lead & 0x1F, smallest = 0x80;
    } else if (lead >= 0x80) {
      return i;
    }
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xC0) != 0x80) return i;
      code = (code << 6) | (byte(i + k) & 0x3F);
    }
    if (code < smallest || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (byte < 0x20) {
      quoted += {'\\', 'u', '0', '0', kHexDigits[byte >> 4], kHexDigits[byte & 0xF]};
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

JsonScanner::JsonScanner(std::string path, std::string_view text)
    : path_(std::move(path)), text_(text) {
  const std::size_t invalid = first_invalid_utf8(text_);
  if (invalid == std::string_view::npos) return;
  position_ = invalid;
  refuse("the bytes are not UTF-8");
}

void JsonScanner::refuse(std::string_view what) const {
  refuse_file(path_, "header byte " + std::to_string(position_) + ": " + std::string(what));
}

void JsonScanner::skip_space() {
  const std::size_t next = text_.find_first_not_of(" \t\r\n", position_);
  position_ = next == std::string_view::npos ? text_.size() : next;
}

bool JsonScanner::take(char c) {
  skip_space();
  if (position_ == text_.size() || text_[position_] != c) return false;
  ++position_;
  return true;
}

// What stands here, for an error.
std::string JsonScanner::found() const {
  if (position_ == text_.size()) return "the header ends";
  const char c = text_[position_];
  return c >= ' ' && c <= '~' ? "found '" + std::string(1, c) + "'" : "found an unprintable byte";
}

void JsonScanner::expect(char c) {
  if (!take(c)) refuse(found() + ", expected '" + std::string(1, c) + "'");
}

void JsonScanner::object(const std::function<void(const std::string& key)>& member) {
  expect('{');
  if (take('}')) return;
  std::set<std::string> keys;
  do {
    const std::string key = string("a key");
    if (!keys.insert(key).second) refuse("the key '" + key + "' is given twice");
    expect(':');
    member(key);
  } while (take(','));
  if (!take('}')) refuse(found() + ", expected ',' or '}'");
}

void JsonScanner::array(const std::function<void()>& element) {
  expect('[');
  if (take(']')) return;
  do {
    element();
  } while (take(','));
  if (!take(']')) refuse(found() + ", expected ',' or ']'");
}

std::string JsonScanner::string(std::string_view what) {
  if (!take('"')) refuse(found() + ", expected " + std::string(what) + ", a string");
  std::string value;
  while (true) {
    if (position_ == text_.size()) refuse("the string does not end");
    const char c = text_[position_];
    if (static_cast<unsigned char>(c) < 0x20) refuse("a control character stands in a string");
    ++position_;
    if (c == '"') return value;
    if (c == '\\') {
      value += escape();
    } else {
      value += c;
    }
  }
}

// What follows a backslash.
std::string JsonScanner::escape() {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char letter = position_ < text_.size() ? text_[position_] : '\0';
  const std::size_t simple = kLetters.find(letter);
  if (simple != std::string_view::npos) {
    ++position_;
    return {kMeanings[simple]};
  }
  if (letter != 'u') refuse(found() + ", expected an escape: one of \"\\/bfnrt or uHHHH");
  ++position_;
  std::uint32_t code = hex4();
  if (code >= 0xDC00 && code < 0xE000) refuse("a low surrogate stands without a high one");
  if (code >= 0xD800 && code < 0xDC00) {
    if (text_.substr(position_, 2) != "\\u") refuse("a high surrogate stands without a low one");
    position_ += 2;
    const std::uint32_t low = hex4();
    if (low < 0xDC00 || low >= 0xE000) refuse("a high surrogate stands without a low one");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  return utf8(code);
}

std::uint32_t JsonScanner::hex4() {
  std::uint32_t code = 0;
  const char* first = text_.data() + position_;
  if (text_.size() - position_ < 4) refuse("the header ends within \\uHHHH");
  const auto [end, error] = std::from_chars(first, first + 4, code, 16);
  if (error != std::errc() || end != first + 4)
    refuse("expected four hexadecimal digits after \\u");
  position_ += 4;
  return code;
}

std::int64_t JsonScanner::whole_number(std::string_view what) {
  skip_space();
  const std::string wanted = std::string(what) + ", a whole number of 0 or more";
  if (position_ < text_.size() && text_[position_] == '-') {
    refuse("found a negative number, expected " + wanted);
  }
  if (position_ == text_.size() || !is_digit(text_[position_])) {
    refuse(found() + ", expected " + wanted);
  }
  std::int64_t value = 0;
  const char* first = text_.data() + position_;
  const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
  if (error != std::errc()) refuse("found a number that does not fit 64 bits, expected " + wanted);
  if (*first == '0' && end != first + 1) refuse("found a leading zero, expected " + wanted);
  position_ += static_cast<std::size_t>(end - first);
  if (position_ < text_.size() && (text_[position_] == '.' || (text_[position_] | 0x20) == 'e')) {
    refuse("found a fraction or an exponent, expected " + wanted);
  }
  return value;
}

void JsonScanner::finish() {
  const std::size_t next = text_.find_first_not_of(' ', position_);
  if (next == std::string_view::npos) return;
  position_ = next;
  refuse(found() + " after the closing brace, expected nothing but spaces");
}

}  // namespace gradvar

#include "tools/toml.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "io/atomic_file.h"

namespace gradvar {

namespace {

bool is_key_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  } else {
    byte(0xf0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  }
}

// One line, front to back.
class LineScanner {
 public:
  LineScanner(const std::string& path, int line, std::string_view text)
      : path_(path), line_(line), text_(text) {}

  [[noreturn]] void refuse(const std::string& what) const {
    refuse_file(path_ + ":" + std::to_string(line_), what);
  }

  // Whether nothing is left but a comment.
  bool at_end() {
    skip_space();
    return at_ == text_.size() || text_[at_] == '#';
  }

  TomlEntry entry() {
    TomlEntry entry{.key = key(), .value = {}, .is_text = false, .line = line_};
    skip_space();
    if (at_ == text_.size() || text_[at_] != '=') refuse("expected key = value");
    ++at_;
    skip_space();
    if (at_end()) refuse("the key '" + entry.key + "' has no value");
    entry.is_text = text_[at_] == '"' || text_[at_] == '\'';
    entry.value = entry.is_text ? quoted(entry.key) : bare(entry.key);
    if (!at_end()) {
      refuse("'" + std::string(text_.substr(at_)) + "' after the value of '" + entry.key +
             "', expected the end of the line");
    }
    return entry;
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  std::string key() {
    if (text_[at_] == '[') refuse("tables are not used here, expected key = value");
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_key_letter(text_[at_])) ++at_;
    if (at_ == begin) refuse("expected key = value");
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string bare(const std::string& key) {
    const std::size_t end = std::min(text_.find_first_of(" \t#", at_), text_.size());
    std::string value(text_.substr(at_, end - at_));
    if (value.find_first_of("[]{}") != std::string::npos) {
      refuse("'" + key + "' is '" + value + "', expected one number, or one text in quotes");
    }
    at_ = end;
    for (std::size_t i = value.size(); i-- > 1;) {
      const auto digit = [](char c) { return c >= '0' && c <= '9'; };
      const bool between = i + 1 < value.size() && digit(value[i - 1]) && digit(value[i + 1]);
      if (value[i] == '_' && between) value.erase(i, 1);
    }
    return value;
  }

  std::string quoted(const std::string& key) {
    const char quote = text_[at_++];
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
      const char c = text_[at_++];
      if (c == '\\' && quote == '"') {
        escape(value);
      } else {
        value += c;
      }
    }
    if (at_ == text_.size()) refuse("the text of '" + key + "' is not closed on its line");
    ++at_;
    return value;
  }

  void escape(std::string& out) {
    constexpr std::string_view kLetters = "btnfr\"\\", kMeanings = "\b\t\n\f\r\"\\";
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    if (const std::size_t known = kLetters.find(c); known != std::string_view::npos) {
      out += kMeanings[known];
      return;
    }
    const std::size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
    std::uint32_t code = 0;
    bool good = digits > 0 && at_ + digits <= text_.size();
    for (std::size_t i = 0; good && i < digits; ++i) {
      constexpr std::string_view kHex = "0123456789abcdefABCDEF";
      const std::size_t hex = kHex.find(text_[at_ + i]);
      good = hex != std::string_view::npos;
      code = code * 16 + static_cast<std::uint32_t>(hex < 16 ? hex : hex - 6);
    }
    if (!good || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      refuse("an unknown escape after \\, expected one of b t n f r \" \\ uHHHH UHHHHHHHH");
    }
    at_ += digits;
    append_utf8(out, code);
  }

  const std::string& path_;
  int line_;
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<TomlEntry> parse_toml(const std::string& path, std::string_view text) {
  std::vector<TomlEntry> entries;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view content = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (content.ends_with('\r')) content.remove_suffix(1);
    LineScanner scanner(path, line, content);
    if (scanner.at_end()) continue;
    TomlEntry entry = scanner.entry();
    for (const TomlEntry& earlier : entries) {
      if (earlier.key != entry.key) continue;
      scanner.refuse("the key '" + entry.key + "' stands twice, first in line " +
                     std::to_string(earlier.line));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (code < 0x20 || code == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(code));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace gradvar

#include "io/spec.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "autograd/check.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

[[noreturn]] void refuse(const std::string& name, std::string_view key, const std::string& value,
                         const std::string& expected) {
  fail(name, std::string(key) + " is '" + value + "', expected " + expected);
}

// Cuts at commas outside double quotes, and takes the quotes away.
std::vector<std::string> split(const std::string& name, std::string_view text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  check(!quoted, name, "a double quote in '" + std::string(text) + "' is not closed");
  return parts;
}

}  // namespace

std::string list_of(std::span<const std::string> names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

SpecReader::SpecReader(std::string_view text) {
  const std::size_t colon = text.find(':');
  name_ = text.substr(0, colon);
  check(!name_.empty(), "spec",
        "'" + std::string(text) + "' has no name, expected name:key=value,...");
  if (colon == std::string_view::npos) return;
  for (const std::string& part : split(name_, text.substr(colon + 1))) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos && !part.empty() && !positional_ && entries_.empty()) {
      positional_ = part;
      continue;
    }
    check(equals != std::string::npos && equals > 0, name_,
          "'" + part + "' in '" + std::string(text) + "' is not of the form key=value");
    const std::string key = part.substr(0, equals);
    check(!has(key), name_, "the key " + key + " stands twice in '" + std::string(text) + "'");
    entries_.push_back({.key = key, .value = part.substr(equals + 1)});
  }
}

void SpecReader::expect_name(std::string_view name) const {
  if (name_ != name) unknown_name({std::string(name)});
}

void SpecReader::unknown_name(const std::vector<std::string>& names) const {
  fail("spec", "the name '" + name_ + "' is unknown, expected " +
                   (names.size() == 1 ? "" : "one of ") + list_of(names));
}

std::optional<std::string> SpecReader::take(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  for (Entry& entry : entries_) {
    if (entry.key != key) continue;
    entry.taken = true;
    return entry.value;
  }
  return std::nullopt;
}

std::int64_t SpecReader::integer(std::string_view key, std::int64_t otherwise) {
  const std::optional<std::string> text = take(key);
  if (!text) return otherwise;
  std::int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || stop != end) refuse(name_, key, *text, "a whole number");
  return value;
}

double SpecReader::number(std::string_view key, double otherwise) {
  const std::optional<std::string> text = take(key);
  if (!text) return otherwise;
  const std::optional<double> value = number_from_text(*text);
  if (!value || !std::isfinite(*value)) refuse(name_, key, *text, "a finite number");
  return *value;
}

bool SpecReader::flag(std::string_view key, bool otherwise) {
  const std::optional<std::string> text = take(key);
  if (!text) return otherwise;
  if (*text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  refuse(name_, key, *text, "true or false");
}

std::string SpecReader::word(std::string_view key, std::string_view otherwise) {
  return take(key).value_or(std::string(otherwise));
}

std::string SpecReader::choice(std::string_view key, std::string_view otherwise,
                               const std::vector<std::string>& words) {
  std::string text = word(key, otherwise);
  if (std::find(words.begin(), words.end(), text) == words.end()) {
    refuse(name_, key, text, "one of " + list_of(words));
  }
  return text;
}

std::string SpecReader::positional(std::string_view what) {
  positional_taken_ = true;
  check(positional_.has_value(), name_, "expected " + name_ + ":" + std::string(what));
  return *positional_;
}

bool SpecReader::has(std::string_view key) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.key == key; });
}

void SpecReader::require(std::string_view key) const {
  check(has(key), name_, "the key " + std::string(key) + " is missing");
}

void SpecReader::done() const {
  if (positional_ && !positional_taken_) {
    fail(name_, "'" + *positional_ + "' is not of the form key=value");
  }
  std::string unknown;
  for (const Entry& entry : entries_) {
    if (!entry.taken) unknown += (unknown.empty() ? "'" : ", '") + entry.key + "'";
  }
  if (unknown.empty()) return;
  fail(name_, "unknown key " + unknown + ", expected " +
                  (known_.empty() ? "no keys" : "only keys of: " + list_of(known_)));
}

SpecWriter& SpecWriter::append(std::string_view key, std::string_view value) {
  text_ += first_ ? ':' : ',';
  if (!key.empty()) text_.append(key).append("=");
  text_.append(value);
  first_ = false;
  return *this;
}

SpecWriter& SpecWriter::positional(std::string_view value) { return word("", value); }

SpecWriter& SpecWriter::word(std::string_view key, std::string_view value) {
  check(value.find('"') == std::string_view::npos, "spec",
        "'" + std::string(value) + "' holds a double quote, which a spec cannot say");
  if (value.find(',') == std::string_view::npos) return append(key, value);
  return append(key, "\"" + std::string(value) + "\"");
}

SpecWriter& SpecWriter::integer(std::string_view key, std::int64_t value) {
  return append(key, std::to_string(value));
}

SpecWriter& SpecWriter::number(std::string_view key, double value) {
  return append(key, number_text(value));
}

SpecWriter& SpecWriter::numbers(std::string_view key, std::span<const double> values) {
  std::string list;
  for (const double value : values) list += (list.empty() ? "" : ",") + number_text(value);
  return append(key, "\"" + list + "\"");
}

SpecWriter& SpecWriter::flag(std::string_view key, bool value) {
  return append(key, value ? "true" : "false");
}

}  // namespace gradvar

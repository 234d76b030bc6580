#include "tools/spec.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace gradvar {

namespace {

// Cuts at commas outside double quotes, and takes the quotes away.
std::vector<std::string> split(std::string_view text) {
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
  if (quoted) throw std::invalid_argument("a double quote is not closed");
  return parts;
}

[[noreturn]] void not_a(std::string_view what, std::string_view text, std::string_view expected) {
  throw std::invalid_argument(std::string(what) + " is '" + std::string(text) + "', expected " +
                              std::string(expected));
}

}  // namespace

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

double parse_number(std::string_view what, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    not_a(what, text, "a finite number");
  }
  return value;
}

std::int64_t parse_integer(std::string_view what, std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    not_a(what, text, "a whole number");
  }
  return value;
}

bool parse_bool(std::string_view what, std::string_view text) {
  if (text == "true" || text == "1" || text == "yes") return true;
  if (text == "false" || text == "0" || text == "no") return false;
  not_a(what, text, "true or false");
}

SpecReader::SpecReader(std::string option, std::string_view text) : option_(std::move(option)) {
  const std::size_t colon = text.find(':');
  name_ = text.substr(0, colon);
  if (name_.empty()) {
    throw std::invalid_argument(option_ + ": '" + std::string(text) +
                                "' has no name, expected name:key=value,key=value");
  }
  if (colon == std::string_view::npos) return;
  std::vector<std::string> parts;
  try {
    parts = split(text.substr(colon + 1));
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals == std::string::npos && i == 0 && !parts[i].empty()) {
      positional_ = parts[i];
      continue;
    }
    if (equals == std::string::npos || equals == 0) {
      refuse("'" + parts[i] + "' is not key=value");
    }
    const std::string key = parts[i].substr(0, equals);
    if (!given_.emplace(key, parts[i].substr(equals + 1)).second) {
      refuse("the key '" + key + "' is given twice");
    }
  }
}

std::optional<std::string> SpecReader::take(const std::string& key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  const auto found = given_.find(key);
  return found == given_.end() ? std::nullopt : std::optional(found->second);
}

std::string SpecReader::where(const std::string& key) const {
  return option_ + " " + name_ + ": " + key;
}

double SpecReader::number(const std::string& key, double otherwise) {
  const std::optional<std::string> value = take(key);
  return value ? parse_number(where(key), *value) : otherwise;
}

std::int64_t SpecReader::integer(const std::string& key, std::int64_t otherwise) {
  const std::optional<std::string> value = take(key);
  return value ? parse_integer(where(key), *value) : otherwise;
}

bool SpecReader::boolean(const std::string& key, bool otherwise) {
  const std::optional<std::string> value = take(key);
  return value ? parse_bool(where(key), *value) : otherwise;
}

std::string SpecReader::text(const std::string& key, const std::string& otherwise) {
  return take(key).value_or(otherwise);
}

std::string SpecReader::choice(const std::string& key, const std::string& otherwise,
                               const std::vector<std::string>& words) {
  const std::string word = text(key, otherwise);
  if (std::find(words.begin(), words.end(), word) == words.end()) {
    not_a(where(key), word, "one of " + list_of(words));
  }
  return word;
}

std::string SpecReader::positional(const std::string& what) {
  positional_taken_ = true;
  if (!positional_) refuse("expected " + what + ", as in " + name_ + ":" + what);
  return *positional_;
}

bool SpecReader::has(const std::string& key) { return take(key).has_value(); }

void SpecReader::finish() {
  if (positional_ && !positional_taken_) refuse("'" + *positional_ + "' is not key=value");
  for (const auto& [key, value] : given_) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    refuse("unknown key '" + key + "'; " +
           (known_.empty() ? std::string("it takes no keys") : "known keys: " + list_of(known_)));
  }
}

void SpecReader::unknown_name(const std::vector<std::string>& names) const {
  throw std::invalid_argument(option_ + ": unknown name '" + name_ +
                              "'; known names: " + list_of(names));
}

void SpecReader::refuse(const std::string& what) const {
  throw std::invalid_argument(option_ + " " + name_ + ": " + what);
}

}  // namespace gradvar

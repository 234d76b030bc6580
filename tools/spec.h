// spec: the one grammar for every choice on the command line, name:key=value,key=value.
//
//   mlp:width=64,depth=3,activation=selu      csv:points.csv      gaussian      rotation:angle=120
//
// The first part after the colon may stand without a key (a path, mostly). A value may be put in
// double quotes to hold commas. A SpecReader hands out the values one by one, with defaults, and
// finish() refuses what nobody asked for with the list of keys that exist:
//
//   SpecReader spec("--interpolant", text);
//   const double sigma = spec.number("sigma", 0.0);
//   spec.finish();
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gradvar {

// Joins names as "a, b, c".
[[nodiscard]] std::string list_of(const std::vector<std::string>& names);

// Whole-text parsers; they throw std::invalid_argument "<what> is '<text>', expected ...".
[[nodiscard]] double parse_number(std::string_view what, std::string_view text);
[[nodiscard]] std::int64_t parse_integer(std::string_view what, std::string_view text);
[[nodiscard]] bool parse_bool(std::string_view what, std::string_view text);

class SpecReader {
 public:
  // `option` is how the user calls the choice, "--model"; it begins every error. Throws
  // std::invalid_argument on empty names, keys without a value, and keys given twice.
  SpecReader(std::string option, std::string_view text);

  [[nodiscard]] const std::string& name() const { return name_; }

  // The value of a key, or the default. Each call makes the key known. Numbers must be finite.
  [[nodiscard]] double number(const std::string& key, double otherwise);
  [[nodiscard]] std::int64_t integer(const std::string& key, std::int64_t otherwise);
  [[nodiscard]] bool boolean(const std::string& key, bool otherwise);
  [[nodiscard]] std::string text(const std::string& key, const std::string& otherwise);
  // One of the given words.
  [[nodiscard]] std::string choice(const std::string& key, const std::string& otherwise,
                                   const std::vector<std::string>& words);
  // The part without a key. Throws when it is missing: "--target csv: expected a path, csv:PATH".
  [[nodiscard]] std::string positional(const std::string& what);
  // Whether the key was given.
  [[nodiscard]] bool has(const std::string& key);

  // Refuses keys that were given and never asked for, naming those that exist.
  void finish();
  // Refuses the name, naming those that exist. For the end of a chain of comparisons.
  [[noreturn]] void unknown_name(const std::vector<std::string>& names) const;
  // Throws std::invalid_argument "--model mlp: <what>".
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  [[nodiscard]] std::optional<std::string> take(const std::string& key);
  [[nodiscard]] std::string where(const std::string& key) const;

  std::string option_;
  std::string name_;
  std::optional<std::string> positional_;
  bool positional_taken_ = false;
  std::map<std::string, std::string> given_;
  std::vector<std::string> known_;
};

}  // namespace gradvar

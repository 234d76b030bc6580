// spec: one line of text that makes a thing again, name:key=value,key=value.
//
//   mlp:dim=2,width=64,activation=selu      csv:points.csv      gaussian      rotation:angle=120
//
// A name, then keys with values; the first part after the colon may stand without a key (a path,
// mostly), and a value may stand in double quotes to hold commas. Specs stand on the command line,
// in run files and in checkpoints, so a writer writes every key that applies, and numbers so that
// they read back with the same bits. A reader takes the keys it knows, and done() refuses what is
// left, with the list of those that exist: a misspelt key is never a silent default.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradvar {

class SpecReader {
 public:
  // Throws std::invalid_argument when the text is not of that form or a key stands there twice.
  explicit SpecReader(std::string_view text);

  [[nodiscard]] const std::string& name() const { return name_; }
  // Throws unless the name is this one.
  void expect_name(std::string_view name) const;
  // Throws with the names there are: the end of a chain of comparisons.
  [[noreturn]] void unknown_name(const std::vector<std::string>& names) const;

  // The value of a key, or `otherwise` when it is not there. Throw std::invalid_argument naming the
  // spec, the key, what was found and what was expected. Numbers must be finite.
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t otherwise);
  [[nodiscard]] double number(std::string_view key, double otherwise);
  [[nodiscard]] bool flag(std::string_view key, bool otherwise);  // true, false, 1, 0
  [[nodiscard]] std::string word(std::string_view key, std::string_view otherwise);
  // One of the given words.
  [[nodiscard]] std::string choice(std::string_view key, std::string_view otherwise,
                                   const std::vector<std::string>& words);
  // The part without a key; throws when it is missing: "[csv] expected csv:PATH".
  [[nodiscard]] std::string positional(std::string_view what);
  // Whether a key was given.
  [[nodiscard]] bool has(std::string_view key) const;
  // Throws when the key is missing.
  void require(std::string_view key) const;
  // After the last key was asked for: throws naming every key that was not.
  void done() const;

 private:
  struct Entry {
    std::string key, value;
    bool taken = false;
  };
  // Notes that the key is known, and takes its value.
  [[nodiscard]] std::optional<std::string> take(std::string_view key);

  std::string name_;
  std::optional<std::string> positional_;
  bool positional_taken_ = false;
  std::vector<Entry> entries_;
  std::vector<std::string> known_;
};

class SpecWriter {
 public:
  explicit SpecWriter(std::string_view name) : text_(name) {}
  // The part without a key; first, if at all.
  SpecWriter& positional(std::string_view value);
  SpecWriter& integer(std::string_view key, std::int64_t value);
  SpecWriter& number(std::string_view key, double value);  // shortest text that reads back exactly
  SpecWriter& numbers(std::string_view key, std::span<const double> values);  // a quoted list
  SpecWriter& flag(std::string_view key, bool value);
  // In quotes when it holds a comma. Throws std::invalid_argument when it holds a double quote.
  SpecWriter& word(std::string_view key, std::string_view value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  SpecWriter& append(std::string_view key, std::string_view value);

  std::string text_;
  bool first_ = true;
};

// "a, b, c".
[[nodiscard]] std::string list_of(std::span<const std::string> names);

}  // namespace gradvar

// toml: the part of TOML (toml.io) that a run file needs: one `key = value` a line.
//
//   # a comment
//   source = "gaussian:dim=2"      text, with the escapes of TOML
//   target = 'csv:C:\points.csv'   text as it stands
//   batch = 1_024                  a number, as it stands but for the underscores
//
// Tables, arrays, dates and text over several lines are refused, with the line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradvar {

struct TomlEntry {
  std::string key, value;
  bool is_text = false;  // stood in quotes
  int line = 0;          // counted from 1
};

// Throws std::invalid_argument "<path>:<line>: <what is wrong, what was expected>" for text that is
// not of this form, and for a key that stands twice.
[[nodiscard]] std::vector<TomlEntry> parse_toml(const std::string& path, std::string_view text);

// The text in double quotes, escaped so that it reads back the same.
[[nodiscard]] std::string toml_quoted(std::string_view text);

}  // namespace gradvar

// csv_text: a small table as CSV, made in memory and written at once.
#pragma once

#include <cmath>
#include <filesystem>
#include <initializer_list>
#include <string>

#include "io/atomic_file.h"
#include "io/number_text.h"

namespace gradvar {

// One row at a time; the first field of a row may be text. A number that there is not, NaN, is an
// empty field.
class CsvText {
 public:
  explicit CsvText(const std::string& header) : text_(header + "\n") {}
  void row(const std::string& first, std::initializer_list<double> values) {
    text_ += first;
    for (const double value : values) {
      text_ += ",";
      if (!std::isnan(value)) text_ += number_text(value);
    }
    text_ += "\n";
  }
  void write(const std::filesystem::path& path) const { write_file(path.string(), text_); }

 private:
  std::string text_;
};

}  // namespace gradvar

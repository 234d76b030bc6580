// csv: tables of numbers as comma-separated text.
//
//   # a comment; it and blank lines are skipped anywhere
//   x,y
//   1.5,-2
//   3e-1, 4
//
// The first line that is neither blank nor a comment is a header when none of its fields is a
// number; one number in it makes it a row, and the other fields errors. Spaces and tabs around
// fields, CRLF line ends, a UTF-8 byte order mark and a missing newline at the end are allowed.
// Every row must have the same number of fields, and every field must be a finite number. Errors
// name the file, the line and the column, counted from 1:
//   points.csv:17: column 3 is 'abc', expected a number
#pragma once

#include <span>
#include <string>
#include <vector>

#include "autograd/tensor.h"

namespace gradvar {

struct CsvTable {
  std::vector<std::string> header;  // empty when the file has none
  Tensor<double> values;            // [rows, columns], at least one of each
};

// Throws std::invalid_argument for a file that cannot be read, is no table, or has no rows.
[[nodiscard]] CsvTable read_csv(const std::string& path);

// Writes values [rows, columns] with a header line unless `header` is empty, each number in the
// fewest digits that read back as the same double. Atomic, see atomic_file.h. Throws
// std::invalid_argument when the header does not fit the columns, or has a name that could not be
// told from a number, a comment or two fields.
void write_csv(const std::string& path, std::span<const std::string> header,
               const Tensor<double>& values);

}  // namespace gradvar

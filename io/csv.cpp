#include "io/csv.h"

#include <algorithm>
#include <cmath>

#include "autograd/check.h"
#include "io/atomic_file.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r";
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

// Cuts the part before the separator off the front of `rest`. Returns false at the end.
bool next_part(std::string_view& rest, char separator, std::string_view& part) {
  if (rest.data() == nullptr) return false;
  const std::size_t cut = rest.find(separator);
  part = rest.substr(0, cut);
  rest = cut == std::string_view::npos ? std::string_view() : rest.substr(cut + 1);
  return true;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  std::string_view field;
  while (next_part(line, ',', field)) fields.push_back(trim(field));
  return fields;
}

bool is_header(const std::vector<std::string_view>& fields) {
  return std::none_of(fields.begin(), fields.end(), [](std::string_view field) {
    return field.empty() || number_from_text(field).has_value();
  });
}

double parse_field(const std::string& where, std::size_t column, std::string_view field) {
  const std::string place = "column " + std::to_string(column);
  if (field.empty()) refuse_file(where, place + " is empty, expected a number");
  const std::optional<double> value = number_from_text(field);
  const std::string found = place + " is '" + std::string(field) + "', expected a ";
  if (!value) refuse_file(where, found + "number");
  if (!std::isfinite(*value)) refuse_file(where, found + "finite number");
  return *value;
}

}  // namespace

CsvTable read_csv(const std::string& path) {
  const std::string text = read_file(path);
  std::string_view rest = text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);

  CsvTable table;
  std::vector<double> values;
  std::size_t columns = 0;  // of the first line that counts
  std::int64_t rows = 0;
  std::string_view line;
  for (std::int64_t number = 1; next_part(rest, '\n', line); ++number) {
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    const std::vector<std::string_view> fields = fields_of(line);
    if (columns == 0) {
      columns = fields.size();
      if (is_header(fields)) {
        table.header.assign(fields.begin(), fields.end());
        continue;
      }
    }
    const std::string where = path + ":" + std::to_string(number);
    if (fields.size() != columns) {
      refuse_file(where, std::to_string(fields.size()) + " columns found, " +
                             std::to_string(columns) + " expected as in the first line");
    }
    for (std::size_t i = 0; i < columns; ++i) {
      values.push_back(parse_field(where, i + 1, fields[i]));
    }
    ++rows;
  }
  if (rows == 0) refuse_file(path, "no rows found, expected a table of numbers");
  table.values = Tensor<double>(Shape{rows, static_cast<std::int64_t>(columns)}, values);
  return table;
}

void write_csv(const std::string& path, std::span<const std::string> header,
               const Tensor<double>& values) {
  const Shape& shape = values.shape();
  check(shape.rank() == 2 && shape[1] > 0, "write_csv",
        "values are " + shape.to_string() + ", expected rows x columns");
  check(header.empty() || static_cast<std::int64_t>(header.size()) == shape[1], "write_csv",
        "the header has " + std::to_string(header.size()) + " names, values are " +
            shape.to_string() + ": one name a column expected");
  std::string text;
  for (const std::string& name : header) {
    check(is_header({name}) && trim(name) == name && name.front() != '#' &&
              name.find_first_of(",\r\n") == std::string::npos,
          "write_csv", "the column name '" + name + "' cannot stand in a header");
    if (&name != &header.front()) text += ',';
    text += name;
  }
  if (!header.empty()) text += '\n';
  for (std::int64_t row = 0; row < values.rows(); ++row) {
    for (std::int64_t column = 0; column < shape[1]; ++column) {
      if (column > 0) text += ',';
      text += number_text(values.row(row)[column]);
    }
    text += '\n';
  }
  write_file(path, text);
}

}  // namespace gradvar

#include "tools/spec_numbers.h"

#include <optional>
#include <stdexcept>
#include <vector>

#include "io/csv.h"
#include "io/npy.h"
#include "io/number_text.h"

namespace gradvar {

Tensor<double> parse_numbers(const SpecReader& spec, const std::string& key,
                             const std::string& text) {
  if (text.ends_with(".npy")) return read_npy(text);
  if (text.ends_with(".csv")) return read_csv(text).values;
  std::vector<double> numbers;
  std::string part;
  for (const char c : text + ",") {
    if (c != ',') {
      part += c;
      continue;
    }
    const std::optional<double> number = number_from_text(part);
    if (!number) {
      throw std::invalid_argument("[" + spec.name() + "] " + key + " is '" + text +
                                  "', expected a number, a quoted list or a .npy or .csv file");
    }
    numbers.push_back(*number);
    part.clear();
  }
  return Tensor<double>(Shape{static_cast<std::int64_t>(numbers.size())}, numbers);
}

bool is_numbers_file(const std::string& text) {
  return text.ends_with(".npy") || text.ends_with(".csv");
}

}  // namespace gradvar

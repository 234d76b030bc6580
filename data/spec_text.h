// spec_text: values as they stand in a spec, name:key=value,key=value.
#pragma once

#include <span>
#include <string>

namespace gradvar {

// A text value, in double quotes when it holds a comma. Throws std::invalid_argument when it holds
// a double quote, which the grammar cannot say.
[[nodiscard]] std::string spec_value(const std::string& text);

// Numbers as one quoted value that reads back exactly: "0.5,-1,2e-05" with its quotes.
[[nodiscard]] std::string spec_value(std::span<const double> numbers);

}  // namespace gradvar

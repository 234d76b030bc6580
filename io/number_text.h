// number_text: numbers as text that reads back as the same number, in any locale.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gradvar {

// The shortest text that reads back as exactly this number: "0.1", "1e-05", "nan", "-inf".
[[nodiscard]] std::string number_text(double value);

// The number that `text` is from its first to its last character; a leading '+' may stand. Words
// for infinities and NaN are read as such. Empty when the text is no number, or one outside the
// range of a double.
[[nodiscard]] std::optional<double> number_from_text(std::string_view text);

}  // namespace gradvar

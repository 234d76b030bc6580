#include "data/spec_text.h"

#include "autograd/check.h"
#include "io/number_text.h"

namespace gradvar {

std::string spec_value(const std::string& text) {
  check(text.find('"') == std::string::npos, "spec",
        "'" + text + "' holds a double quote, which a spec cannot say");
  return text.find(',') == std::string::npos ? text : "\"" + text + "\"";
}

std::string spec_value(std::span<const double> numbers) {
  std::string list;
  for (const double number : numbers) list += (list.empty() ? "" : ",") + number_text(number);
  return "\"" + list + "\"";
}

}  // namespace gradvar

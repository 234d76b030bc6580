// json_text: a JSON document as text, whatever names it holds.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace gradvar {

// Names of files are bytes, JSON is UTF-8: what is none is written as U+FFFD, for a name must not
// end the program when its work is done. `indent` is nlohmann's, -1 for one line.
template <class Json>
[[nodiscard]] std::string json_text(const Json& document, int indent = 2) {
  return document.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gradvar

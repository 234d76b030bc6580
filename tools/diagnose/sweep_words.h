// sweep_words: a sweep over noise levels in words, as a table and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/diagnose/sweep.h"

namespace gradvar {

// What to do: the recommendation with its reason, or why there is none.
[[nodiscard]] std::string sweep_sentence(const Sweep& sweep);
// The same with a line for each sigma, for a terminal.
[[nodiscard]] std::string sweep_table(const Sweep& sweep);
[[nodiscard]] nlohmann::json to_json(const Sweep& sweep);

}  // namespace gradvar

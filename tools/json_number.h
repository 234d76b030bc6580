// json_number: a number for a JSON document, which knows no infinities and no NaN: they are null.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>

namespace gradvar {

[[nodiscard]] inline nlohmann::json json_number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

}  // namespace gradvar

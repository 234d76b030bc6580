// json_number: a number for a JSON document, which knows no infinities and no NaN: they are null.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>

#include "flow/estimate.h"

namespace gradvar {

[[nodiscard]] inline nlohmann::json json_number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

[[nodiscard]] inline nlohmann::json estimate_json(const Estimate& estimate) {
  return {{"value", json_number(estimate.value)},
          {"standard_error", json_number(estimate.standard_error)}};
}

}  // namespace gradvar

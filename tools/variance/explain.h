// explain: which formula `gradvar variance` takes for every parameter and what it costs, as a table
// for people and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "flow/variance_plan.h"

namespace gradvar {

// A line for each parameter, a line for the whole, and what the words mean.
[[nodiscard]] std::string explain(const VariancePlan& plan, const ParameterLayout& layout);
// {"batch": B, "sum_multiplications": ..., "moments_multiplications": ...,
//  "norms_multiplications": ..., "parameters": [...]}
[[nodiscard]] nlohmann::json to_json(const VariancePlan& plan, const ParameterLayout& layout);

}  // namespace gradvar

// results: what `gradvar pairs --identifiability` says of a curve (flow/identifiability_curve.h):
// in words, as a table, as JSON, and as a directory:
//
//   summary.json, by_sigma.csv, by_time.csv (a row a noise level and node of t), figures/,
//   report.html
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "flow/identifiability_curve.h"

namespace gradvar {

// "Half of log N is lost at sigma = 0.123 +- 0.001": with what is not known said.
[[nodiscard]] std::string half_sentence(const IdentifiabilityCurve& curve);
void print_identifiability(const IdentifiabilityCurve& curve);
[[nodiscard]] nlohmann::json to_json(const IdentifiabilityCurve& curve);

// As check_result_directory does.
void check_identifiability_directory(const std::string& option, const std::string& directory);
// The whole directory appears or nothing. `subject` names the pairs, as markup; `command` makes the
// results again.
void write_identifiability(const std::string& directory, const IdentifiabilityCurve& curve,
                           const std::string& subject, const std::string& command);

}  // namespace gradvar

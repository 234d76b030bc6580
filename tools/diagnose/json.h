// json: a diagnosis as one JSON document, `gradvar diagnose --json` and summary.json.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tools/diagnose/diagnosis.h"

namespace gradvar {

// verdict is "memorises", "copies", "rule", "does not", "undecided", "too few" or "not comparable";
// memorises true, false or null, where it is undecided. since is null where it never began; its
// kind is "between", "unknown" or, with "not comparable", "from the start". The pairs themselves
// are in by_pair.csv (--out).
[[nodiscard]] nlohmann::json to_json(const Diagnosis& diagnosis);
[[nodiscard]] nlohmann::json to_json(const Snapshot& snapshot);
// The number as "mean", with "low" and "high".
[[nodiscard]] nlohmann::json to_json(const Interval& interval);

}  // namespace gradvar

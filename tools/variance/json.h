// json: a measurement as one JSON document, `gradvar variance --json` and summary.json.
//
// The first pass's keys are those of the monitor (tools/monitor.h), so that a program reads both.
// Beside them: loss_floor and excess with their standard errors (flow/loss_floor.h), noise,
// jackknife, attribution, alignment, by_pair (as quantiles: the pairs themselves are in
// by_pair.csv), convergence and spectrum, the last two where they were asked for.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tools/variance/measurement.h"

namespace gradvar {

[[nodiscard]] nlohmann::json to_json(const Measurement& measurement);
[[nodiscard]] nlohmann::json to_json(const SpectrumAt& at);

// "none", "draws" or "gauss-hermite": how the noise was taken.
[[nodiscard]] const char* noise_kind(const VarianceReport& report);
// A column of the pairs' table, in the pairs' order.
[[nodiscard]] std::vector<double> pair_column(const PairReport& report,
                                              double PairStatistics::*member);
[[nodiscard]] std::vector<double> pair_traces(const PairReport& report);
[[nodiscard]] std::vector<double> pair_cosines(const PairReport& report);

}  // namespace gradvar

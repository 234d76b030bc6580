// round: one round of a rectification: pairs, training, measurement (rounds.h).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tools/reflow/rounds.h"

namespace gradvar {

// OUT/round-k; the run's own directory for round 0.
[[nodiscard]] std::filesystem::path round_directory(const ReflowOptions& options, int round);

// Does what is missing of a round, and returns its record. Throws Stopped after a signal, and when
// training meets a number that is not finite.
template <class Real>
[[nodiscard]] nlohmann::json make_round(const ReflowOptions& options, const RunConfig& run,
                                        int round, ProgressMode mode);

}  // namespace gradvar

// saved_run: a run's directory, read back.
#pragma once

#include <string>

#include "tools/run_config.h"
#include "tools/training_run.h"

namespace gradvar {

// DIR/run.toml. Throws std::invalid_argument when there is none: "'DIR' is not a run: ...".
[[nodiscard]] RunConfig saved_config(const std::string& directory);

// The weights of the newest checkpoint, the average of weights where the run keeps one. Throws
// std::invalid_argument when there is no checkpoint, or it is damaged or of another run.
template <class Real>
void load_weights_of(TrainingRun<Real>& run, const std::string& directory);

}  // namespace gradvar

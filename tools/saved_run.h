// saved_run: a run's directory, read back.
#pragma once

#include <filesystem>
#include <string>

#include "nn/checkpoint_directory.h"
#include "tools/run_config.h"
#include "tools/training_run.h"

namespace gradvar {

// DIR/run.toml. Throws std::invalid_argument when there is none: "--run: 'DIR' is not a run: ...",
// or what the option is.
[[nodiscard]] RunConfig saved_config(const std::string& directory,
                                     const std::string& option = "--run");

// Throws std::invalid_argument "--run: 'DIR' has no checkpoint yet: ...".
[[nodiscard]] CheckpointEntry newest_checkpoint(const std::string& directory,
                                                const std::string& option = "--run");

// Which weights: those that were trained, or their average (--ema) where the run keeps one.
enum class WhichWeights { kTrained, kAverage };

// The weights of the newest checkpoint. Throws std::invalid_argument when there is no checkpoint,
// or it is damaged or of another run.
template <class Real>
void load_weights_of(TrainingRun<Real>& run, const std::string& directory,
                     WhichWeights which = WhichWeights::kAverage);

// The weights of one checkpoint. Throws std::invalid_argument as above.
template <class Real>
void load_weights_at(TrainingRun<Real>& run, const std::filesystem::path& checkpoint,
                     WhichWeights which = WhichWeights::kAverage);

}  // namespace gradvar

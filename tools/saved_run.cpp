#include "tools/saved_run.h"

#include <filesystem>
#include <optional>
#include <stdexcept>

#include "nn/checkpoint_directory.h"

namespace gradvar {

RunConfig saved_config(const std::string& directory) {
  const std::filesystem::path toml = std::filesystem::path(directory) / "run.toml";
  if (!std::filesystem::exists(toml)) {
    throw std::invalid_argument("--run: '" + directory + "' is not a run: it holds no run.toml");
  }
  RunConfig config;
  read_run_toml(toml, config);
  check_run(config);
  return config;
}

template <class Real>
void load_weights_of(TrainingRun<Real>& run, const std::string& directory, WhichWeights which) {
  const std::optional<CheckpointEntry> newest = latest_checkpoint(directory);
  if (!newest) {
    throw std::invalid_argument("--run: '" + directory +
                                "' has no checkpoint yet: train it, or wait for the first one");
  }
  load_weights_at(run, newest->path, which);
}

template <class Real>
void load_weights_at(TrainingRun<Real>& run, const std::filesystem::path& checkpoint,
                     WhichWeights which) {
  run.load(checkpoint);
  if (which == WhichWeights::kTrained || run.trainer().ema() == nullptr) return;
  run.trainer().ema()->copy_to(run.model().parameters());
}

template void load_weights_of(TrainingRun<float>&, const std::string&, WhichWeights);
template void load_weights_of(TrainingRun<double>&, const std::string&, WhichWeights);
template void load_weights_at(TrainingRun<float>&, const std::filesystem::path&, WhichWeights);
template void load_weights_at(TrainingRun<double>&, const std::filesystem::path&, WhichWeights);

}  // namespace gradvar

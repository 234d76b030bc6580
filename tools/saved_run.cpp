#include "tools/saved_run.h"

#include <filesystem>
#include <optional>
#include <stdexcept>

namespace gradvar {

RunConfig saved_config(const std::string& directory, const std::string& option) {
  const std::filesystem::path toml = std::filesystem::path(directory) / "run.toml";
  if (!std::filesystem::exists(toml)) {
    throw std::invalid_argument(option + ": '" + directory +
                                "' is not a run: it holds no run.toml");
  }
  RunConfig config;
  read_run_toml(toml, config);
  check_run(config);
  return config;
}

CheckpointEntry newest_checkpoint(const std::string& directory, const std::string& option) {
  const std::optional<CheckpointEntry> newest = latest_checkpoint(directory);
  if (newest) return *newest;
  throw std::invalid_argument(option + ": '" + directory +
                              "' has no checkpoint yet: train it, or wait for the first one");
}

template <class Real>
void load_weights_of(TrainingRun<Real>& run, const std::string& directory, WhichWeights which) {
  load_weights_at(run, newest_checkpoint(directory).path, which);
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

// partial: what a training run under way leaves behind, DIR/cells/<id>.partial/: its newest
// checkpoint and what was measured until then.
//
//   measured-<step>.json          {"settings", "results"}
//   checkpoints/step-<step>/      nn/checkpoint.h
//
// Measurements are written before the checkpoint of their step, and those of earlier steps are
// removed after it: a crash at any instant leaves one of each that belong together.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tools/steady_seconds.h"

namespace gradvar {

// So much work may be lost to a crash or a power cut.
inline constexpr double kSaveEverySeconds = 300;

class PartialRun {
 public:
  PartialRun(std::filesystem::path directory, std::string settings, double every_seconds);

  struct Left {
    std::filesystem::path checkpoint;
    nlohmann::json results;
  };
  // What an earlier run with these settings left. Without, the directory is cleared: checkpoints of
  // other settings must not be taken for newer ones.
  [[nodiscard]] std::optional<Left> find() const;

  // Whether so much time has gone by since the last save, or since the run began.
  [[nodiscard]] bool is_due() const { return steady_seconds() - last_ >= every_seconds_; }
  [[nodiscard]] bool has_saved() const { return saved_; }
  // `save_checkpoint` writes the checkpoint of `step` under the directory that it is given.
  void save(std::uint64_t step, const nlohmann::json& results,
            const std::function<void(const std::filesystem::path& directory)>& save_checkpoint);

 private:
  [[nodiscard]] std::filesystem::path measured_path(std::int64_t step) const;

  std::filesystem::path directory_;
  std::string settings_;
  double every_seconds_, last_;
  bool saved_ = false;
};

}  // namespace gradvar

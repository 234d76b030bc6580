#include "tools/studies/partial.h"

#include <iostream>
#include <utility>

#include "io/atomic_file.h"
#include "nn/checkpoint_directory.h"
#include "tools/json_text.h"

namespace gradvar {

namespace fs = std::filesystem;

PartialRun::PartialRun(fs::path directory, std::string settings, double every_seconds)
    : directory_(std::move(directory)),
      settings_(std::move(settings)),
      every_seconds_(every_seconds),
      last_(steady_seconds()) {}

fs::path PartialRun::measured_path(std::int64_t step) const {
  return directory_ / ("measured-" + std::to_string(step) + ".json");
}

std::optional<PartialRun::Left> PartialRun::find() const {
  if (const std::optional<CheckpointEntry> newest = latest_checkpoint(directory_)) {
    const fs::path path = measured_path(newest->step);
    const nlohmann::json file =
        fs::exists(path) ? nlohmann::json::parse(read_file(path.string()), nullptr, false)
                         : nlohmann::json();
    if (file.is_object() && file.value("settings", "") == settings_ && file.contains("results")) {
      return Left{newest->path, file["results"]};
    }
  }
  if (fs::exists(directory_)) {
    std::cerr << "'" << directory_.string()
              << "' was left by other settings or another version: that task begins anew\n";
    fs::remove_all(directory_);
  }
  return std::nullopt;
}

void PartialRun::save(std::uint64_t step, const nlohmann::json& results,
                      const std::function<void(const fs::path& directory)>& save_checkpoint) {
  fs::create_directories(directory_);
  const fs::path now = measured_path(static_cast<std::int64_t>(step));
  write_file(now.string(),
             json_text(nlohmann::json{{"settings", settings_}, {"results", results}}, -1) + "\n");
  save_checkpoint(directory_);
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("measured") && entry.path() != now) fs::remove(entry.path());
  }
  last_ = steady_seconds();
  saved_ = true;
}

}  // namespace gradvar

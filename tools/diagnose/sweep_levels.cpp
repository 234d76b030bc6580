#include "tools/diagnose/sweep_levels.h"

#include <exception>
#include <filesystem>
#include <limits>
#include <utility>

#include "io/atomic_file.h"
#include "tools/json_number.h"
#include "tools/json_text.h"

namespace gradvar {

namespace {

using nlohmann::json;

constexpr int kFormat = 1;  // of what stands in a level; another one is another setting

double number_or_nan(const json& number) {
  return number.is_null() ? std::numeric_limits<double>::quiet_NaN() : number.get<double>();
}

json level_json(const SweepPoint& point) {
  const MemorisationEvidence& e = point.snapshot.evidence;
  const VariancePair& v = point.snapshot.variance;
  return {{"sigma", point.sigma},
          {"step", point.snapshot.step},
          {"evidence",
           {{"training", e.training},
            {"held_out", e.held_out},
            {"random_partner", e.random_partner},
            {"fresh_ratio", e.fresh_ratio},
            {"luck_ratio", e.luck_ratio}}},
          {"variance",
           {{"training", json_number(v.training)},
            {"held_out", json_number(v.held_out)},
            {"training_loss", json_number(v.training_loss)},
            {"held_out_loss", json_number(v.held_out_loss)}}},
          {"energy", point.energy}};
}

SweepPoint level_of(const json& level, std::uint64_t seed) {
  SweepPoint point;
  point.sigma = level.at("sigma");
  point.energy = level.at("energy").get<std::vector<double>>();
  point.snapshot.step = level.at("step");
  const json &e = level.at("evidence"), &v = level.at("variance");
  point.snapshot.evidence = {.training = e.at("training").get<std::vector<double>>(),
                             .held_out = e.at("held_out").get<std::vector<double>>(),
                             .random_partner = e.at("random_partner"),
                             .fresh_ratio = e.at("fresh_ratio").get<std::vector<double>>(),
                             .luck_ratio = e.at("luck_ratio").get<std::vector<double>>()};
  point.snapshot.judgement = judge_memorisation(point.snapshot.evidence, seed);
  point.snapshot.variance = {.training = number_or_nan(v.at("training")),
                             .held_out = number_or_nan(v.at("held_out")),
                             .training_loss = number_or_nan(v.at("training_loss")),
                             .held_out_loss = number_or_nan(v.at("held_out_loss"))};
  return point;
}

}  // namespace

SweepLevels::SweepLevels(std::string path, json settings, std::uint64_t seed,
                         std::function<void(const std::string&)> note)
    : path_(std::move(path)), note_(std::move(note)) {
  settings["format"] = kFormat;
  file_ = {{"settings", std::move(settings)}, {"levels", json::array()}};
  if (!path_.empty() && std::filesystem::exists(path_)) read(seed);
}

void SweepLevels::read(std::uint64_t seed) {
  json found = json::parse(read_file(path_), nullptr, false);
  if (!found.is_object() || !found.contains("settings") || !found.contains("levels")) {
    aside_ = "cannot be read";
    return;
  }
  if (found["settings"] != file_["settings"]) {
    aside_ = "are of other settings";
    return;
  }
  try {
    for (const json& level : found["levels"]) points_.push_back(level_of(level, seed));
    file_ = std::move(found);
  } catch (const std::exception&) {  // a part is missing, or a number is none
    points_.clear();
    aside_ = "cannot be read";
  }
}

std::optional<SweepPoint> SweepLevels::find(double sigma) const {
  for (const SweepPoint& point : points_) {
    if (point.sigma == sigma) return point;
  }
  return std::nullopt;
}

// A copy: the file itself is replaced in one step, so that a directory never is without it.
void SweepLevels::put_aside() {
  namespace fs = std::filesystem;
  std::string to = path_ + ".old";
  for (int number = 2; fs::exists(to); ++number) to = path_ + ".old" + std::to_string(number);
  fs::copy_file(path_, to);
  if (note_) note_("the noise levels in '" + path_ + "' " + aside_ + ": kept as '" + to + "'");
  aside_.clear();
}

void SweepLevels::add(const SweepPoint& point) {
  if (path_.empty()) return;
  if (!aside_.empty()) put_aside();
  file_["levels"].push_back(level_json(point));
  const std::filesystem::path directory = std::filesystem::path(path_).parent_path();
  if (!directory.empty()) std::filesystem::create_directories(directory);
  write_file(path_, json_text(file_, -1) + "\n");
}

}  // namespace gradvar

#include "tools/diagnose/sweep_levels.h"

#include <filesystem>
#include <limits>
#include <utility>

#include "io/atomic_file.h"
#include "tools/json_number.h"
#include "tools/json_text.h"

namespace gradvar {

namespace {

using nlohmann::json;

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

SweepLevels::SweepLevels(std::string path, json settings, std::uint64_t seed)
    : path_(std::move(path)),
      seed_(seed),
      file_({{"settings", std::move(settings)}, {"levels", json::array()}}) {
  if (path_.empty() || !std::filesystem::exists(path_)) return;
  json found = json::parse(read_file(path_), nullptr, false);
  if (found.is_object() && found.contains("levels") && found["settings"] == file_["settings"]) {
    file_ = std::move(found);
  }
}

std::optional<SweepPoint> SweepLevels::find(double sigma) const {
  for (const json& level : file_.at("levels")) {
    if (level.at("sigma") == sigma) return level_of(level, seed_);
  }
  return std::nullopt;
}

void SweepLevels::add(const SweepPoint& point) {
  if (path_.empty()) return;
  file_["levels"].push_back(level_json(point));
  const std::filesystem::path directory = std::filesystem::path(path_).parent_path();
  if (!directory.empty()) std::filesystem::create_directories(directory);
  write_file(path_, json_text(file_, -1) + "\n");
}

}  // namespace gradvar

#include "tools/diagnose/files.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "flow/intervals.h"
#include "tools/csv_text.h"
#include "tools/diagnose/json.h"
#include "tools/diagnose/report.h"
#include "tools/diagnose/sweep_words.h"
#include "tools/json_text.h"
#include "tools/result_directory.h"

namespace gradvar {

namespace {

constexpr const char* kSweepLevels = "sweep_levels.json";

const ResultKind kDiagnosisKind = {"diagnose",
                                   "through_training.csv",
                                   {"summary.json", "by_pair.csv", "through_training.csv",
                                    "sweep.csv", kSweepLevels, "figures", "report.html"}};

CsvText pair_csv(const Diagnosis& diagnosis) {
  CsvText csv("pair,distance,returned,gradient_norm,loss");
  for (const DiagnosedPair& pair : diagnosis.pairs) {
    csv.row(std::to_string(pair.pair),
            {pair.distance, pair.returned ? 1.0 : 0.0, pair.gradient_norm, pair.loss});
  }
  return csv;
}

CsvText training_csv(const Diagnosis& diagnosis) {
  CsvText csv(
      "step,probability,training_error,training_error_low,training_error_high,held_out_error,"
      "held_out_error_low,held_out_error_high,remembered,remembered_low,remembered_high,copied,"
      "variance_training,variance_held_out");
  for (const Snapshot& s : diagnosis.through_training) {
    const MemorisationJudgement& j = s.judgement;
    csv.row(std::to_string(s.step),
            {j.probability, j.training_error.mean, j.training_error.low, j.training_error.high,
             j.held_out_error.mean, j.held_out_error.low, j.held_out_error.high, j.remembered.mean,
             j.remembered.low, j.remembered.high, j.copied.mean, s.variance.training,
             s.variance.held_out});
  }
  return csv;
}

CsvText sweep_csv(const Sweep& sweep) {
  CsvText csv(
      "sigma,probability,remembered,remembered_low,remembered_high,energy,energy_low,energy_high,"
      "within,recommended");
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    const SweepPoint& point = sweep.points[i];
    const MemorisationJudgement& j = point.snapshot.judgement;
    const Interval energy =
        point.energy.size() < 2 ? Interval{kNaN, kNaN, kNaN} : student_interval(point.energy);
    csv.row(
        number_text(point.sigma),
        {j.probability, j.remembered.mean, j.remembered.low, j.remembered.high, energy.mean,
         energy.low, energy.high, point.within ? 1.0 : 0.0, sweep.recommended == i ? 1.0 : 0.0});
  }
  return csv;
}

// Levels of this sweep and of earlier ones, by name.
std::vector<std::string> kept_levels(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code none;  // no such directory yet
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    const std::string name = entry.path().filename().string();
    const bool old = name.starts_with(std::string(kSweepLevels) + ".old");
    if (name == kSweepLevels || old) names.push_back(name);
  }
  return names;
}

}  // namespace

void check_diagnosis_directory(const std::string& option, const std::string& directory) {
  ResultKind kind = kDiagnosisKind;
  // A sweep that was stopped has left its levels alone.
  if (std::filesystem::exists(sweep_levels_file(directory))) kind.sign = kSweepLevels;
  for (const std::string& name : kept_levels(directory)) kind.names.push_back(name);
  check_result_directory(option, directory, kind);
}

std::string sweep_levels_file(const std::string& directory) {
  return (std::filesystem::path(directory) / kSweepLevels).string();
}

nlohmann::json to_json(const Diagnosis& diagnosis, const std::optional<Sweep>& sweep) {
  nlohmann::json json = to_json(diagnosis);
  json["sweep"] = sweep ? to_json(*sweep) : nlohmann::json(nullptr);
  return json;
}

void write_diagnosis(const std::string& directory, const Diagnosis& diagnosis,
                     const std::optional<Sweep>& sweep, const std::string& command) {
  write_result_directory(directory, [&](const std::filesystem::path& path) {
    write_file((path / "summary.json").string(), json_text(to_json(diagnosis, sweep)) + "\n");
    pair_csv(diagnosis).write(path / "by_pair.csv");
    training_csv(diagnosis).write(path / "through_training.csv");
    if (sweep) sweep_csv(*sweep).write(path / "sweep.csv");
    for (const std::string& name : kept_levels(directory)) {  // with no sweep, of one to come
      std::filesystem::copy_file(std::filesystem::path(directory) / name, path / name);
    }
    write_diagnosis_report(path, diagnosis, sweep, command);
  });
}

}  // namespace gradvar

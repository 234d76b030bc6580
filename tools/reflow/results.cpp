#include "tools/reflow/results.h"

#include <cstdio>
#include <limits>

#include "io/atomic_file.h"
#include "tools/csv_text.h"
#include "tools/reflow/report.h"

namespace gradvar {

using nlohmann::json;

namespace {

void write_csv_of(const std::filesystem::path& path, const std::vector<json>& records) {
  CsvText csv(
      "round,straightness,straightness_low,straightness_high,variance,loss,mean_squared_norm,"
      "training_error,held_out_error,remembered,remembered_low,remembered_high,one_step_sliced,"
      "one_step_sliced_low,one_step_sliced_high,many_steps_sliced,many_steps_sliced_low,"
      "many_steps_sliced_high,floor_sliced,one_step_mmd,many_steps_mmd,floor_mmd,evaluations");
  for (const json& record : records) {
    const auto n = [&](const char* pointer) { return record_number(record, pointer); };
    csv.row(std::to_string(record.at("round").get<int>()), {n("/straightness/mean"),
                                                            n("/straightness/low"),
                                                            n("/straightness/high"),
                                                            n("/variance"),
                                                            n("/loss"),
                                                            n("/mean_squared_norm"),
                                                            n("/training_error/mean"),
                                                            n("/held_out_error/mean"),
                                                            n("/remembered/mean"),
                                                            n("/remembered/low"),
                                                            n("/remembered/high"),
                                                            n("/one_step/sliced/mean"),
                                                            n("/one_step/sliced/low"),
                                                            n("/one_step/sliced/high"),
                                                            n("/many_steps/sliced/mean"),
                                                            n("/many_steps/sliced/low"),
                                                            n("/many_steps/sliced/high"),
                                                            n("/many_steps/sliced/floor/mean"),
                                                            n("/one_step/mmd/mean"),
                                                            n("/many_steps/mmd/mean"),
                                                            n("/many_steps/mmd/floor/mean"),
                                                            n("/evaluations")});
  }
  csv.write(path);
}

}  // namespace

double record_number(const json& record, const std::string& pointer) {
  const json::json_pointer at(pointer);
  if (!record.contains(at) || !record.at(at).is_number()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return record.at(at).get<double>();
}

void print_rounds(const std::vector<json>& records) {
  std::printf("%5s %12s %11s %11s %9s %9s %10s %10s %10s %10s  %s\n", "round", "straightness",
              "variance", "loss", "training", "held-out", "remembered", "one step", "many", "floor",
              "verdict");
  for (const json& record : records) {
    const auto n = [&](const char* pointer) { return record_number(record, pointer); };
    std::printf("%5d %12.4g %11.4g %11.4g %9.3g %9.3g %10.3g %10.4g %10.4g %10.4g  %s\n",
                record.at("round").get<int>(), n("/straightness/mean"), n("/variance"), n("/loss"),
                n("/training_error/mean"), n("/held_out_error/mean"), n("/remembered/mean"),
                n("/one_step/sliced/mean"), n("/many_steps/sliced/mean"),
                n("/many_steps/sliced/floor/mean"),
                record.at("verdict").get_ref<const std::string&>().c_str());
  }
  std::printf(
      "\nRound 0 is the run itself. Straightness: mean of the integral of |v - (x_end - "
      "x_begin)|^2\n"
      "over the paths. Variance and loss: over all pairs and times of the round, with two fixed\n"
      "draws of noise where there is noise. Training, held-out: median distance of generated "
      "points\n"
      "to their partners, on pairs trained on and on others of the same flow, over the distance\n"
      "between random partners; remembered: share of training pairs that come back and held-out\n"
      "ones do not. One step (Euler), many (%s), floor: sliced 2-Wasserstein distance of\n"
      "points from fresh sources to fresh targets, and between two samples of targets. Intervals\n"
      "are in rounds.csv and report.html.\n",
      records.front().at("solver").get_ref<const std::string&>().c_str());
}

json rounds_json(const std::vector<json>& records) {
  json list = json::array();
  for (const json& record : records) list.push_back(record);
  return {{"rounds", list}};
}

void write_rounds(const std::filesystem::path& directory, const std::vector<json>& records,
                  const std::string& run, const std::string& command) {
  write_csv_of(directory / "rounds.csv", records);
  json summary = rounds_json(records);
  summary["command"] = command;
  write_file((directory / "summary.json").string(), summary.dump(2) + "\n");
  write_reflow_report(directory, records, run, command);
}

}  // namespace gradvar

#include "tools/reflow/results.h"

#include <cmath>
#include <cstdio>
#include <limits>

#include "io/atomic_file.h"
#include "io/number_text.h"
#include "tools/json_text.h"
#include "tools/reflow/report.h"

namespace gradvar {

using nlohmann::json;

namespace {

struct Column {
  std::string name, pointer;
  bool interval;  // also name_low and name_high
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all = {{"straightness", "/straightness", true},
                                          {"variance", "/variance", false},
                                          {"loss", "/loss", false},
                                          {"mean_squared_norm", "/mean_squared_norm", false},
                                          {"training_error", "/training_error", true},
                                          {"held_out_error", "/held_out_error", true},
                                          {"remembered", "/remembered", true},
                                          {"one_step_sliced", "/one_step/sliced", true},
                                          {"many_steps_sliced", "/many_steps/sliced", true},
                                          {"floor_sliced", "/many_steps/sliced/floor", true},
                                          {"one_step_mmd", "/one_step/mmd", true},
                                          {"many_steps_mmd", "/many_steps/mmd", true},
                                          {"floor_mmd", "/many_steps/mmd/floor", true},
                                          {"evaluations", "/evaluations", false}};
  return all;
}

void write_csv_of(const std::filesystem::path& path, const std::vector<json>& records) {
  std::string header = "round";
  for (const Column& column : columns()) {
    header += "," + column.name;
    if (column.interval) header += "," + column.name + "_low," + column.name + "_high";
  }
  std::string text = header + "\n";
  for (const json& record : records) {
    text += std::to_string(record.at("round").get<int>());
    const auto add = [&](const std::string& pointer) {
      const double value = record_number(record, pointer);
      text += std::isnan(value) ? "," : "," + number_text(value);
    };
    for (const Column& column : columns()) {
      add(column.pointer + (column.interval ? "/mean" : ""));
      if (!column.interval) continue;
      add(column.pointer + "/low");
      add(column.pointer + "/high");
    }
    text += "\n";
  }
  write_file(path.string(), text);
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
      "points from fresh sources to fresh targets, and between two samples of targets. 95 %%\n"
      "intervals of all but variance and loss, which leave no pair out, are in rounds.csv and\n"
      "report.html.\n",
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
  write_file((directory / "summary.json").string(), json_text(summary) + "\n");
  write_reflow_report(directory, records, run, command);
}

}  // namespace gradvar

#include "tools/monitor.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/json_number.h"

namespace gradvar {

namespace {

std::vector<std::string> whole_columns(const ParameterLayout& layout) {
  std::vector<std::string> columns = {
      "step", "loss", "trace", "mean_squared_norm", "signal_to_noise", "noise_scale"};
  for (const std::string& layer : layout.layers()) columns.push_back("trace/" + layer);
  return columns;
}

}  // namespace

Monitor::Monitor(const std::filesystem::path& directory, const ParameterLayout& layout,
                 std::uint64_t resume_at, bool with_spectrum)
    : whole_(directory / "monitor.csv", whole_columns(layout), resume_at),
      by_time_(directory / "monitor_time.csv",
               {"step", "t_begin", "t_end", "loss", "trace", "mean_squared_norm"}, resume_at) {
  if (!with_spectrum) return;
  spectrum_.emplace(directory / "monitor_spectrum.csv",
                    std::vector<std::string>{"step", "samples", "trace", "top_eigenvalue",
                                             "effective_rank", "participation_ratio"},
                    resume_at);
}

void Monitor::record(std::uint64_t step, const VarianceReport& report) {
  std::vector<double> row = {report.loss, report.whole.trace, report.whole.mean_squared_norm,
                             report.whole.signal_to_noise(), report.whole.noise_scale()};
  for (const MomentSummary& layer : report.by_layer) row.push_back(layer.trace);
  whole_.row(step, row);
  for (const TimeBin& bin : report.by_time) {
    by_time_.row(
        step, {bin.t_begin, bin.t_end, bin.loss, bin.moments.trace, bin.moments.mean_squared_norm});
  }
}

void Monitor::record(std::uint64_t step, const Spectrum& spectrum) {
  spectrum_->row(step, {static_cast<double>(spectrum.samples), spectrum.trace,
                        spectrum.eigenvalues.empty() ? 0 : spectrum.eigenvalues.front(),
                        spectrum.effective_rank, spectrum.participation_ratio});
}

void Monitor::flush() {
  if (spectrum_) spectrum_->flush();
  whole_.flush();
  by_time_.flush();
}

nlohmann::json to_json(const MomentSummary& summary) {
  return {{"trace", json_number(summary.trace)},
          {"mean_squared_norm", json_number(summary.mean_squared_norm)},
          {"signal_to_noise", json_number(summary.signal_to_noise())},
          {"noise_scale", json_number(summary.noise_scale())}};
}

nlohmann::json to_json(const VarianceReport& report, const ParameterLayout& layout) {
  nlohmann::json json = to_json(report.whole);
  json["estimator"] = "population";
  json["samples"] = report.samples;
  json["loss"] = json_number(report.loss);
  const std::vector<std::string> layers = layout.layers();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    json["by_layer"].push_back(to_json(report.by_layer[i]));
    json["by_layer"].back()["layer"] = layers[i];
  }
  for (int k = 0; k < layout.count(); ++k) {
    json["by_parameter"].push_back(to_json(report.by_parameter[k]));
    json["by_parameter"].back()["parameter"] = layout.infos()[k].name;
  }
  for (const TimeBin& bin : report.by_time) {
    json["by_time"].push_back(to_json(bin.moments));
    json["by_time"].back()["t_begin"] = bin.t_begin;
    json["by_time"].back()["t_end"] = bin.t_end;
    json["by_time"].back()["loss"] = json_number(bin.loss);
  }
  return json;
}

nlohmann::json time_json(const VarianceOptions& options) {
  return {{"bins", options.time_bins},
          {"nodes_per_bin", options.nodes_per_bin},
          {"begin", options.t_begin},
          {"end", options.t_end}};
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

}  // namespace gradvar

#include "tools/identifiability/results.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "io/atomic_file.h"
#include "io/number_text.h"
#include "tools/csv_text.h"
#include "tools/identifiability/report.h"
#include "tools/json_number.h"
#include "tools/json_text.h"
#include "tools/monitor.h"
#include "tools/result_directory.h"

namespace gradvar {

namespace {

const ResultKind kIdentifiabilityKind = {
    "pairs --identifiability",
    "by_sigma.csv",
    {"summary.json", "by_sigma.csv", "by_time.csv", "figures", "report.html"}};

CsvText sigma_csv(const IdentifiabilityCurve& curve) {
  CsvText csv("sigma,information,information_error,share_of_log_pairs,loss_floor,loss_floor_error");
  for (std::size_t i = 0; i < curve.sigmas.size(); ++i) {
    const auto& [floor, information, by_time] = curve.at[i];
    csv.row(number_text(curve.sigmas[i]),
            {information.value, information.standard_error, information.value / curve.log_pairs(),
             floor.value, floor.standard_error});
  }
  return csv;
}

CsvText time_csv(const IdentifiabilityCurve& curve) {
  CsvText csv("sigma,t,information,share_of_log_pairs,loss_floor");
  for (std::size_t i = 0; i < curve.sigmas.size(); ++i) {
    for (const PairIdentifiability::AtTime& at : curve.at[i].by_time) {
      csv.row(number_text(curve.sigmas[i]),
              {at.t, at.information, at.information / curve.log_pairs(), at.loss_floor});
    }
  }
  return csv;
}

}  // namespace

std::string half_sentence(const IdentifiabilityCurve& curve) {
  if (!curve.half) {
    return "No noise level was found at which half of log N is lost: pairs that repeat say "
           "less than that even without noise, and times next to an end of a bridge more with any.";
  }
  return "Half of log N is lost at sigma = " + short_number(curve.half->value) + " +- " +
         short_number(curve.half->standard_error) + ".";
}

void print_identifiability(const IdentifiabilityCurve& curve) {
  std::printf("%10s %12s %9s %9s %12s %9s\n", "sigma", "I, nats", "+-", "of log N", "loss floor",
              "+-");
  for (std::size_t i = 0; i < curve.sigmas.size(); ++i) {
    const auto& [floor, information, by_time] = curve.at[i];
    std::printf("%10.4g %12.6g %9.1g %8.2f%% %12.6g %9.1g\n", curve.sigmas[i], information.value,
                information.standard_error, 100 * information.value / curve.log_pairs(),
                floor.value, floor.standard_error);
  }
  std::printf(
      "\n%s\n"
      "%lld pairs, log N = %.4g nats; +- is one standard error, of the noise drawn alone.\n",
      half_sentence(curve).c_str(), static_cast<long long>(curve.pairs), curve.log_pairs());
}

nlohmann::json to_json(const IdentifiabilityCurve& curve) {
  nlohmann::json levels = nlohmann::json::array();
  for (std::size_t i = 0; i < curve.sigmas.size(); ++i) {
    const PairIdentifiability& at = curve.at[i];
    nlohmann::json times = nlohmann::json::array();
    for (const PairIdentifiability::AtTime& one : at.by_time) {
      times.push_back(
          {{"t", one.t}, {"information", one.information}, {"loss_floor", one.loss_floor}});
    }
    levels.push_back({{"sigma", curve.sigmas[i]},
                      {"information", estimate_json(at.information)},
                      {"share_of_log_pairs", at.information.value / curve.log_pairs()},
                      {"loss_floor", estimate_json(at.loss_floor)},
                      {"by_time", times}});
  }
  return {{"pairs", curve.pairs},
          {"log_pairs", curve.log_pairs()},
          {"unit", "nats"},
          {"noise", curve.interpolant.kind == InterpolantKind::kBridge ? "bridge" : "constant"},
          {"nodes", curve.options.nodes},
          {"noise_draws", curve.options.replicates},
          {"time", {curve.options.t_begin, curve.options.t_end}},
          {"seed", curve.options.seed},
          {"half_sigma", curve.half ? estimate_json(*curve.half) : nlohmann::json(nullptr)},
          {"by_sigma", levels}};
}

void check_identifiability_directory(const std::string& option, const std::string& directory) {
  check_result_directory(option, directory, kIdentifiabilityKind);
}

void write_identifiability(const std::string& directory, const IdentifiabilityCurve& curve,
                           const std::string& subject, const std::string& command) {
  write_result_directory(directory, [&](const std::filesystem::path& path) {
    write_file((path / "summary.json").string(), json_text(to_json(curve)) + "\n");
    sigma_csv(curve).write(path / "by_sigma.csv");
    time_csv(curve).write(path / "by_time.csv");
    write_identifiability_report(path, curve, subject, command);
  });
}

}  // namespace gradvar

// monitor: gradient variance through training, as tables.
//
//   monitor.csv       step, loss, trace, mean_squared_norm, signal_to_noise, noise_scale, and the
//                     trace of each layer, trace/net.0, ...
//   monitor_time.csv  step, t_begin, t_end, loss, trace, mean_squared_norm
//   monitor_spectrum.csv  step, samples, trace, top_eigenvalue, effective_rank,
//                     participation_ratio: of the same samples each time (flow/spectrum.h), where
//                     it is asked for
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "flow/spectrum.h"
#include "flow/variance.h"
#include "tools/csv_log.h"

namespace gradvar {

class Monitor {
 public:
  Monitor(const std::filesystem::path& directory, const ParameterLayout& layout,
          std::uint64_t resume_at, bool with_spectrum = false);
  void record(std::uint64_t step, const VarianceReport& report);
  // REQUIRES: made with_spectrum.
  void record(std::uint64_t step, const Spectrum& spectrum);
  void flush();

 private:
  CsvLog whole_, by_time_;
  std::optional<CsvLog> spectrum_;
};

[[nodiscard]] nlohmann::json to_json(const MomentSummary& summary);
[[nodiscard]] nlohmann::json to_json(const VarianceReport& report, const ParameterLayout& layout);
// {"bins":..., "nodes_per_bin":..., "begin":..., "end":...}: the times a measurement is over.
[[nodiscard]] nlohmann::json time_json(const VarianceOptions& options);

// "0.0123", "1.2e-07": for progress lines.
[[nodiscard]] std::string short_number(double value);

}  // namespace gradvar

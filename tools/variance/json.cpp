#include "tools/variance/json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "flow/distances.h"
#include "tools/json_number.h"
#include "tools/monitor.h"

namespace gradvar {

namespace {

using nlohmann::json;

constexpr double kLevels[] = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};

json parts_json(const VarianceParts& parts) {
  return {{"pair", json_number(parts.pair)},
          {"time", json_number(parts.time)},
          {"noise", json_number(parts.noise)}};
}

json jackknifed_json(const Jackknifed& number) {
  return {{"estimate", json_number(number.estimate)},
          {"standard_error", json_number(number.standard_error)},
          {"bias", json_number(number.bias)},
          {"low", json_number(number.low)},
          {"high", json_number(number.high)}};
}

json noise_json(const ExactVariance& exact) {
  const NoiseErrors& errors = exact.pairs.noise_errors;
  return {{"kind", noise_kind(exact.first)},
          {"points", exact.first.noise_points},
          {"standard_errors",
           {{"loss", json_number(errors.loss)},
            {"trace", json_number(errors.trace)},
            {"mean_squared_norm", json_number(errors.mean_squared_norm)},
            {"signal_to_noise", json_number(errors.signal_to_noise)},
            {"noise_scale", json_number(errors.noise_scale)}}}};
}

json attribution_json(const PairReport& pairs, const std::vector<std::string>& layers) {
  json result = {{"whole", parts_json(pairs.whole.parts())}, {"unbiased", nullptr}};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    result["by_layer"].push_back(parts_json(pairs.by_layer[i].parts()));
    result["by_layer"].back()["layer"] = layers[i];
  }
  if (!pairs.has_unbiased_parts()) return result;
  result["unbiased"] = {{"whole", parts_json(pairs.unbiased_parts(pairs.whole))}};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    json& list = result["unbiased"]["by_layer"];
    list.push_back(parts_json(pairs.unbiased_parts(pairs.by_layer[i])));
    list.back()["layer"] = layers[i];
  }
  return result;
}

json alignment_json(const Alignment& alignment) {
  json result = {{"mean", json_number(alignment.mean)},
                 {"share_against", json_number(alignment.share_against)},
                 {"without_direction", json_number(alignment.without_direction)}};
  for (const double level : kLevels) {
    result["quantiles"].push_back(
        {{"level", level}, {"value", json_number(alignment.quantile(level))}});
  }
  return result;
}

void add_floor(json& to, const Measurement& measurement) {
  const std::optional<LossFloor>& floor = measurement.floor;
  to["loss_floor"] = floor ? estimate_json(floor->floor) : json(nullptr);
  to["excess"] = floor ? estimate_json(floor->excess) : json(nullptr);
  to["floor_points"] = floor ? json(floor->points) : json(nullptr);
  to["floor_unknown"] = floor ? json(nullptr) : json(measurement.no_floor);
}

json quantiles_json(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return nullptr;
  std::sort(values.begin(), values.end());
  json result;
  for (const double level : kLevels) {
    result.push_back({{"level", level}, {"value", sorted_quantile(values, level)}});
  }
  return result;
}

json convergence_json(const Measurement& measurement) {
  const std::vector<Change> list = changes(measurement);
  json result = {{"nodes", measurement.options.node_count()},
                 {"twice", 2 * measurement.options.node_count()},
                 {"largest_relative_change", json_number(largest_change(list))}};
  for (const Change& change : list) {
    result["numbers"].push_back({{"name", change.name},
                                 {"value", json_number(change.value)},
                                 {"value_at_twice", json_number(change.twice)},
                                 {"relative_change", json_number(change.relative)}});
  }
  return result;
}

}  // namespace

const char* noise_kind(const VarianceReport& report) {
  if (report.noise_drawn) return "draws";
  return report.noise_points > 1 ? "gauss-hermite" : "none";
}

std::vector<double> pair_column(const PairReport& report, double PairStatistics::*member) {
  std::vector<double> values;
  for (const PairStatistics& pair : report.by_pair) values.push_back(pair.*member);
  return values;
}

std::vector<double> pair_traces(const PairReport& report) {
  std::vector<double> values;
  for (const PairStatistics& pair : report.by_pair) values.push_back(pair.trace());
  return values;
}

std::vector<double> pair_cosines(const PairReport& report) {
  std::vector<double> values;
  for (const PairStatistics& pair : report.by_pair) {
    values.push_back(pair.cosine(report.whole.mean));
  }
  return values;
}

json to_json(const SpectrumAt& at) {
  const Spectrum& s = at.spectrum;
  json result = {
      {"samples", s.samples},
      {"complete", s.complete},
      {"trace", json_number(s.trace)},
      {"top_eigenvalue", s.eigenvalues.empty() ? json(0) : json_number(s.eigenvalues.front())},
      {"effective_rank", json_number(s.effective_rank)},
      {"participation_ratio", json_number(s.participation_ratio)},
      {"eigenvalues", s.eigenvalues}};
  if (at.step >= 0) result["step"] = at.step;
  return result;
}

json to_json(const Measurement& measurement) {
  const ExactVariance& exact = measurement.exact;
  json result = to_json(exact.first, measurement.layout);
  add_floor(result, measurement);
  result["interpolant"] = measurement.interpolant;
  result["pairs"] = exact.pairs.by_pair.size();
  result["time"] = time_json(measurement.options);
  result["noise"] = noise_json(exact);
  const PairJackknife& jackknife = exact.pairs.jackknife;
  result["jackknife"] = {{"over", "pairs"},
                         {"level", 0.95},
                         {"trace", jackknifed_json(jackknife.trace)},
                         {"mean_squared_norm", jackknifed_json(jackknife.mean_squared_norm)},
                         {"signal_to_noise", jackknifed_json(jackknife.signal_to_noise)},
                         {"noise_scale", jackknifed_json(jackknife.noise_scale)}};
  result["attribution"] = attribution_json(exact.pairs, measurement.layout.layers());
  result["alignment"] = alignment_json(exact.pairs.alignment);
  result["by_pair"] = {
      {"loss", quantiles_json(pair_column(exact.pairs, &PairStatistics::loss))},
      {"trace", quantiles_json(pair_traces(exact.pairs))},
      {"squared_norm", quantiles_json(pair_column(exact.pairs, &PairStatistics::squared_norm))},
      {"mean_squared_norm",
       quantiles_json(pair_column(exact.pairs, &PairStatistics::mean_squared_norm))},
      {"cosine", quantiles_json(pair_cosines(exact.pairs))}};
  if (measurement.finer) result["convergence"] = convergence_json(measurement);
  for (const SpectrumAt& at : measurement.spectra) result["spectrum"].push_back(to_json(at));
  return result;
}

}  // namespace gradvar

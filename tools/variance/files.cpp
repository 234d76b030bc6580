#include "tools/variance/files.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/atomic_file.h"
#include "io/number_text.h"
#include "io/safetensors.h"
#include "tools/csv_text.h"
#include "tools/json_text.h"
#include "tools/result_directory.h"
#include "tools/variance/json.h"
#include "tools/variance/report.h"

namespace gradvar {

namespace {

namespace fs = std::filesystem;

const ResultKind kMeasurementKind = {
    "variance",
    "by_pair.csv",
    {"summary.json", "by_layer.csv", "by_time.csv", "by_pair.csv", "by_parameter.safetensors",
     "convergence.csv", "spectrum.csv", "eigenvalues.csv", "figures", "report.html"}};

void write_layers(const fs::path& path, const Measurement& measurement) {
  const ExactVariance& exact = measurement.exact;
  CsvText csv("layer,trace,mean_squared_norm,signal_to_noise,noise_scale,pair,time,noise");
  const auto row = [&](const std::string& name, const MomentSummary& m, const VarianceParts& p) {
    csv.row(name, {m.trace, m.mean_squared_norm, m.signal_to_noise(), m.noise_scale(), p.pair,
                   p.time, p.noise});
  };
  const std::vector<std::string> layers = measurement.layout.layers();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    row(layers[i], exact.first.by_layer[i], exact.pairs.by_layer[i].parts());
  }
  row("whole", exact.first.whole, exact.pairs.whole.parts());
  csv.write(path);
}

void write_times(const fs::path& path, const VarianceReport& report) {
  CsvText csv("t_begin,t_end,loss,trace,mean_squared_norm");
  for (const TimeBin& bin : report.by_time) {
    csv.row(number_text(bin.t_begin),
            {bin.t_end, bin.loss, bin.moments.trace, bin.moments.mean_squared_norm});
  }
  csv.write(path);
}

void write_pairs(const fs::path& path, const PairReport& report) {
  CsvText csv("pair,loss,squared_norm,mean_squared_norm,trace,cosine");
  for (std::size_t i = 0; i < report.by_pair.size(); ++i) {
    const PairStatistics& pair = report.by_pair[i];
    csv.row(std::to_string(i), {pair.loss, pair.squared_norm, pair.mean_squared_norm, pair.trace(),
                                pair.cosine(report.whole.mean)});
  }
  csv.write(path);
}

void write_parameters(const fs::path& path, const VarianceReport& report) {
  const ParameterLayout& layout = report.moments.layout();
  const Tensor<double> variance = report.moments.variance(Estimator::kPopulation);
  SafetensorsWriter out;
  for (int k = 0; k < layout.count(); ++k) {
    const ParameterInfo& info = layout.infos()[k];
    out.add<double>("mean/" + info.name, info.shape,
                    layout.slice(report.moments.mean(), ParameterId{k}));
    out.add<double>("variance/" + info.name, info.shape,
                    layout.slice(variance.values(), ParameterId{k}));
  }
  out.set_metadata("variance", "population");
  out.write(path.string());
}

void write_convergence(const fs::path& path, const Measurement& measurement) {
  CsvText csv("name,value,value_at_twice,relative_change");
  for (const Change& change : changes(measurement)) {
    csv.row(change.name, {change.value, change.twice, change.relative});
  }
  csv.write(path);
}

void write_spectra(const fs::path& directory, const std::vector<SpectrumAt>& spectra) {
  CsvText csv("step,samples,trace,top_eigenvalue,effective_rank,participation_ratio");
  CsvText values("step,index,eigenvalue");
  for (const SpectrumAt& at : spectra) {
    const Spectrum& s = at.spectrum;
    const std::string step = at.step < 0 ? "" : std::to_string(at.step);
    csv.row(step, {static_cast<double>(s.samples), s.trace,
                   s.eigenvalues.empty() ? 0 : s.eigenvalues.front(), s.effective_rank,
                   s.participation_ratio});
    for (std::size_t i = 0; i < s.eigenvalues.size(); ++i) {
      values.row(step, {static_cast<double>(i), s.eigenvalues[i]});
    }
  }
  csv.write(directory / "spectrum.csv");
  values.write(directory / "eigenvalues.csv");
}

}  // namespace

void check_measurement_directory(const std::string& option, const std::string& directory) {
  check_result_directory(option, directory, kMeasurementKind);
}

void write_measurement(const std::string& directory, const Measurement& measurement,
                       const std::string& subject, const std::string& command) {
  write_result_directory(directory, [&](const fs::path& path) {
    write_file((path / "summary.json").string(), json_text(to_json(measurement)) + "\n");
    write_layers(path / "by_layer.csv", measurement);
    write_times(path / "by_time.csv", measurement.exact.first);
    write_pairs(path / "by_pair.csv", measurement.exact.pairs);
    write_parameters(path / "by_parameter.safetensors", measurement.exact.first);
    if (measurement.finer) write_convergence(path / "convergence.csv", measurement);
    if (!measurement.spectra.empty()) write_spectra(path, measurement.spectra);
    write_report(path, measurement, subject, command);
  });
}

}  // namespace gradvar

#include "tools/variance/files.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "io/atomic_file.h"
#include "io/directory_swap.h"
#include "io/number_text.h"
#include "io/safetensors.h"
#include "tools/commands/options.h"
#include "tools/run_directory.h"
#include "tools/variance/json.h"
#include "tools/variance/report.h"

namespace gradvar {

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kNames = {
    "summary.json",    "by_layer.csv", "by_time.csv",     "by_pair.csv", "by_parameter.safetensors",
    "convergence.csv", "spectrum.csv", "eigenvalues.csv", "figures",     "report.html"};

// A table, one row at a time; the first field of a row may be text.
class Csv {
 public:
  explicit Csv(const std::string& header) : text_(header + "\n") {}
  void row(const std::string& first, std::initializer_list<double> values) {
    text_ += first;
    for (const double value : values) text_ += "," + number_text(value);
    text_ += "\n";
  }
  void write(const fs::path& path) const { write_file(path.string(), text_); }

 private:
  std::string text_;
};

void write_layers(const fs::path& path, const Measurement& measurement) {
  const ExactVariance& exact = measurement.exact;
  Csv csv("layer,trace,mean_squared_norm,signal_to_noise,noise_scale,pair,time,noise");
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
  Csv csv("t_begin,t_end,loss,trace,mean_squared_norm");
  for (const TimeBin& bin : report.by_time) {
    csv.row(number_text(bin.t_begin),
            {bin.t_end, bin.loss, bin.moments.trace, bin.moments.mean_squared_norm});
  }
  csv.write(path);
}

void write_pairs(const fs::path& path, const PairReport& report) {
  Csv csv("pair,loss,squared_norm,mean_squared_norm,trace,cosine");
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
  Csv csv("name,value,value_at_twice,relative_change");
  for (const Change& change : changes(measurement)) {
    csv.row(change.name, {change.value, change.twice, change.relative});
  }
  csv.write(path);
}

void write_spectra(const fs::path& directory, const std::vector<SpectrumAt>& spectra) {
  Csv csv("step,samples,trace,top_eigenvalue,effective_rank,participation_ratio");
  Csv values("step,index,eigenvalue");
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
  fs::path path(directory);
  if (path.filename().empty()) path = path.parent_path();
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (fs::exists(path, error)) {
      throw std::invalid_argument(option + ": '" + directory + "' is a file, expected a directory");
    }
    check_writable(option, path.string());
    return;
  }
  const bool ours = fs::exists(path / "by_pair.csv", error) || fs::is_empty(path, error);
  check_nothing_foreign(option, directory, "variance", [&](const std::string& name) {
    return ours && std::find(kNames.begin(), kNames.end(), name) != kNames.end();
  });
}

void write_measurement(const std::string& directory, const Measurement& measurement,
                       const std::string& subject, const std::string& command) {
  fs::path goal(directory);
  if (goal.filename().empty()) goal = goal.parent_path();
  const fs::path temporary = temporary_directory(goal.string());
  try {
    write_file((temporary / "summary.json").string(), to_json(measurement).dump(2) + "\n");
    write_layers(temporary / "by_layer.csv", measurement);
    write_times(temporary / "by_time.csv", measurement.exact.first);
    write_pairs(temporary / "by_pair.csv", measurement.exact.pairs);
    write_parameters(temporary / "by_parameter.safetensors", measurement.exact.first);
    if (measurement.finer) write_convergence(temporary / "convergence.csv", measurement);
    if (!measurement.spectra.empty()) write_spectra(temporary, measurement.spectra);
    write_report(temporary, measurement, subject, command);
    replace_directory(temporary.string(), goal.string());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
}

}  // namespace gradvar

// gradvar variance: the exact gradient variance of a run's network on its pairs, by parameter,
// layer and time.

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/monitor.h"
#include "tools/saved_run.h"

namespace gradvar::commands {

namespace {

struct Options {
  std::string run, out, tensors;
  VarianceOptions variance;
  std::int64_t threads = 0;
  OutputOptions output;
};

void print(const VarianceReport& report, const ParameterLayout& layout) {
  const auto row = [](const std::string& name, const MomentSummary& moments) {
    std::printf("%-24s %14.6g %14.6g %12.4g %12.4g\n", name.c_str(), moments.trace,
                moments.mean_squared_norm, moments.signal_to_noise(), moments.noise_scale());
  };
  std::printf("%-24s %14s %14s %12s %12s\n", "", "trace of cov", "|mean|^2", "SNR", "noise scale");
  row("whole", report.whole);
  const std::vector<std::string> layers = layout.layers();
  for (std::size_t i = 0; i < layers.size(); ++i) row(layers[i], report.by_layer[i]);
  for (const TimeBin& bin : report.by_time) {
    row("t in [" + short_number(bin.t_begin) + ", " + short_number(bin.t_end) + ")", bin.moments);
  }
  std::printf("loss %.6g; %lld weighted gradients; population variance of one sample's gradient\n",
              report.loss, static_cast<long long>(report.samples));
}

void write_tensors(const std::string& path, const VarianceReport& report) {
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
  out.write(path);
}

template <class Real>
void measure(const Options& options, const RunConfig& config) {
  TrainingRun<Real> run(config);
  load_weights_of(run, options.run);
  const VarianceReport report = run.measure(options.variance);
  const ParameterLayout& layout = run.model().parameters().layout();
  const std::string json = to_json(report, layout).dump(2) + "\n";
  if (!options.out.empty()) write_file(options.out, json);
  if (!options.tensors.empty()) write_tensors(options.tensors, report);
  if (options.output.json) {
    std::cout << json;
  } else if (!options.output.quiet) {
    print(report, layout);
  }
}

}  // namespace

void add_variance(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("variance", "Exact gradient variance of a run on its pairs");
  VarianceOptions& variance = options->variance;
  command->add_option("--run", options->run, "directory of a run")->required();
  command->add_option("--time-bins", variance.time_bins, "bins of t")->capture_default_str();
  command->add_option("--nodes", variance.nodes_per_bin, "Gauss-Legendre nodes a bin")
      ->capture_default_str();
  command
      ->add_option("--noise-draws", variance.noise_draws,
                   "draws of z for each pair and node, when the interpolant has noise")
      ->capture_default_str();
  command->add_option("--microbatch", variance.microbatch, "samples at a time")
      ->capture_default_str();
  command->add_option("--threads", options->threads, "threads, 0 to choose");
  command->add_option("--out", options->out, "also write the JSON here");
  command->add_option("--tensors", options->tensors,
                      "also write mean/ and variance/ of every parameter, safetensors");
  add_output_options(*command, options->output);
  command->callback([options] {
    RunConfig config = saved_config(options->run);
    config.threads = options->threads;
    with_precision(config.precision, [&](auto real) { measure<decltype(real)>(*options, config); });
  });
}

}  // namespace gradvar::commands

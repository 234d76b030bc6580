// gradvar variance: the exact gradient variance of a network on finitely many pairs, by parameter,
// layer and time: a run's on its own pairs, or any weights on the pairs of a file.
//
//   in    x0, x1 [N,...] (--pairs; other tensors of the file are left alone, so that the
//         pairs.safetensors of a run serves)

#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "nn/weights.h"
#include "tools/batch_file.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/monitor.h"
#include "tools/saved_run.h"

namespace gradvar::commands {

namespace {

struct VarianceCommand {
  std::string run, model, weights, pairs, interpolant = "linear", out, tensors;
  VarianceOptions variance;
  RuntimeOptions runtime;
  OutputOptions output;
};

void print_report(const VarianceReport& report, const ParameterLayout& layout) {
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

void report(const VarianceCommand& options, const VarianceReport& measured,
            const ParameterLayout& layout) {
  const std::string json = to_json(measured, layout).dump(2) + "\n";
  if (!options.out.empty()) write_file(options.out, json);
  if (!options.tensors.empty()) write_tensors(options.tensors, measured);
  if (options.output.json) {
    std::cout << json;
  } else if (!options.output.quiet) {
    print_report(measured, layout);
  }
}

template <class Real>
void measure_run(const VarianceCommand& options, const RunConfig& config) {
  TrainingRun<Real> run(config);
  load_weights_of(run, options.run, WhichWeights::kTrained);
  report(options, run.measure(options.variance), run.model().parameters().layout());
}

template <class Real>
void measure_weights(const VarianceCommand& options) {
  const Interpolant interpolant = make_interpolant("--interpolant", options.interpolant);
  const SafetensorsFile file = SafetensorsFile::read(options.pairs);
  const Tensor<Real> x0 = finite_tensor<Real>(file, "x0"), x1 = finite_tensor<Real>(file, "x1");
  if (x0.shape().rank() < 2 || x0.rows() < 1) {
    refuse_file(options.pairs, "the tensor 'x0' is " + x0.shape().to_string() +
                                   ", expected at least one sample, Nxd");
  }
  if (!(x1.shape() == x0.shape())) {
    refuse_file(options.pairs, "the tensor 'x1' is " + x1.shape().to_string() + ", expected " +
                                   x0.shape().to_string() + " to go with x0");
  }
  const std::unique_ptr<Model<Real>> model =
      make_model<Real>("--model", options.model, x0.shape().sample());
  load_weights(options.weights, model->parameters());
  LanePool pool(resolve_threads(options.runtime.threads, options.runtime.lanes));
  Engine<Real> engine(model->parameters(), pool, static_cast<int>(options.runtime.lanes));
  report(options, measure_variance(engine, *model, interpolant, x0, x1, options.variance),
         model->parameters().layout());
}

// Which options go together; `own` are those that a run decides itself.
void check_options(const VarianceCommand& options, const std::vector<CLI::Option*>& own) {
  const bool run = !options.run.empty();
  const bool all = !options.model.empty() && !options.weights.empty() && !options.pairs.empty();
  if (!run && !all) {
    throw std::invalid_argument(
        "give --run DIR, or --model SPEC with --weights FILE and --pairs FILE");
  }
  for (const CLI::Option* option : own) {
    if (run && option->count() > 0) {
      throw std::invalid_argument(option->get_name() +
                                  " goes with --model, --weights and --pairs: a run has its own");
    }
  }
  if (!options.out.empty()) check_writable("--out", options.out);
  if (!options.tensors.empty()) check_writable("--tensors", options.tensors);
}

void measure(const VarianceCommand& options, const std::vector<CLI::Option*>& own) {
  check_options(options, own);
  if (options.run.empty()) {
    with_precision(options.runtime.precision,
                   [&](auto real) { measure_weights<decltype(real)>(options); });
    return;
  }
  RunConfig config = saved_config(options.run);
  config.threads = options.runtime.threads;
  with_precision(config.precision,
                 [&](auto real) { measure_run<decltype(real)>(options, config); });
}

}  // namespace

void add_variance(CLI::App& app) {
  auto options = std::make_shared<VarianceCommand>();
  CLI::App* command = app.add_subcommand(
      "variance", "Exact gradient variance of a run on its pairs, or of weights on given pairs");
  command->footer(
      "The law of a sample: a pair, uniform; t, uniform, by Gauss-Legendre nodes in bins. The "
      "trace\n"
      "is that of the population covariance of one sample's gradient; SNR is |mean|^2 / trace and\n"
      "the noise scale its inverse. Weights of a run are those trained, not their average.\n"
      "Examples\n"
      "  gradvar variance --run runs/first --tensors variance.safetensors\n"
      "  gradvar variance --model mlp:width=64 --weights runs/first/weights.safetensors \\\n"
      "    --pairs runs/first/pairs.safetensors --interpolant constant:sigma=0.05 --json");
  VarianceOptions& variance = options->variance;
  add_text(*command, "--run", options->run, "DIR", "directory of a run");
  std::vector<CLI::Option*> own = {
      add_text(*command, "--model", options->model, "SPEC",
               "a network instead, mlp:width=64,depth=3"),
      add_text(*command, "--weights", options->weights, "FILE", "its weights, safetensors"),
      add_text(*command, "--pairs", options->pairs, "FILE", "safetensors with x0 and x1"),
      add_text(*command, "--interpolant", options->interpolant, "SPEC",
               "linear, trigonometric, constant:sigma=0.05, bridge:sigma=0.05")};
  add_whole(*command, "--time-bins", variance.time_bins, 1, 10000, "equal bins of t in [0, 1]");
  add_whole(*command, "--nodes", variance.nodes_per_bin, 1, 64, "Gauss-Legendre nodes a bin");
  add_whole(*command, "--noise-draws", variance.noise_draws, 1, 1000000,
            "draws of z for each pair and node, when the interpolant has noise");
  add_whole(*command, "--microbatch", variance.microbatch, 1, 1 << 20,
            "gradients at a time; memory, and the last digits");
  add_threads(*command, options->runtime.threads);
  add_lanes(*command, options->runtime.lanes);
  add_precision(*command, options->runtime.precision);
  own.push_back(command->get_option("--lanes"));
  own.push_back(command->get_option("--precision"));
  add_text(*command, "--out", options->out, "FILE", "also write the JSON here");
  add_text(*command, "--tensors", options->tensors, "FILE",
           "also write mean/ and variance/ of every parameter, safetensors");
  add_output_options(*command, options->output);
  command->callback([options, own] { measure(*options, own); });
}

}  // namespace gradvar::commands

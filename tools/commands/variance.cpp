// gradvar variance: the exact gradient variance of a network on finitely many pairs: by parameter,
// layer, time and pair, by cause, with the errors that are left: a run's on its own pairs, or any
// weights on the pairs of a file.
//
//   in    x0, x1 [N,...] (--pairs; other tensors of the file are left alone, so that the
//         pairs.safetensors of a run serves)
//   out   a table, --json, or --out DIR (tools/variance/files.h)

#include <functional>
#include <iostream>
#include <iterator>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "data/point_set.h"
#include "io/atomic_file.h"
#include "nn/checkpoint_directory.h"
#include "nn/weights.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/json_text.h"
#include "tools/limits.h"
#include "tools/pairs_file.h"
#include "tools/report/markup.h"
#include "tools/report/number.h"
#include "tools/run_directory.h"
#include "tools/saved_run.h"
#include "tools/variance/explain.h"
#include "tools/variance/files.h"
#include "tools/variance/json.h"
#include "tools/variance/text.h"
#include "tools/watched_field.h"
#include "tools/watched_task.h"

namespace gradvar::commands {

namespace {

// What the command takes when nothing is said: two draws, so that the noise has an error.
constexpr VarianceOptions kDefaults{.noise_draws = 2};

struct VarianceCommand {
  std::string run, model, weights, pairs, interpolant = "linear", time = "0:1", x0, x1, out;
  VarianceOptions variance = kDefaults;
  bool check = false, spectrum = false, explain = false;
  const CLI::App* command = nullptr;  // knows which options were given
  std::int64_t spectrum_samples = 1024;
  RuntimeOptions runtime;
  OutputOptions output;
};

// The words of the command that decide numbers, for the report.
std::string command_text(const VarianceCommand& options) {
  std::string text = "gradvar variance";
  const auto add = [&](const char* name, const std::string& value) {
    text += std::string(" ") + name + " " + shell_word(value);
  };
  if (!options.run.empty()) {
    add("--run", options.run);
  } else {
    add("--model", options.model);
    add("--weights", options.weights);
    if (!options.pairs.empty()) add("--pairs", options.pairs);
    if (!options.x0.empty()) add("--x0", options.x0);
    if (!options.x1.empty()) add("--x1", options.x1);
    add("--interpolant", options.interpolant);
    add("--precision", options.runtime.precision);
    if (options.runtime.lanes != 2) add("--lanes", std::to_string(options.runtime.lanes));
  }
  const VarianceOptions& v = options.variance;
  const auto add_number = [&](const char* name, std::int64_t value, std::int64_t usual) {
    if (value != usual) add(name, std::to_string(value));
  };
  if (options.time != "0:1") add("--time", options.time);
  add_number("--time-bins", v.time_bins, kDefaults.time_bins);
  add_number("--nodes", v.nodes_per_bin, kDefaults.nodes_per_bin);
  add_number("--noise-draws", v.noise_draws, kDefaults.noise_draws);
  add_number("--noise-nodes", v.noise_nodes, kDefaults.noise_nodes);
  add_number("--seed", static_cast<std::int64_t>(v.seed), 0);
  // Also where it is given and the usual one elsewhere: what is usual depends on the samples.
  if (v.microbatch != kDefaults.microbatch || options.command->count("--microbatch") > 0) {
    add("--microbatch", std::to_string(v.microbatch));
  }
  if (options.spectrum) text += " --spectrum";
  add_number("--spectrum-samples", options.spectrum_samples, 1024);
  add("--out", options.out);
  return text;
}

void report(const VarianceCommand& options, const Measurement& measured,
            const std::string& subject) {
  if (!options.out.empty()) {
    write_measurement(options.out, measured, subject, command_text(options));
  }
  if (options.output.json) {
    std::cout << json_text(to_json(measured)) << '\n';
  } else if (!options.output.quiet) {
    print_measurement(measured);
    if (!options.out.empty()) std::cout << "The report: " << options.out << "/report.html\n";
  }
}

// The interpolant, unless there is no finite number to measure, or it has no noise to draw.
Interpolant checked_interpolant(const VarianceCommand& options, const std::string& spec) {
  const Interpolant interpolant = make_interpolant("--interpolant", spec);
  for (const char* option : {"--noise-draws", "--noise-nodes"}) {
    only_with(*options.command, option, interpolant.needs_noise(),
              "an interpolant that has noise, found '" + interpolant.spec() + "'");
  }
  const VarianceOptions& v = options.variance;
  if (interpolant.infinite_at_ends() && (v.t_begin <= 0 || v.t_end >= 1)) {
    throw std::invalid_argument(
        "the variance is infinite up to t = 0 and 1 with the full target of a bridge, for "
        "gamma'(t)^2 grows like sigma^2 / 4t and / 4(1-t): give --time T0:T1 within, as in "
        "--time 0.01:0.99");
  }
  return interpolant;
}

// As many at a time as the end of a training run takes, unless said otherwise: the same bits.
void settle_microbatch(VarianceCommand& options, const Shape& sample) {
  if (options.command->count("--microbatch") == 0)
    options.variance.microbatch = usual_microbatch(sample);
}

template <class Real>
void measure_floor(const VarianceCommand& options, Measurement& measured, const Model<Real>& model,
                   LanePool& pool, const Interpolant& interpolant, const Tensor<Real>& x0,
                   const Tensor<Real>& x1) {
  Progress progress(options.output.progress(), "loss floor", 0, "point");
  progress.say_nothing_of_short_tasks();
  const NetworkField<Real> network(model, pool);
  const WatchedField<Real> field(network, progress, "stopped; nothing was written");
  add_loss_floor(measured, field, pool, interpolant, x0, x1);
}

// --explain: what would be done, instead of doing it.
template <class Real>
void explain_plan(const VarianceCommand& options, Engine<Real>& engine, const Model<Real>& model,
                  const Interpolant& interpolant, const Tensor<Real>& x0, const Tensor<Real>& x1) {
  const VariancePlan plan = plan_variance(engine, model, interpolant, x0, x1, options.variance);
  const ParameterLayout& layout = model.parameters().layout();
  if (options.output.json) {
    std::cout << json_text(to_json(plan, layout)) << '\n';
  } else if (!options.output.quiet) {
    std::cout << explain(plan, layout);
  }
}

template <class Real>
void measure_run(VarianceCommand options, const RunConfig& config) {
  TrainingRun<Real> run(config);
  load_weights_of(run, options.run, WhichWeights::kTrained);
  const Interpolant interpolant = checked_interpolant(options, config.interpolant);
  const Tensor<Real> x0 = convert<Real>(run.problem().pairs().x0);
  const Tensor<Real> x1 = convert<Real>(run.problem().pairs().x1);
  settle_microbatch(options, x0.shape().sample());
  Engine<Real>& engine = run.trainer().engine();
  if (options.explain) {
    explain_plan(options, engine, run.model(), interpolant, x0, x1);
    return;
  }
  const std::uint64_t step = run.trainer().steps();
  WatchedTask watch(options.output.progress(), "variance", "gradient");
  watch.say_nothing_of_short_tasks();
  Measurement measured = measure_all(engine, run.model(), interpolant, x0, x1, options.variance,
                                     options.check || !options.out.empty(), std::ref(watch));
  if (run.problem().pairing() == Pairing::kFixed) {
    measure_floor(options, measured, run.model(), run.pool(), interpolant, x0, x1);
  } else {
    measured.no_floor = "the run takes new pairs at every step, and these are not its law";
  }
  if (options.spectrum) {
    // All that are kept: how the spectrum moves through training.
    const std::vector<CheckpointEntry> kept = list_checkpoints(options.run);
    WatchedTask spectra(options.output.progress(), "spectrum", "checkpoint");
    spectra.say_nothing_of_short_tasks();
    for (const CheckpointEntry& entry : kept) {
      run.load(entry.path);
      measured.spectra.push_back(
          {entry.step, measure_spectrum(engine, run.model(), interpolant, x0, x1, options.variance,
                                        options.spectrum_samples)});
      spectra(std::ssize(measured.spectra), std::ssize(kept));
    }
  }
  report(options, measured,
         "The run " + report::literal(options.run) + " after " +
             report::format_integer(static_cast<std::int64_t>(step)) + " steps");
}

// --pairs FILE with both sides, or --x0 FILE and --x1 FILE of points.
Pairs read_pairs(const VarianceCommand& options) {
  if (!options.pairs.empty()) return read_pairs_file(options.pairs, "--pairs").pairs;
  const auto points = [](const char* option, const std::string& text) {
    return for_option(option, [&] { return *PointSet::read(PointFile::parse(text)).points(); });
  };
  Pairs pairs{points("--x0", options.x0), points("--x1", options.x1)};
  if (!(pairs.x1.shape() == pairs.x0.shape())) {
    refuse_file(options.x1, "the points are " + pairs.x1.shape().to_string() + ", expected " +
                                pairs.x0.shape().to_string() + " to go with " + options.x0);
  }
  return pairs;
}

template <class Real>
void measure_weights(VarianceCommand options) {
  const Interpolant interpolant = checked_interpolant(options, options.interpolant);
  const Pairs pairs = read_pairs(options);
  const Tensor<Real> x0 = convert<Real>(pairs.x0), x1 = convert<Real>(pairs.x1);
  settle_microbatch(options, x0.shape().sample());
  const std::unique_ptr<Model<Real>> model =
      make_model<Real>("--model", options.model, x0.shape().sample());
  load_weights(options.weights, model->parameters());
  LanePool pool(resolve_threads(options.runtime.threads, options.runtime.lanes));
  Engine<Real> engine(model->parameters(), pool, static_cast<int>(options.runtime.lanes));
  if (options.explain) {
    explain_plan(options, engine, *model, interpolant, x0, x1);
    return;
  }
  WatchedTask watch(options.output.progress(), "variance", "gradient");
  watch.say_nothing_of_short_tasks();
  Measurement measured = measure_all(engine, *model, interpolant, x0, x1, options.variance,
                                     options.check || !options.out.empty(), std::ref(watch));
  measure_floor(options, measured, *model, pool, interpolant, x0, x1);
  if (options.spectrum) {
    measured.spectra.push_back({-1, measure_spectrum(engine, *model, interpolant, x0, x1,
                                                     options.variance, options.spectrum_samples)});
  }
  report(options, measured, "The weights " + report::literal(options.weights));
}

// Which options go together; `own` are those that a run decides itself.
void check_options(const VarianceCommand& options, const std::vector<CLI::Option*>& own) {
  const bool run = !options.run.empty();
  const bool file = !options.pairs.empty(), points = !options.x0.empty() && !options.x1.empty();
  const bool all = !options.model.empty() && !options.weights.empty() && (file || points);
  if (!run && !all) {
    throw std::invalid_argument(
        "give --run DIR, or --model SPEC with --weights FILE and --pairs FILE (or --x0 FILE and "
        "--x1 FILE)");
  }
  for (const CLI::Option* option : own) {
    if (run && option->count() > 0) {
      throw std::invalid_argument(option->get_name() +
                                  " goes with --model, --weights and --pairs: a run has its own");
    }
  }
  if (file && !(options.x0.empty() && options.x1.empty())) {
    throw std::invalid_argument("give --pairs, or --x0 and --x1, not both");
  }
  if (options.explain && (options.check || options.spectrum || !options.out.empty())) {
    throw std::invalid_argument(
        "--explain measures nothing, expected to find it without --check, --spectrum and --out");
  }
  only_with(*options.command, "--spectrum-samples", options.spectrum, "--spectrum");
  only_with(*options.command, "--noise-draws", options.variance.noise_nodes == 0,
            "--noise-nodes 0: nodes take the place of draws");
  if (options.spectrum) {
    // The Gram matrix, its block sums, and the centred one that becomes the eigenvectors.
    const auto m = static_cast<double>(options.spectrum_samples);
    check_memory("--spectrum-samples:",
                 std::to_string(options.spectrum_samples) + " samples' products", 24 * m * m);
  }
  if (!options.out.empty()) check_measurement_directory("--out", options.out);
}

void measure(VarianceCommand& options, const std::vector<CLI::Option*>& own) {
  const TimeInterval time = time_interval("--time", options.time);
  options.variance.t_begin = time.begin;
  options.variance.t_end = time.end;
  check_options(options, own);
  const InterruptGuard guard(!options.output.quiet);
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
      "The law of a sample: a pair, uniform; t, uniform, by Gauss-Legendre nodes in bins; noise "
      "by\n"
      "fixed draws or Gauss-Hermite nodes. The trace is that of the population covariance of one\n"
      "sample's gradient; SNR is |mean|^2 / trace and the noise scale its inverse. pair, time and\n"
      "noise are the trace by cause. Weights of a run are those trained, not their average.\n"
      "A network with dropout is measured without it, which is not the law of its training steps.\n"
      "Beside the loss stand its floor on these pairs, which no field gets below (0 without "
      "noise), and\n"
      "the excess over it, |v - v*|^2 to the exact minimiser, at points drawn by --seed with "
      "standard\n"
      "errors over draws; the pairs of a run that resamples them are not its law: no floor.\n"
      "--out writes summary.json, by_layer.csv, by_time.csv, by_pair.csv, convergence.csv,\n"
      "by_parameter.safetensors (mean/ and variance/) and report.html, and repeats everything "
      "with\n"
      "twice the nodes, as --check does. Where the activation's derivative jumps (selu, relu) so "
      "does\n"
      "the integrand, and 64 against 128 nodes of t differ by 1e-6 to 1e-3, the more the fewer the "
      "pairs;\n"
      "smooth ones agree to 1e-8. --check tells. With the full target of a bridge the variance up "
      "to\n"
      "t = 0 and 1 is infinite: give --time within.\n"
      "Examples\n"
      "  gradvar variance --run runs/first --out runs/first-variance --spectrum\n"
      "  gradvar variance --model mlp:width=64 --weights runs/first/weights.safetensors \\\n"
      "    --pairs runs/first/pairs.safetensors --interpolant constant:sigma=0.05 --json");
  VarianceOptions& variance = options->variance;
  add_text(*command, "--run", options->run, "DIR", "directory of a run");
  std::vector<CLI::Option*> own = {
      add_text(*command, "--model", options->model, "SPEC",
               "a network instead, mlp:width=64,depth=3"),
      add_text(*command, "--weights", options->weights, "FILE", "its weights, safetensors"),
      add_text(*command, "--pairs", options->pairs, "FILE", "safetensors with x0 and x1"),
      add_text(*command, "--x0", options->x0, "FILE",
               "or sources, .csv, .npy, .safetensors, .safetensors,key=NAME"),
      add_text(*command, "--x1", options->x1, "FILE", "and their partners, row by row"),
      add_text(*command, "--interpolant", options->interpolant, "SPEC",
               "linear, trigonometric, constant:sigma=0.05, bridge:sigma=0.05")};
  add_whole(*command, "--time-bins", variance.time_bins, 1, 10000, "equal bins of t");
  add_text(*command, "--time", options->time, "T0:T1", "t uniform on this interval");
  add_whole(*command, "--nodes", variance.nodes_per_bin, 1, 1024, "Gauss-Legendre nodes a bin");
  add_whole(*command, "--noise-draws", variance.noise_draws, 1, 1000000,
            "draws of z for each pair and node, when the interpolant has noise");
  add_whole(*command, "--noise-nodes", variance.noise_nodes, 0, 256,
            "Gauss-Hermite nodes a coordinate instead, up to 3 dimensions; 0 for draws");
  add_whole(*command, "--seed", variance.seed, 0, std::numeric_limits<std::int64_t>::max(),
            "of the draws");
  add_whole(*command, "--microbatch", variance.microbatch, 1, 1 << 20,
            "gradients at a time, fewer of images unless given; memory, and the last digits; the "
            "pass by pair takes whole pairs, at least one a lane");
  add_threads(*command, options->runtime.threads);
  add_lanes(*command, options->runtime.lanes);
  add_precision(*command, options->runtime.precision);
  own.push_back(command->get_option("--lanes"));
  own.push_back(command->get_option("--precision"));
  command->add_flag("--check", options->check, "repeat with twice the nodes and show the change");
  command->add_flag("--explain", options->explain,
                    "only say by which formula each parameter would be taken, and its cost");
  command->add_flag("--spectrum", options->spectrum,
                    "eigenvalues of the covariance, at every checkpoint that a run keeps");
  add_whole(*command, "--spectrum-samples", options->spectrum_samples, 2, kMostSpectrumSamples,
            "samples it is taken over, when there are more");
  add_text(*command, "--out", options->out, "DIR", "write tables, tensors and a report here");
  add_output_options(*command, options->output);
  options->command = command;
  command->callback([options, own] { measure(*options, own); });
}

}  // namespace gradvar::commands

// gradvar sample: points from a trained flow, to .npy, .csv or .safetensors, or images to .png.

#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/point_set.h"
#include "io/csv.h"
#include "io/npy.h"
#include "io/number_text.h"
#include "io/png.h"
#include "io/safetensors.h"
#include "nn/weights.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/file_guard.h"
#include "tools/json_text.h"
#include "tools/limits.h"
#include "tools/partner_grid.h"
#include "tools/run_field.h"
#include "tools/saved_run.h"
#include "tools/watched_field.h"

namespace gradvar::commands {

namespace {

struct SampleCommand {
  std::string run, model, weights, source, from, solver = "dopri5", out, precision = "f32";
  std::string field = run_field_names().front();
  std::int64_t count = 0, pairs = 0;
  std::int64_t seed = 0;
  std::int64_t threads = 0;
  OutputOptions output;
};

void check_ending(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending == ".npy" || ending == ".csv" || ending == ".safetensors" || ending == ".png") {
    return;
  }
  throw std::invalid_argument(
      "--out: '" + path + "' should end in .npy, .csv, .safetensors or .png, to say the format");
}

ImageGrid grid_of_images(std::int64_t numbers) {
  return {.channels = square_image(numbers).channels};
}

template <class Real>
void write_points(const std::string& path, const Tensor<Real>& points) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending == ".npy") {
    write_npy(path, points);
  } else if (ending == ".csv") {
    Tensor<double> table = convert<double>(points);
    table.reshape({points.rows(), points.row_size()});
    write_csv(path, {}, table);
  } else if (ending == ".png") {
    write_png(path, convert<double>(points), grid_of_images(points.row_size()));
  } else {
    SafetensorsWriter writer;
    writer.add("x", points);
    writer.write(path);
  }
}

// Where flows start: points of a file, or new draws. `law` may be null with a file.
Tensor<double> sources_of(const SampleCommand& options, const Distribution* law) {
  if (!options.from.empty()) {
    return for_option("--from",
                      [&] { return *PointSet::read(PointFile::parse(options.from)).points(); });
  }
  const std::int64_t d = law->sample_shape().size();
  constexpr double kStages = 10;  // states that a solver keeps
  check_memory(
      "--count:",
      std::to_string(options.count) + " points of " + std::to_string(d) + " coordinates",
      kStages * sizeof(double) * static_cast<double>(options.count) * static_cast<double>(d));
  return law->draw(RandomStream(static_cast<std::uint64_t>(options.seed), Purpose::kFreshSource), 0,
                   0, options.count);
}

template <class Real>
void follow(const SampleCommand& options, const Field<Real>& field, const Tensor<double>& sources) {
  if (options.out.ends_with(".png") && square_image(sources.row_size()).size == 0) {
    throw std::invalid_argument("--out: '" + options.out + "' is a picture, a sample has " +
                                std::to_string(sources.row_size()) +
                                " numbers, expected a square image of one color or three");
  }
  if (!(sources.shape().sample() == field.sample_shape())) {
    throw std::invalid_argument("--from: a row of '" + options.from + "' is " +
                                sources.shape().sample().to_string() +
                                ", the model's samples are " + field.sample_shape().to_string());
  }
  if (options.out.ends_with(".png")) {
    for_option(options.from.empty() ? "--count" : "--from", [&] {
      check_grid(sources.rows(), sources.row_size(), grid_of_images(sources.row_size()));
    });
  }
  const InterruptGuard guard(!options.output.quiet);
  Progress progress(options.output.progress(), "sample", 0, "evaluation");
  progress.say_nothing_of_short_tasks();
  const Solution<Real> solution =
      solve<Real>(WatchedField<Real>(field, progress, "stopped; nothing was written"),
                  make_solver("--solver", options.solver), convert<Real>(sources));
  progress.finish();
  write_points(options.out, solution.end);
  if (options.output.json) {
    std::cout << json_text(nlohmann::json{{"points", sources.rows()},
                                          {"out", options.out},
                                          {"mean_evaluations", solution.mean_evaluations}})
              << '\n';
  } else if (!options.output.quiet) {
    std::cout << sources.rows() << " points to " << options.out << ", "
              << number_text(solution.mean_evaluations) << " field evaluations a point\n";
  }
}

// The first pairs of a run beside what its flow makes of their sources.
template <class Real>
void sample_pairs(const SampleCommand& options, const Problem& problem, const Field<Real>& field) {
  const bool picture = options.out.ends_with(".png");
  if (picture && square_image(problem.sample_shape().size()).size == 0) {
    throw std::invalid_argument("--out: '" + options.out + "' is a picture, a sample has shape " +
                                problem.sample_shape().to_string() +
                                ", expected a square image of one color or three");
  }
  if (picture) check_partner_grid(problem, options.pairs);
  const InterruptGuard guard(!options.output.quiet);
  Progress progress(options.output.progress(), "sample", 0, "evaluation");
  progress.say_nothing_of_short_tasks();
  const FollowedPairs pairs = follow_pairs<Real>(
      problem, WatchedField<Real>(field, progress, "stopped; nothing was written"),
      make_solver("--solver", options.solver), options.pairs);
  progress.finish();
  if (picture) {
    write_partner_grid(options.out, pairs);
  } else {
    SafetensorsWriter writer;
    writer.add("source", pairs.sources);
    writer.add("generated", pairs.generated);
    writer.add("partner", pairs.partners);
    if (pairs.optimal.size() > 0) writer.add("optimal", pairs.optimal);
    writer.write(options.out);
  }
  if (options.output.json) {
    std::cout << json_text(nlohmann::json{{"pairs", options.pairs},
                                          {"out", options.out},
                                          {"columns", describe_columns(pairs)}})
              << '\n';
  } else if (!options.output.quiet) {
    std::cout << options.pairs << " pairs to " << options.out << ": " << describe_columns(pairs)
              << '\n';
  }
}

template <class Real>
void sample_run(const SampleCommand& options, const RunConfig& config) {
  TrainingRun<Real> run(config);
  if (options.field == "network") load_weights_of(run, options.run);
  const std::unique_ptr<Field<Real>> field = make_run_field(options.field, run);
  if (options.pairs > 0) {
    sample_pairs<Real>(options, run.problem(), *field);
    return;
  }
  follow<Real>(options, *field, sources_of(options, &run.problem().source()));
}

template <class Real>
void sample_weights(const SampleCommand& options) {
  const std::unique_ptr<Distribution> law =
      options.source.empty()
          ? nullptr
          : make_distribution("--source", options.source, options.output.progress());
  const Tensor<double> sources = sources_of(options, law.get());
  const std::unique_ptr<Model<Real>> model =
      make_model<Real>("--model", options.model, sources.shape().sample());
  load_weights(options.weights, model->parameters());
  LanePool pool(resolve_threads(options.threads, kMostThreads));
  follow<Real>(options, NetworkField<Real>(*model, pool), sources);
}

// Which options go together.
void check_options(const SampleCommand& options, bool with_precision) {
  const bool run = !options.run.empty();
  if (options.pairs > 0) {
    const std::string ending = std::filesystem::path(options.out).extension().string();
    if (!run || !options.from.empty() || options.count > 0) {
      throw std::invalid_argument("--pairs goes with --run, without --count and --from");
    }
    if (ending != ".png" && ending != ".safetensors") {
      throw std::invalid_argument("--out: '" + options.out +
                                  "' should end in .png or .safetensors with --pairs");
    }
  } else if (options.from.empty() == (options.count == 0)) {
    throw std::invalid_argument(
        "give --count N for new sources or --from FILE for given ones, one of the two");
  }
  const bool model = !options.model.empty(), weights = !options.weights.empty();
  if (run ? model || weights : !(model && weights)) {
    throw std::invalid_argument("give --run DIR, or --model SPEC with --weights FILE");
  }
  if (run && (with_precision || !options.source.empty())) {
    throw std::invalid_argument(std::string(with_precision ? "--precision" : "--source") +
                                " goes with --model and --weights: a run has its own");
  }
  if (!run && options.field != "network") {
    throw std::invalid_argument("--field " + options.field +
                                " goes with --run: it is made of a run's pairs");
  }
  if (!options.source.empty() && !options.from.empty()) {
    throw std::invalid_argument("give --source or --from, not both: a file's points need no law");
  }
  if (!run && options.source.empty() && options.from.empty()) {
    throw std::invalid_argument(
        "--count needs --source SPEC, to say what to draw from: weights alone do not");
  }
}

void run(const SampleCommand& options, bool with_precision_option) {
  check_options(options, with_precision_option);
  check_ending(options.out);
  RunConfig config;
  Inputs inputs;
  inputs.file(options.weights).file(PointFile::parse(options.from).path).spec(options.source);
  if (!options.run.empty()) {
    config = saved_config(options.run);
    inputs.run(options.run, config);
  }
  check_writable("--out", options.out, inputs);
  (void)make_solver("--solver", options.solver);
  if (options.run.empty()) {
    with_precision(options.precision, [&](auto real) { sample_weights<decltype(real)>(options); });
    return;
  }
  config.threads = options.threads;
  with_precision(config.precision, [&](auto real) { sample_run<decltype(real)>(options, config); });
}

}  // namespace

void add_sample(CLI::App& app) {
  auto options = std::make_shared<SampleCommand>();
  CLI::App* command = app.add_subcommand("sample", "Points from a trained flow");
  command->footer(
      "Weights of a run are those of its newest checkpoint, their average when it keeps one\n"
      "(--ema). New sources are drawn from the run's source.\n"
      "--field follows what the run's fixed pairs have in closed form instead of the network:\n"
      "  minimiser   of the loss on these pairs with the run's interpolant; without noise, and as\n"
      "              it goes to 0, the velocity of the nearest pair's line\n"
      "  memorising  the velocity of the nearest pair's line, noise or not (Proposition 2)\n"
      "It needs no checkpoint, and takes pairs x coordinates products a point and evaluation.\n"
      "Examples\n"
      "  gradvar sample --run runs/first --count 1000 --solver rk4:steps=50 --out points.npy\n"
      "  gradvar sample --run runs/first --from x0.csv --out points.csv\n"
      "  gradvar sample --run runs/faces --pairs 16 --out partners.png\n"
      "  gradvar sample --run runs/first --field minimiser --count 1000 --out best.npy\n"
      "  gradvar sample --model mlp:width=64 --weights weights.safetensors \\\n"
      "    --source gaussian:dim=2 --count 1000 --out points.safetensors");
  add_text(*command, "--run", options->run, "DIR", "directory of a run");
  add_text(*command, "--model", options->model, "SPEC", "a network instead, mlp:width=64,depth=3");
  add_text(*command, "--weights", options->weights, "FILE", "its weights, safetensors");
  add_text(*command, "--source", options->source, "SPEC", "its source, gaussian:dim=2");
  add_choice(*command, "--field", options->field, run_field_names(), "of a run: what to follow");
  add_whole(*command, "--count", options->count, 1, std::int64_t{1} << 31,
            "how many new sources to draw")
      ->default_str("");
  add_whole(*command, "--pairs", options->pairs, 1, 1 << 20,
            "the first pairs of the run instead, beside what is made of their sources: as a .png\n"
            "source | generated | training partner | optimal partner, two pairs in a line")
      ->default_str("");
  add_text(*command, "--from", options->from, "FILE",
           "given sources, one a row: .npy, .csv, .safetensors, or .safetensors,key=NAME");
  add_text(*command, "--solver", options->solver, "SPEC",
           "euler, midpoint, heun, rk4:steps=100; dopri5:rtol=1e-6,atol=1e-6");
  add_whole(*command, "--seed", options->seed, 0, std::numeric_limits<std::int64_t>::max(),
            "seed of new sources");
  add_text(
      *command, "--out", options->out, "FILE",
      "points at t = 1, one a row: .npy, .csv or .safetensors (tensor x); .png: images side by "
      "side")
      ->required();
  add_threads(*command, options->threads);
  CLI::Option* precision =
      add_choice(*command, "--precision", options->precision, {"f32", "f64"}, "with --model");
  add_output_options(*command, options->output);
  command->callback([options, precision] { run(*options, precision->count() > 0); });
}

}  // namespace gradvar::commands

// gradvar sample: points from a trained flow, to .npy, .csv or .safetensors.

#include <filesystem>
#include <iostream>
#include <memory>

#include "data/point_set.h"
#include "flow/field.h"
#include "io/csv.h"
#include "io/npy.h"
#include "io/number_text.h"
#include "io/safetensors.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/saved_run.h"

namespace gradvar::commands {

namespace {

struct Options {
  std::string run, from, solver = "dopri5", out;
  std::int64_t count = 0;
  std::uint64_t seed = 0;
  std::int64_t threads = 0;
  OutputOptions output;
};

void check_ending(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending == ".npy" || ending == ".csv" || ending == ".safetensors") return;
  throw std::invalid_argument("--out: '" + path +
                              "' should end in .npy, .csv or .safetensors, to say the format");
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
  } else {
    SafetensorsWriter writer;
    writer.add("x", points);
    writer.write(path);
  }
}

template <class Real>
void sample(const Options& options, const RunConfig& config) {
  TrainingRun<Real> run(config);
  load_weights_of(run, options.run);
  Tensor<double> sources;
  if (options.from.empty()) {
    sources = run.problem().source().draw(RandomStream(options.seed, Purpose::kFreshSource), 0, 0,
                                          options.count);
  } else {
    sources = *PointSet::read(options.from).points();
    if (!(sources.shape().sample() == run.problem().sample_shape())) {
      throw std::invalid_argument(
          "--from: a row of '" + options.from + "' is " + sources.shape().sample().to_string() +
          ", the run's samples are " + run.problem().sample_shape().to_string());
    }
  }
  const NetworkField<Real> field(run.model(), run.pool());
  const Solution<Real> solution =
      solve<Real>(field, make_solver("--solver", options.solver), convert<Real>(sources));
  write_points(options.out, solution.end);
  if (!options.output.quiet) {
    std::cerr << sources.rows() << " points to " << options.out << ", "
              << number_text(solution.mean_evaluations) << " field evaluations a point\n";
  }
}

void run(const Options& options) {
  if (options.from.empty() == (options.count == 0)) {
    throw std::invalid_argument(
        "give --count N for new sources or --from FILE for given ones, one of the two");
  }
  check_ending(options.out);
  RunConfig config = saved_config(options.run);
  config.threads = options.threads;
  with_precision(config.precision, [&](auto real) { sample<decltype(real)>(options, config); });
}

}  // namespace

void add_sample(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("sample", "Points from a trained flow");
  command->add_option("--run", options->run, "directory of a run")->required();
  command->add_option("--count", options->count, "how many new sources to draw")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 31));
  command->add_option("--from", options->from, "sources from .npy, .csv or .safetensors");
  command->add_option("--solver", options->solver, "euler:steps=100, dopri5:rtol=1e-6, ...")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "seed of new sources")->capture_default_str();
  command->add_option("--threads", options->threads, "threads, 0 to choose");
  command->add_option("--out", options->out, ".npy, .csv or .safetensors")->required();
  add_output_options(*command, options->output);
  command->callback([options] { run(*options); });
}

}  // namespace gradvar::commands

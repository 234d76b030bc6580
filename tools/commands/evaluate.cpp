// gradvar evaluate: does this run memorise, does it generalise: distances of generated points to
// their training partners and to their optimal partners, MMD of fresh samples with its floor, for
// one or several solvers.

#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "io/atomic_file.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/evaluation.h"
#include "tools/monitor.h"
#include "tools/saved_run.h"

namespace gradvar::commands {

namespace {

struct EvaluateCommand {
  std::string run, held_out, out;
  std::vector<std::string> solvers = {"euler:steps=5", "euler:steps=100", "dopri5"};
  std::int64_t fresh = 1000, threads = 0;
  OutputOptions output;
};

void print_evaluations(const std::vector<Evaluation>& evaluations) {
  std::printf("%-46s %8s %10s %10s %10s %9s %9s\n", "solver", "evals", "training", "optimal",
              "random", "MMD^2", "floor");
  for (const Evaluation& e : evaluations) {
    std::printf("%-46s %8.1f %10.4g %10.4g %10.4g %9.2g %9.2g\n", e.solver.c_str(),
                e.mean_evaluations, e.to_training_partner.mean,
                e.to_optimal_partner.n > 0 ? e.to_optimal_partner.mean : std::nan(""),
                e.between_random_partners, e.mmd, e.mmd_floor);
  }
  std::printf(
      "\ntraining, optimal: mean distance of generated points to that partner; random: mean\n"
      "distance between targets of different pairs. MMD^2 is unbiased, so it may be negative;\n"
      "nan: the median distance between targets is 0.\n");
}

template <class Real>
void evaluate_run(const EvaluateCommand& options, const RunConfig& config) {
  std::vector<SolverOptions> solvers;
  for (const std::string& solver : options.solvers) {
    solvers.push_back(make_solver("--solver", solver));
  }
  if (!options.out.empty()) {
    std::vector<std::string> inputs = files_of(options.run);
    const std::string& spec =
        options.held_out;  // "csv:test.csv", "safetensors:x.safetensors,key=x"
    if (const std::size_t colon = spec.find(':'); colon != std::string::npos) {
      inputs.push_back(spec.substr(colon + 1, spec.find(',') - colon - 1));
    }
    check_writable("--out", options.out, inputs);
  }
  std::unique_ptr<Distribution> held_out;
  if (!options.held_out.empty()) held_out = make_distribution("--held-out", options.held_out);
  TrainingRun<Real> run(config);
  if (held_out && held_out->sample_shape() != run.problem().sample_shape()) {
    throw std::invalid_argument("--held-out: samples of shape " +
                                held_out->sample_shape().to_string() + ", expected " +
                                run.problem().sample_shape().to_string() + " as the run's");
  }
  load_weights_of(run, options.run);
  const NetworkField<Real> field(run.model(), run.pool());
  std::vector<Evaluation> evaluations;
  nlohmann::json json = nlohmann::json::array();
  for (const SolverOptions& solver : solvers) {
    evaluations.push_back(evaluate<Real>(
        field, run.problem(),
        {.solver = solver, .fresh = options.fresh, .with_mmd = true, .held_out = held_out.get()}));
    json.push_back(to_json(evaluations.back()));
  }
  if (!options.out.empty()) write_file(options.out, json.dump(2) + "\n");
  if (options.output.json) {
    std::cout << json.dump(2) << '\n';
  } else if (!options.output.quiet) {
    print_evaluations(evaluations);
  }
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto options = std::make_shared<EvaluateCommand>();
  CLI::App* command = app.add_subcommand("evaluate", "Does a run memorise, does it generalise");
  command->footer(
      "Weights are those of the newest checkpoint, their average when the run keeps one (--ema).\n"
      "Held-out sources and targets are drawn afresh from the run's distributions. A distribution "
      "that\n"
      "is a file of points has no others: its rows are drawn again, and the MMD compares with what "
      "was\n"
      "trained on. --held-out names targets the run has not seen.\n"
      "Example\n"
      "  gradvar evaluate --run runs/first --solver euler:steps=5 dopri5:rtol=1e-8\n"
      "  gradvar evaluate --run runs/first --held-out csv:test.csv");
  add_text(*command, "--run", options->run, "DIR", "directory of a run")->required();
  command->add_option("--solver", options->solvers, "one or more, in one row each")
      ->type_name("SPEC")
      ->capture_default_str();
  add_whole(*command, "--fresh", options->fresh, 2, 100000, "held-out samples for the MMD");
  add_text(*command, "--held-out", options->held_out, "SPEC",
           "targets to compare with, instead of the run's own, csv:test.csv");
  add_threads(*command, options->threads);
  add_text(*command, "--out", options->out, "FILE", "also write the JSON here");
  add_output_options(*command, options->output);
  command->callback([options] {
    RunConfig config = saved_config(options->run);
    config.threads = options->threads;
    with_precision(config.precision,
                   [&](auto real) { evaluate_run<decltype(real)>(*options, config); });
  });
}

}  // namespace gradvar::commands

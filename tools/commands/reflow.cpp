// gradvar reflow: rectifies a run, round by round, and says what each round did to straightness,
// gradient variance, memorisation and one-step quality (tools/reflow/rounds.h).

#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/interrupt.h"
#include "tools/json_text.h"
#include "tools/reflow/results.h"
#include "tools/reflow/rounds.h"
#include "tools/run_directory.h"
#include "tools/saved_run.h"

namespace gradvar::commands {

namespace {

struct ReflowCommand {
  ReflowOptions reflow;
  std::string solver = "dopri5", direction = "forwards", start = "warm";
  double sigma = 0;
  OutputOptions output;
};

// runs/x/ and ./runs/x are runs/x: a stopped command goes on however its directory is spelled.
void normalise(std::string& directory) {
  std::filesystem::path path = std::filesystem::path(directory).lexically_normal();
  if (!path.has_filename() && path.has_parent_path() && path != path.root_path()) {
    path = path.parent_path();
  }
  directory = path.string();
}

void run(ReflowCommand& options, const CLI::App& command) {
  ReflowOptions& reflow = options.reflow;
  normalise(reflow.run);
  normalise(reflow.out);
  reflow.solver = make_solver("--solver", options.solver);
  reflow.warm = options.start == "warm";
  if (options.direction == "backwards") reflow.direction = FlowDirection::kBackwards;
  if (command.count("--sigma") > 0) reflow.sigma = options.sigma;
  reflow.command = given_words(command);
  check_run(round_config(reflow, saved_config(reflow.run), 1));
  const std::string settings = reflow_settings(reflow);
  check_reflow_directory(reflow, settings);
  const RunLock lock(reflow.out);
  const InterruptGuard guard(!options.output.quiet);
  const std::vector<nlohmann::json> records = rectify(
      reflow, settings, options.output.progress(),
      [&](const auto& so_far) { write_rounds(reflow.out, so_far, reflow.run, reflow.command); });
  if (options.output.json) {
    std::cout << json_text(rounds_json(records)) << '\n';
  } else if (!options.output.quiet) {
    print_rounds(records);
    std::cout << "The report: " << reflow.out << "/report.html\n";
  }
}

}  // namespace

void add_reflow(CLI::App& app) {
  auto options = std::make_shared<ReflowCommand>();
  ReflowOptions& reflow = options->reflow;
  CLI::App* command = app.add_subcommand(
      "reflow", "Rectify a run: straightness, variance, memorisation, one-step quality by round");
  command->footer(
      "Round k makes pairs by the flow of round k-1 (the run's own for k = 1; gradvar pairs\n"
      "--help, flow) and trains the run's model on them with the run's settings. Training starts\n"
      "from the weights that made the pairs, as rectified flows are trained on, or from fresh "
      "ones;\n"
      "optimizer and schedule begin anew. The seed goes up by one a round, so that no round sees "
      "the\n"
      "sources of another. Round 0 is the run itself, measured the same way.\n"
      "OUT/round-1, round-2, ... are runs: gradvar evaluate, diagnose and variance take them. The\n"
      "table is in OUT/rounds.csv, summary.json and report.html after every round.\n"
      "Stopped, or killed, the same command goes on; with more --rounds it goes further.\n"
      "Examples\n"
      "  gradvar reflow --run runs/first --rounds 2 --out runs/first-rectified\n"
      "  gradvar reflow --run runs/first --rounds 1 --sigma 0.05 --steps 2000 --out runs/noisy");
  add_text(*command, "--run", reflow.run, "DIR", "directory of a run")->required();
  add_whole(*command, "--rounds", reflow.rounds, 1, 100, "how often");
  add_number(
      *command, "--sigma", options->sigma, [](double x) { return x >= 0 && std::isfinite(x); },
      "a number of 0 or more", "noise of the interpolant")
      ->default_str("the run's");
  add_whole(*command, "--pairs", reflow.pairs, 1, std::numeric_limits<std::int64_t>::max(),
            "of a round")
      ->default_str("the run's");
  add_whole(*command, "--steps", reflow.steps, 1, std::numeric_limits<std::int64_t>::max(),
            "of training a round")
      ->default_str("the run's");
  add_choice(*command, "--direction", options->direction, {"forwards", "backwards"},
             "sources drawn and followed, or targets drawn and followed back");
  add_text(*command, "--solver", options->solver, "SPEC",
           "makes the pairs, and follows many steps");
  add_choice(*command, "--start", options->start, {"warm", "fresh"}, "weights a round begins with");
  add_whole(*command, "--fresh", reflow.fresh, 2, 100000, "fresh sources and targets of a set");
  add_whole(*command, "--sets", reflow.sets, 2, 1000, "sets of fresh samples, for intervals");
  add_threads(*command, reflow.threads);
  add_text(*command, "--out", reflow.out, "DIR", "directory of the rounds")->required();
  add_output_options(*command, options->output);
  command->callback([options, command] { run(*options, *command); });
}

}  // namespace gradvar::commands

// gradvar diagnose: does this run memorise, since which step, which pairs, which noise level would
// break it, and how sure.
//
//   in    a run's directory (--run), or pairs of which a part is held out and a model is trained on
//         the others (--pairs)
//   out   words and tables, --json, or --out DIR (tools/diagnose/files.h)

#include <cmath>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/diagnose/diagnosis.h"
#include "tools/diagnose/files.h"
#include "tools/diagnose/sweep.h"
#include "tools/diagnose/sweep_words.h"
#include "tools/diagnose/words.h"
#include "tools/exit_status.h"
#include "tools/interrupt.h"
#include "tools/json_text.h"
#include "tools/pairs_file.h"
#include "tools/saved_run.h"
#include "tools/watched_task.h"

namespace gradvar::commands {

namespace {

constexpr const char* kStopped = "stopped; nothing was written";

struct DiagnoseCommand {
  std::string run, solver = "euler:steps=100", sigmas, out, command;  // the last: as it was given
  RunConfig training;                                                 // of a run made here
  double held_out_share = 0.2;
  std::int64_t samples = 1000, threads = 0, sweep_steps = 0;
  std::uint64_t seed = 0;
  bool no_sweep = false;
  OutputOptions output;
};

template <class Real>
void diagnose_run(const DiagnoseCommand& options, const RunConfig& config,
                  const std::optional<PairsSplit>& split) {
  const DiagnoseOptions wanted{.snapshot = {.solver = make_solver("--solver", options.solver),
                                            .most_pairs = kMostDiagnosed,
                                            .seed = options.seed},
                               .held_out = options.samples,
                               .split = split,
                               .note = [&](const std::string& text) {
                                 Progress line(options.output.progress(), "diagnose", 0);
                                 line.say_nothing_of_short_tasks();
                                 line.message(text);
                               }};
  const SweepOptions swept{.sigmas = number_list("--sigmas", options.sigmas),
                           .steps = options.sweep_steps,
                           .levels = options.out.empty() ? "" : sweep_levels_file(options.out),
                           .note = wanted.note};
  if (!options.no_sweep && !swept.sigmas.empty()) (void)with_sigma(config.interpolant, 0);
  TrainingRun<Real> run(config);
  const InterruptGuard guard(!options.output.quiet);
  WatchedTask watched(options.output.progress(), options.run.empty() ? "train" : "diagnose",
                      options.run.empty() ? "step" : "snapshot");
  const Tick tick = [&](std::int64_t done, std::int64_t total) { watched(done, total); };
  const Diagnosis diagnosis =
      options.run.empty()
          ? diagnose_training(run, "A run on '" + options.training.pairs_file + "'", wanted, tick)
          : diagnose_saved(run, options.run, wanted, tick);
  std::optional<Sweep> sweep;
  const bool noise =
      make_interpolant("--interpolant", config.interpolant).kind != InterpolantKind::kTrigonometric;
  // Where there is no memory there is nothing to break, unless somebody wants to see; where pairs
  // are not comparable, no level can be judged.
  if (!options.no_sweep && noise && diagnosis.comparable() &&
      (diagnosis.memorises() || !swept.sigmas.empty())) {
    WatchedTask sweeping(
        options.output.progress(), "sweep", "step",
        options.out.empty() ? "stopped; nothing was written (--out DIR keeps finished noise levels)"
                            : "stopped; the same command goes on after the noise levels that "
                              "were finished");
    sweep = sweep_noise(run, diagnosis, swept, wanted.snapshot,
                        [&](std::int64_t done, std::int64_t total) { sweeping(done, total); });
  }
  if (!options.out.empty()) {
    write_diagnosis(options.out, diagnosis, sweep, options.command);
  }
  if (options.output.json) {
    std::cout << json_text(to_json(diagnosis, sweep)) << '\n';
  } else if (!options.output.quiet) {
    std::cout << plain_words(diagnosis);
    if (sweep) std::cout << '\n' << wrapped(sweep_sentence(*sweep)) << sweep_table(*sweep);
    if (!options.out.empty()) std::cout << "\nThe report: " << options.out << "/report.html\n";
  }
}

// The first rows of the split file are trained on, the others held out.
RunConfig own_training(const DiagnoseCommand& options, const SplitPairs& split) {
  RunConfig config = options.training;
  adopt_pairs_file(config, [](const std::string& key) { return key == "model"; });
  config.pairs_file = split.path();
  const auto rows = static_cast<double>(config.pairs);
  config.pairs = std::max<std::int64_t>(std::llround(rows * (1 - options.held_out_share)), 1);
  config.seed = options.seed;
  check_run(config);
  return config;
}

}  // namespace

void add_diagnose(CLI::App& app) {
  auto options = std::make_shared<DiagnoseCommand>();
  CLI::App* command = app.add_subcommand(
      "diagnose", "Is a run memorising: since when, which pairs, what would break it, how sure");
  command->footer(
      "Training pairs are compared with pairs of the same coupling that were not trained on: "
      "drawn\n"
      "afresh, or the rows of --pairs-file beyond --pairs; where there are none, each pair is\n"
      "predicted from the others. Of --pairs FILE a part is held out, drawn at random by --seed: "
      "a\n"
      "file in some order would not do. A pair returns when its generated point is three times "
      "nearer\n"
      "to its partner than those of held-out pairs to theirs. flow/memorisation.h states the "
      "rule.\n"
      "Weights are those of each checkpoint, their average when the run keeps one: train with\n"
      "--checkpoint-every N --keep 1000 to learn since which step.\n"
      "A memorising run is trained on from its weights with noise of several levels, to see which\n"
      "breaks it; --sigmas does so for any run. With --out finished levels are kept as they come, "
      "and\n"
      "the same command goes on after them.\n"
      "Examples\n"
      "  gradvar diagnose --run runs/first\n"
      "  gradvar diagnose --run runs/first --sigmas 0,0.1,0.5 --sweep-steps 2000 --json\n"
      "  gradvar diagnose --pairs pairs.safetensors --model mlp:width=128 --steps 5000");
  add_text(*command, "--run", options->run, "DIR", "directory of a run");
  RunConfig& training = options->training;
  std::vector<CLI::Option*> own = {
      add_text(*command, "--pairs", training.pairs_file, "FILE",
               "or train a run on these pairs, safetensors with x0 and x1"),
      add_text(*command, "--model", training.model, "SPEC", "its network, mlp:width=64,depth=3"),
      add_whole(*command, "--steps", training.steps, 1, std::numeric_limits<std::int64_t>::max(),
                "of its training"),
      add_whole(*command, "--batch", training.batch, 1, 1 << 24, "its samples a step"),
      add_number(
          *command, "--learning-rate", training.learning_rate,
          [](double x) { return x > 0 && std::isfinite(x); }, "a number above 0", "its rate"),
      add_text(*command, "--interpolant", training.interpolant, "SPEC",
               "linear, constant:sigma=0.05, bridge:sigma=0.05, ..."),
      add_number(
          *command, "--held-out-share", options->held_out_share,
          [](double x) { return x >= 0 && x < 1; }, "a share from 0 to below 1",
          "of the pairs, drawn at random by --seed, that are not trained on")};
  add_text(*command, "--solver", options->solver, "SPEC", "the flow is followed by it");
  add_whole(*command, "--samples", options->samples, 2, 100000, "held-out pairs, at most");
  add_text(*command, "--sigmas", options->sigmas, "LIST",
           "noise levels of the sweep, 0,0.05,0.2; by the data's scale unless given");
  add_whole(*command, "--sweep-steps", options->sweep_steps, 0,
            std::numeric_limits<std::int64_t>::max(),
            "training steps for each; 0: half as many as the run has taken");
  command->add_flag("--no-sweep", options->no_sweep,
                    "do not look for a noise level that breaks it");
  add_whole(*command, "--seed", options->seed, 0, std::numeric_limits<std::int64_t>::max(),
            "of the bootstrap, and of the split and the training of --pairs");
  add_threads(*command, options->threads);
  add_text(*command, "--out", options->out, "DIR", "write tables, figures and a report here");
  add_output_options(*command, options->output);
  command->callback([options, own, command] {
    if (options->run.empty() == options->training.pairs_file.empty()) {
      throw std::invalid_argument("give --run DIR, or --pairs FILE to train on, one of the two");
    }
    for (const CLI::Option* option : own) {
      if (options->run.empty() || option->count() == 0) continue;
      throw std::invalid_argument(option->get_name() +
                                  " goes with --pairs: a run has its own settings");
    }
    // Of --pairs a copy is made, which a signal must not leave behind: the guard outlives it.
    std::optional<InterruptGuard> guard;
    std::optional<SplitPairs> split;
    if (options->run.empty()) {
      guard.emplace(!options->output.quiet);
      split.emplace(options->training.pairs_file, options->seed);
      stop_if_interrupted(kStopped);
    }
    RunConfig config = split ? own_training(*options, *split) : saved_config(options->run);
    config.threads = options->threads;
    if (!options->out.empty()) check_diagnosis_directory("--out", options->out);
    options->command = given_words(*command);
    with_precision(config.precision, [&](auto real) {
      try {
        diagnose_run<decltype(real)>(*options, config,
                                     split ? std::optional(split->split()) : std::nullopt);
      } catch (const Stopped& stopped) {
        // A run's coupling knows no sentence for those who wait for its pairs.
        throw Stopped(stopped.status, *stopped.what() == 0 ? kStopped : stopped.what());
      }
    });
  });
}

}  // namespace gradvar::commands

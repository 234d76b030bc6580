// gradvar pairs: who is paired with whom, before any training: x0 and x1 to a file with where they
// came from (tools/pairs_file.h), for `gradvar train --pairs-file` and for other programs; or, with
// --identifiability, how much a training point would tell about its pair
// (tools/identifiability/results.h).

#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "io/number_text.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/file_guard.h"
#include "tools/identifiability/results.h"
#include "tools/interrupt.h"
#include "tools/json_text.h"
#include "tools/pairs_file.h"
#include "tools/problem.h"
#include "tools/report/markup.h"
#include "tools/watched_task.h"

namespace gradvar::commands {

namespace {

struct PairsCommand {
  RunConfig config;
  std::string out, sigmas, time = "0:1", words;  // the last: as given
  bool identifiability = false;
  IdentifiabilityOptions measured{.replicates = 4};
  OutputOptions output;
};

std::string subject_of(const PairsCommand& options, const Problem& problem) {
  const std::string count = std::to_string(options.config.pairs) + " pairs";
  if (!options.config.pairs_file.empty()) {
    return count + " of " + report::literal(options.config.pairs_file);
  }
  return count + ": " + report::literal(problem.source().spec()) + " with " +
         report::literal(problem.target().spec()) + ", " +
         report::literal(problem.coupling().spec());
}

void measure(const PairsCommand& options, const Problem& problem) {
  LanePool pool(resolve_threads(options.config.threads, kMostThreads));
  WatchedTask watched(options.output.progress(), "identifiability", "piece");
  watched.say_nothing_of_short_tasks();
  const Pairs& pairs = problem.pairs();
  const IdentifiabilityCurve curve = for_option("--identifiability", [&] {
    return measure_curve(pairs.x0, pairs.x1,
                         make_interpolant("--interpolant", options.config.interpolant),
                         number_list("--sigmas", options.sigmas), options.measured, &pool,
                         [&](std::int64_t done, std::int64_t total) { watched(done, total); });
  });
  if (!options.out.empty()) {
    write_identifiability(options.out, curve, subject_of(options, problem), options.words);
  }
  if (options.output.json) {
    std::cout << json_text(to_json(curve)) << '\n';
  } else if (!options.output.quiet) {
    print_identifiability(curve);
    if (!options.out.empty()) std::cout << "The report: " << options.out << "/report.html\n";
  }
}

void write_pairs(const PairsCommand& options, const Problem& problem) {
  pairs_writer(problem, options.config).write(options.out);
  const double cost = mean_cost(problem.pairs());
  if (options.output.json) {
    std::cout << json_text(nlohmann::json{{"pairs", problem.pairs().x0.rows()},
                                          {"source", problem.source().spec()},
                                          {"target", problem.target().spec()},
                                          {"coupling", problem.coupling().spec()},
                                          {"seed", options.config.seed},
                                          {"cost", cost},
                                          {"points", problem.points_used()},
                                          {"out", options.out}})
              << '\n';
  } else if (!options.output.quiet) {
    std::cout << problem.pairs().x0.rows() << " pairs to " << options.out
              << ", mean squared distance " << number_text(cost) << '\n';
    for (const std::string& sentence : problem.points_used()) std::cout << sentence << '\n';
  }
}

void check_options(PairsCommand& options, const CLI::App& command) {
  for (const char* name :
       {"--interpolant", "--sigmas", "--nodes", "--noise-draws", "--time", "--pairs-file"}) {
    only_with(command, name, options.identifiability, "--identifiability");
  }
  const TimeInterval time = time_interval("--time", options.time);
  options.measured.t_begin = time.begin;
  options.measured.t_end = time.end;
  options.measured.seed = options.config.seed;
  (void)number_list("--sigmas", options.sigmas);
  if (options.identifiability) {
    if (!options.out.empty()) check_identifiability_directory("--out", options.out);
    return;
  }
  if (options.out.empty()) {
    throw std::invalid_argument("--out FILE is missing: where the pairs are to be written");
  }
  if (!options.out.ends_with(".safetensors")) {
    throw std::invalid_argument("--out: '" + options.out + "' should end in .safetensors");
  }
  check_writable("--out", options.out,
                 Inputs()
                     .spec(options.config.source)
                     .spec(options.config.target)
                     .spec(options.config.coupling));
}

void run(PairsCommand& options, const CLI::App& command) {
  const auto given = [&](const std::string& key) { return command.count("--" + key) > 0; };
  if (given("pairs-file")) adopt_pairs_file(options.config, given);
  if (given("coupling")) adopt_flow(options.config, given);
  check_options(options, command);
  check_run(options.config);
  options.words = given_words(command);
  const InterruptGuard guard(!options.output.quiet);
  const bool by_flow = options.config.coupling.starts_with("flow");
  Progress progress(options.output.progress(), "pairs", 0, by_flow ? "evaluation" : "pass");
  progress.say_nothing_of_short_tasks();
  const Problem problem(options.config,
                        {.progress = &progress, .when_stopped = "stopped; nothing was written"},
                        options.output.progress());
  progress.finish();
  if (options.identifiability) {
    measure(options, problem);
  } else {
    write_pairs(options, problem);
  }
}

constexpr const char* kPairsFooter =
    "Writes x0 and x1 [N, ...], and source, target, coupling, seed and cost, which is the mean\n"
    "|x1 - x0|^2, as the file's metadata. The couplings, with their defaults:\n"
    "  independent   permutation   optimal   rotation:angle=DEGREES,planes=1 (or all)\n"
    "  affine:matrix=1,offset=0   assignment   minibatch:size=256   adversarial:fraction=1\n"
    "  entropic:epsilon=0.05,partner=sampled (or barycentric; epsilon in mean costs)\n"
    "  flow:run=DIR,direction=forwards,solver=dopri5   (ReFlow: x0 drawn and followed by the "
    "run's\n"
    "  flow, with the weights of its newest checkpoint; backwards: x1 drawn and followed back.\n"
    "  Source, target and number of pairs are the run's unless given, and the seed is one more\n"
    "  for each flow so far, for sources none has seen. The metadata names the round, the flow's\n"
    "  step and a hash of its weights. k rounds: train on the pairs, make pairs by that run, and\n"
    "  so on, or gradvar reflow)\n"
    "--identifiability writes no pairs: it tells how much a training point with noise sigma says\n"
    "about its pair, I(pair; x_t | t) in nats, log N without noise; the loss that no field gets\n"
    "below; and the sigma at which half of log N is lost. The sum over pairs is complete, t is\n"
    "integrated by Gauss-Legendre, and what is left is the error of the noise drawn. --out DIR\n"
    "writes summary.json, by_sigma.csv, by_time.csv and report.html.\n"
    "Examples\n"
    "  gradvar pairs --target moons --pairs 1000 --coupling assignment --out pairs.safetensors\n"
    "  gradvar train --pairs-file pairs.safetensors --out runs/assigned\n"
    "  gradvar pairs --coupling flow:run=runs/assigned --out rectified.safetensors\n"
    "  gradvar pairs --identifiability --pairs-file pairs.safetensors --out identifiability";

}  // namespace

void add_pairs(CLI::App& app) {
  auto options = std::make_shared<PairsCommand>();
  CLI::App* command = app.add_subcommand(
      "pairs", "Pair sources with targets, to a file; or: how identifiable is a pair");
  command->footer(kPairsFooter);
  for (const RunField& field : run_fields()) {
    const std::string& key = field.key;
    if (key != "source" && key != "target" && key != "coupling" && key != "pairs" &&
        key != "seed" && key != "pairs-file" && key != "interpolant") {
      continue;
    }
    command
        ->add_option_function<std::string>(
            "--" + key,
            [options, &field](const std::string& text) {
              set_field(options->config, field, text, "--" + field.key);
            },
            key == "pairs"         ? "how many"
            : key == "pairs-file"  ? "pairs that are there already, with --identifiability"
            : key == "interpolant" ? "its kind of noise, with --identifiability: constant or "
                                     "bridge, at all levels; linear stands for constant"
                                   : field.help)
        ->type_name(field.kind)
        ->default_str(field_text(options->config, field));
  }
  command->add_flag("--identifiability", options->identifiability,
                    "how much a training point tells about its pair, over noise levels");
  add_text(*command, "--sigmas", options->sigmas, "LIST",
           "noise levels, 0,0.05,0.2; 25 by the pairs' own scale unless given");
  add_whole(*command, "--nodes", options->measured.nodes, 1, 1024, "Gauss-Legendre nodes of t");
  add_whole(*command, "--noise-draws", options->measured.replicates, 2, 1000000,
            "draws of z for each pair and node");
  add_text(*command, "--time", options->time, "T0:T1", "t uniform on this interval");
  add_threads(*command, options->config.threads);
  add_text(*command, "--out", options->out, "FILE|DIR",
           "safetensors to write; with --identifiability a directory for tables and a report");
  add_output_options(*command, options->output);
  command->callback([options, command] { run(*options, *command); });
}

}  // namespace gradvar::commands

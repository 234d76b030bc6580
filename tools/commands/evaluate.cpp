// gradvar evaluate: does this run memorise, does it generalise: distances of generated points to
// their training partners and to their optimal partners, distances between the laws of generated
// and held-out points with their floors, straightness, likelihood, for one or several solvers.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <vector>

#include "flow/intervals.h"
#include "flow/log_likelihood.h"
#include "flow/mmd.h"
#include "io/atomic_file.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/evaluation.h"
#include "tools/file_guard.h"
#include "tools/json_number.h"
#include "tools/json_text.h"
#include "tools/law_distances.h"
#include "tools/monitor.h"
#include "tools/run_field.h"
#include "tools/saved_run.h"
#include "tools/watched_field.h"

namespace gradvar::commands {

namespace {

struct EvaluateCommand {
  std::string run, held_out, out, field = run_field_names().front();
  std::vector<std::string> solvers = {"euler:steps=5", "euler:steps=100", "dopri5"};
  std::int64_t fresh = 1000, most_pairs = 5000, sets = 5, likelihood = 0, threads = 0;
  OutputOptions output;
};

// "0.31 +- 0.12", a mean and the deviation of one value from it; "nan" without values.
std::string with_deviation(const Summary& summary) {
  if (summary.n == 0) return "nan";
  char text[64];
  std::snprintf(text, sizeof text, "%.4g +- %.3g", summary.mean, summary.standard_deviation);
  return text;
}

void print_evaluations(const std::vector<Evaluation>& evaluations) {
  std::printf("%-46s %8s %16s %16s %10s %9s %9s\n", "solver", "evals", "training", "optimal",
              "random", "MMD^2", "floor");
  for (const Evaluation& e : evaluations) {
    std::printf("%-46s %8.1f %16s %16s %10.4g %9.2g %9.2g\n", e.solver.c_str(), e.mean_evaluations,
                with_deviation(e.to_training_partner).c_str(),
                with_deviation(e.to_optimal_partner).c_str(), e.between_random_partners, e.mmd,
                e.mmd_floor);
  }
  std::printf(
      "\ntraining, optimal: distance of generated points to that partner, mean +- standard\n"
      "deviation over pairs; random: mean distance between targets of different pairs. MMD^2 is\n"
      "unbiased, so it may be negative; nan: the median distance between targets is 0.\n");
  std::printf("\n%-46s %10s %10s %10s %10s\n", "biased MMD^2", "held-out", "floor", "training",
              "floor");
  for (const Evaluation& e : evaluations) {
    const Evaluation::TrainingMmd none{.biased = std::nan(""), .floor_biased = std::nan("")};
    const Evaluation::TrainingMmd training = e.training_mmd.value_or(none);
    std::printf("%-46s %10.3g %10.3g %10.3g %10.3g\n", e.solver.c_str(), e.mmd_biased,
                e.mmd_floor_biased, training.biased, training.floor_biased);
  }
  std::printf(
      "\nheld-out: points from fresh sources against fresh targets; training: points from "
      "training\n"
      "sources against the training targets, 0 when all come back; floors: as many other fresh\n"
      "targets instead of the points. Kernel of every MMD: k(x, y) = %s.\n",
      describe_kernel().c_str());
}

// "0.31 [0.29, 0.33]".
std::string with_interval(double mean, const std::optional<Interval>& interval) {
  const std::string text = short_number(mean);
  if (!interval) return text;
  return text + " [" + short_number(interval->low) + ", " + short_number(interval->high) + "]";
}

std::string with_interval(const nlohmann::json& number) {
  if (number["low"].is_null()) return short_number(number["mean"]);
  return with_interval(number["mean"], Interval{number["low"], number["mean"], number["high"]});
}

void print_row(const char* name, const std::string& value, const std::string& floor = {}) {
  std::printf("  %-26s %s", name, value.c_str());
  if (!floor.empty()) {
    std::printf("%*s floor %s",
                static_cast<int>(std::max<std::size_t>(32, value.size()) - value.size()), "",
                floor.c_str());
  }
  std::printf("\n");
}

void print_likelihood(const nlohmann::json& likelihood) {
  std::string text = with_interval(likelihood) + " nats a point";
  if (likelihood["trace"] != "exact") {
    text += ", trace by " + likelihood["probes"].dump() + " probes: +- " +
            short_number(likelihood["trace_standard_error"]) + " of it";
  }
  print_row("likelihood", text);
}

// What comes with intervals, and the likelihood.
void print_details(const Evaluation& e, const nlohmann::json& json, bool sets) {
  std::printf("\n%s\n", e.solver.c_str());
  if (sets) {
    print_row("to training partner",
              with_interval(e.to_training_partner.mean, e.training_interval));
    if (e.to_optimal_partner.n > 0) {
      print_row("to optimal partner", with_interval(e.to_optimal_partner.mean, e.optimal_interval));
    }
    print_row("straightness", with_interval(e.straightness->mean, e.straightness_interval));
    print_row("memorised, training", with_interval(e.memorised_share, e.memorised_interval));
    print_row("memorised, fresh",
              with_interval(e.fresh_memorised_share, e.fresh_memorised_interval),
              with_interval(e.memorised_floor, e.memorised_floor_interval));
    for (const LawDistance& distance : e.laws) {
      const nlohmann::json& law = json["laws"][distance.name];
      print_row(distance.name.c_str(), with_interval(law), with_interval(law["floor"]));
    }
  }
  if (json.contains("log_likelihood")) print_likelihood(json["log_likelihood"]);
}

void print_meaning_of_details(const Yardstick& yardstick) {
  const char* floor =
      yardstick.luck_of_held_out
          ? "floor is the share of held-out targets for which that holds."
          : "floor is that of one half of the training targets near the other half, for the\n"
            "target's law gives training targets again.";
  std::printf(
      "\nWith 95 %% intervals: bootstrapped over pairs or points, and for distances between laws\n"
      "Student's over sets of fresh points. Memorised: share of points from training or fresh\n"
      "sources whose nearest training target is under a third as far as the second nearest; its\n"
      "%s\nFloors of distances are those between two samples of held-out points.\n",
      floor);
}

// The standard error of the mean of independent numbers that have these.
double of_mean(const std::vector<double>& errors) {
  double squares = 0;
  for (const double error : errors) squares += error * error;
  return std::sqrt(squares) / static_cast<double>(errors.size());
}

// Mean log-likelihood of held-out targets, in nats a point.
template <class Real>
nlohmann::json likelihood_of(TrainingRun<Real>& run, const SolverOptions& solver,
                             std::int64_t points, const Distribution* held_out) {
  const std::optional<GaussianLaw> law = run.problem().source().gaussian_law();
  const TraceOptions trace;
  const LogLikelihood found =
      log_likelihood<Real>(run.model(), run.pool(), {law->mean, law->covariance},
                           run.problem().fresh_targets(points, 0, held_out), solver, trace);
  const Interval interval = bootstrap_interval(found.nats, 0);
  return {{"points", points},
          {"mean", interval.mean},
          {"low", interval.low},
          {"high", interval.high},
          {"trace", found.exact ? "exact" : "Hutchinson"},
          {"probes", found.exact ? nlohmann::json(nullptr) : nlohmann::json(trace.probes)},
          {"trace_standard_error",
           found.exact ? nlohmann::json(0.0) : json_number(of_mean(found.standard_error))},
          {"mean_evaluations", found.mean_evaluations}};
}

// "test.csv" stands for "csv:test.csv".
std::string points_spec(const std::string& text) {
  for (const std::string ending : {"csv", "npy", "safetensors"}) {
    if (text.find(':') == std::string::npos && text.ends_with("." + ending)) {
      return ending + ":" + text;
    }
  }
  return text;
}

template <class Real>
void evaluate_run(const EvaluateCommand& options, const RunConfig& config) {
  std::vector<SolverOptions> solvers;
  for (const std::string& solver : options.solvers) {
    solvers.push_back(make_solver("--solver", solver));
  }
  const std::string held_out_spec = points_spec(options.held_out);
  if (!options.out.empty()) {
    check_writable("--out", options.out, Inputs().run(options.run, config).spec(held_out_spec));
  }
  std::unique_ptr<Distribution> held_out;
  if (!options.held_out.empty()) {
    held_out = make_distribution("--held-out", held_out_spec, options.output.progress());
  }
  TrainingRun<Real> run(config, options.output.progress());
  if (held_out && held_out->sample_shape() != run.problem().sample_shape()) {
    throw std::invalid_argument("--held-out: samples of shape " +
                                held_out->sample_shape().to_string() + ", expected " +
                                run.problem().sample_shape().to_string() + " as the run's");
  }
  const bool network = options.field == "network";
  if (options.likelihood > 0) {
    if (!network) {
      throw std::invalid_argument("--log-likelihood goes with --field network, found --field " +
                                  options.field + ": only a network is differentiated");
    }
    check_gaussian_law("--log-likelihood:", run.problem().source());
    if (!run.problem().source().gaussian_law()) {
      throw std::invalid_argument("--log-likelihood: the source is '" +
                                  run.problem().source().spec() +
                                  "', expected a Gaussian, whose density is known");
    }
  }
  if (network) load_weights_of(run, options.run);
  const std::unique_ptr<Field<Real>> field = make_run_field(options.field, run);
  std::vector<Evaluation> evaluations;
  nlohmann::json json = nlohmann::json::array();
  const InterruptGuard guard(!options.output.quiet);
  Progress progress(options.output.progress(), "evaluate", 0, "evaluation");
  progress.say_nothing_of_short_tasks();
  const WatchedField<Real> watched(*field, progress, "stopped while evaluating");
  const Yardstick yardstick = yardstick_of(run.problem(), options.fresh, held_out.get());
  for (const SolverOptions& solver : solvers) {
    evaluations.push_back(evaluate<Real>(watched, run.problem(),
                                         {.solver = solver,
                                          .fresh = options.fresh,
                                          .most_pairs = options.most_pairs,
                                          .with_mmd = true,
                                          .held_out = held_out.get(),
                                          .yardstick = &yardstick,
                                          .sets = options.sets}));
    json.push_back(to_json(evaluations.back()));
    if (options.likelihood > 0) {
      json.back()["log_likelihood"] =
          likelihood_of(run, solver, options.likelihood, held_out.get());
    }
  }
  progress.finish();
  if (!options.out.empty()) write_file(options.out, json_text(json) + "\n");
  if (options.output.json) {
    std::cout << json_text(json) << '\n';
  } else if (!options.output.quiet) {
    print_evaluations(evaluations);
    if (options.sets == 0 && options.likelihood == 0) return;
    for (std::size_t i = 0; i < evaluations.size(); ++i) {
      print_details(evaluations[i], json[i], options.sets > 0);
    }
    if (options.sets > 0) print_meaning_of_details(yardstick);
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
      "--field minimiser or memorising evaluates what the run's fixed pairs have in closed form, "
      "as "
      "'gradvar\n"
      "sample --help' says: what a perfect network would do.\n"
      "Example\n"
      "  gradvar evaluate --run runs/first --solver euler:steps=5 dopri5:rtol=1e-8\n"
      "  gradvar evaluate --run runs/first --held-out test.csv --log-likelihood 200");
  add_text(*command, "--run", options->run, "DIR", "directory of a run")->required();
  command->add_option("--solver", options->solvers, "one or more, in one row each")
      ->type_name("SPEC")
      ->capture_default_str();
  add_choice(*command, "--field", options->field, run_field_names(), "what to follow");
  add_whole(*command, "--pairs", options->most_pairs, 1, 1 << 24,
            "training sources that are followed: so many of the first ones");
  add_whole(*command, "--fresh", options->fresh, 2, 100000, "held-out samples of a set");
  add_whole(*command, "--sets", options->sets, 0, 1000,
            "sets of fresh samples, for intervals; 0: pairs and MMD only");
  add_whole(*command, "--log-likelihood", options->likelihood, 0, 100000,
            "held-out targets whose likelihood is computed, from a Gaussian source");
  add_text(*command, "--held-out", options->held_out, "FILE|SPEC",
           "targets to compare with, instead of the run's own, test.csv");
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

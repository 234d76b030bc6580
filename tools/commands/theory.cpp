// gradvar theory: exact gradient variance between Gaussians, in closed form.
//
//   gaussian         tr Cov of one sample's gradient for an affine field, by part, with the squared
//                    norm of the mean and the loss, over time or at many times
//   phase-boundary   the first noise at which the optimal field varies no more than the pairs' own
//
// JSON on standard output. A number that is infinite is the string "infinite", one that does not
// exist null, and "divergence" says why; that is null where all are finite.

#include <cmath>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "io/atomic_file.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/commands/theory_question.h"
#include "tools/file_guard.h"
#include "tools/json_number.h"
#include "tools/json_text.h"
#include "tools/watched_task.h"

namespace gradvar::commands {

namespace {

using nlohmann::json;

constexpr std::int64_t kMostDimensions = 10000, kMostTimes = 100000;

WatchedTask watched(const TheoryOptions& options, const char* task) {
  WatchedTask watch(options.output.progress(), task, "time");
  watch.say_nothing_of_short_tasks();
  return watch;
}

// A listener of integrals, which do not know how many times they will take.
std::function<void()> counting(WatchedTask& watch) {
  return [&watch, done = std::int64_t{0}]() mutable { watch(++done, 0); };
}

json settings_json(const TheoryOptions& options, const TheoryQuestion& question) {
  const GaussianSetting& setting = question.setting;
  const bool file = !options.covariance.empty();
  json settings = {{"theory", options.theory},
                   {"dim", setting.dim()},
                   {"coupling", options.coupling},
                   {"noise", options.noise},
                   {"scale", file ? json(nullptr) : json(options.scale)},
                   {"covariance", file ? json(options.covariance) : json(nullptr)},
                   {"time", {question.t_begin, question.t_end}}};
  if (setting.pairs == GaussianPairs::kRotated) {
    settings["angle"] = setting.angle;
    settings["planes"] = setting.planes;
  }
  if (options.theory == "gaussian") {
    settings["field"] = options.field;
    settings["sigma"] = options.sigma;
    settings["mean"] = setting.target.mean.values();
  }
  return settings;
}

json number(double value) { return std::isinf(value) ? json("infinite") : json_number(value); }

template <class Moments>
void add_moments(json& to, const Moments& moments) {
  to["trace"] = number(moments.whole().trace);
  to["theta"] = number(moments.theta.trace);
  to["Theta"] = number(moments.matrix.trace);
  to["mean_squared_norm"] = number(moments.whole().mean_squared_norm);
  to["loss"] = number(moments.loss);
}

// At the middles of equal bins. A singular time has no numbers, and says so.
json profile(const GaussianTheory& theory, const TheoryQuestion& question, std::int64_t times,
             WatchedTask watch) {
  json rows = json::array();
  const double width = (question.t_end - question.t_begin) / static_cast<double>(times);
  for (std::int64_t i = 0; i < times; ++i) {
    const double t = question.t_begin + (static_cast<double>(i) + 0.5) * width;
    json row = {{"t", t}, {"divergence", nullptr}};
    try {
      add_moments(row, theory.at(t));
    } catch (const std::invalid_argument& singular) {
      for (const char* key : {"trace", "theta", "Theta", "mean_squared_norm", "loss"}) {
        row[key] = nullptr;
      }
      row["divergence"] = singular.what();
    }
    rows.push_back(std::move(row));
    watch(i + 1, times);
  }
  return rows;
}

json gaussian(const TheoryOptions& options, const TheoryQuestion& question) {
  const GaussianTheory theory = question.setting.theory();
  const GaussianVariance variance = [&] {
    WatchedTask watch = watched(options, "theory");
    return theory.over(question.t_begin, question.t_end, counting(watch));
  }();
  json answer = {{"settings", settings_json(options, question)},
                 {"singular_times", variance.singular_times},
                 {"divergence", variance.finite() ? json(nullptr) : json(variance.divergence)}};
  add_moments(answer, variance);
  if (options.per_time > 0) {
    answer["profile"] = profile(theory, question, options.per_time, watched(options, "profile"));
  }
  return answer;
}

json phase(const TheoryOptions& options, const TheoryQuestion& question, const CLI::App& command) {
  for (const char* option : {"--sigma", "--field", "--mean", "--per-time"}) {
    only_with(command, option, false, "'gradvar theory gaussian'");
  }
  const GaussianSetting& setting = question.setting;
  if (setting.pairs == GaussianPairs::kIndependent) {
    throw std::invalid_argument(
        "--coupling is independent, expected rotation: the phase boundary compares the optimal "
        "field with that of the pairs' own map");
  }
  if (options.noise == "none") {
    throw std::invalid_argument("--noise is required, expected constant, bridge or bridge-full");
  }
  WatchedTask watch = watched(options, "phase boundary");
  const PhaseBoundary boundary =
      phase_boundary(setting.source(), setting.map(), setting.interpolant.kind,
                     setting.interpolant.target, question.t_begin, question.t_end, counting(watch));
  return {{"settings", settings_json(options, question)},
          {"sigma", boundary.sigma ? json(*boundary.sigma) : json(nullptr)},
          {"reason", boundary.reason.empty() ? json(nullptr) : json(boundary.reason)}};
}

void run(const TheoryOptions& options, const CLI::App& command) {
  if (options.theory.empty())
    throw std::invalid_argument("expected a theory, gaussian or phase-boundary");
  if (options.theory != "gaussian" && options.theory != "phase-boundary") {
    throw std::invalid_argument("the theory '" + options.theory +
                                "' is unknown, expected gaussian or phase-boundary");
  }
  const TheoryQuestion question = read_question(options, command);
  const InterruptGuard guard(!options.output.quiet);
  if (!options.out.empty())
    check_writable("--out", options.out, Inputs().file(options.covariance).file(options.mean));
  const json answer = options.theory == "gaussian" ? gaussian(options, question)
                                                   : phase(options, question, command);
  const std::string text = json_text(answer) + "\n";
  if (!options.out.empty()) write_file(options.out, text);
  if (options.output.json || !options.output.quiet) std::cout << text;
}

constexpr const char* kFooter =
    "Theories\n"
    "  gaussian        trace of the covariance of one sample's gradient at an affine field (th, "
    "Th)\n"
    "                  of Lemma 1, between N(0, I) and N(m, S), x1 = S^1/2 R x0 + m or "
    "independent,\n"
    "                  t uniform. Prints trace = theta + Theta, mean_squared_norm, loss and the\n"
    "                  field's singular_times. With --per-time n also 'profile', the same at the\n"
    "                  middles of n equal bins of t.\n"
    "  phase-boundary  the first sigma, from small ones upwards in steps of a factor 1.5, at "
    "which\n"
    "                  the trace at the optimal field is no more than that at the pairs' own; "
    "null\n"
    "                  with a reason where there is none.\n"
    "A number that diverges is the string \"infinite\", one that does not exist null, as the mean\n"
    "gradient of a field singular within the interval and numbers of the profile at such a time;\n"
    "'divergence' says why. Traces are good to 1e-10 relative for every --scale and --mean and\n"
    "angles of 0.001 degrees or more that are as far from half a turn; nearer to it, by x "
    "degrees,\n"
    "to 3e-13 / x, and within 1e-10 degrees one is taken for the other. A rotation in planes and "
    "a\n"
    "diagonal covariance take a dozen products of matrices of their size, seconds in 1,000\n"
    "dimensions; a full --covariance hundreds of them, and a phase boundary with one tens of\n"
    "thousands.\n"
    "Examples\n"
    "  gradvar theory gaussian --dim 2 --angle 120 --noise constant --sigma 0.1\n"
    "  gradvar theory gaussian --dim 2 --coupling independent --time 0.1:0.9 --per-time 20\n"
    "  gradvar theory phase-boundary --dim 10 --angle 120 --planes all --noise bridge";

}  // namespace

void add_theory(CLI::App& app) {
  auto options = std::make_shared<TheoryOptions>();
  CLI::App* command =
      app.add_subcommand("theory", "Exact gradient variance between Gaussians, in closed form");
  command->footer(kFooter);
  command->add_option("theory", options->theory, "gaussian or phase-boundary");
  add_whole(*command, "--dim", options->dim, 1, kMostDimensions,
            "coordinates; --covariance brings its own");
  add_choice(*command, "--coupling", options->coupling, {"rotation", "optimal", "independent"},
             "who is paired with whom");
  add_number(
      *command, "--angle", options->angle, [](double x) { return std::abs(x) <= 1e6; },
      "a number of degrees from -1e6 to 1e6",
      "degrees of the rotation R, needed with --coupling rotation");
  add_text(*command, "--planes", options->planes, "N|all",
           "rotate in the first so many of the planes (1,2), (3,4), ...");
  add_choice(*command, "--field", options->field, {"optimal", "pair"},
             "the field of the optimal map, or of the pairs' own map");
  add_choice(*command, "--noise", options->noise, {"none", "constant", "bridge", "bridge-full"},
             "of the interpolant; bridge-full has the path's velocity as its target");
  add_number(
      *command, "--sigma", options->sigma, [](double x) { return x >= 0 && x <= 1e6; },
      "a number from 0 to 1e6", "size of the noise");
  add_number(
      *command, "--scale", options->scale, [](double x) { return x >= 1e-6 && x <= 1e6; },
      "a standard deviation above 0, from 1e-6 to 1e6", "c, the target's covariance being c^2 I");
  add_text(*command, "--covariance", options->covariance, "FILE",
           "the target's covariance S, .npy or .csv");
  add_text(*command, "--mean", options->mean, "M",
           "the target's: a number for every coordinate, a quoted list, .npy or .csv");
  add_text(*command, "--time", options->time, "T0:T1", "t uniform on this interval");
  add_whole(*command, "--per-time", options->per_time, 1, kMostTimes,
            "also the moments given t, at so many times");
  add_text(*command, "--out", options->out, "FILE", "also write the JSON here");
  command->add_flag("--quiet", options->output.quiet,
                    "say nothing but errors and the JSON asked for");
  command->add_flag("--json", options->output.json, "the answer as JSON, which it always is");
  command->callback([options, command] { run(*options, *command); });
}

}  // namespace gradvar::commands

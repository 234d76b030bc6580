// gradvar train: trains a flow, with checkpoints that resume to the same bits, and measures the
// exact gradient variance on a schedule.
//
// Into DIR: run.toml (every setting), loss.csv (a row a step), monitor.csv, monitor_time.csv and
// monitor_spectrum.csv (a row a measurement; the last with --monitor-spectrum), checkpoints/, with
// --samples-every pictures in samples/, and
// at the end weights.safetensors (ema.safetensors beside it when weights are averaged),
// pairs.safetensors and summary.json.
//
// With the full target of a bridge loss and gradient variance are infinite up to t = 0 and 1: they
// are measured over t in [0.01, 0.99], which is said at the start and stands in monitor_time.csv
// and in summary.json.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "io/atomic_file.h"
#include "io/png.h"
#include "io/safetensors.h"
#include "nn/checkpoint_directory.h"
#include "nn/weights.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/exit_status.h"
#include "tools/file_guard.h"
#include "tools/image_folder.h"
#include "tools/interrupt.h"
#include "tools/json_text.h"
#include "tools/machine.h"
#include "tools/monitor.h"
#include "tools/pairs_file.h"
#include "tools/partner_grid.h"
#include "tools/run_directory.h"
#include "tools/training_run.h"

namespace gradvar::commands {

namespace {

namespace fs = std::filesystem;

struct TrainCommand {
  std::string config, out;
  bool resume = false, strict = false;
  std::vector<std::string> values;   // as given, by field
  std::vector<CLI::Option*> given;   // by field
  std::int64_t evaluate_count = -1;  // -1: the usual
  std::string evaluate_solver;       // empty: the usual
  OutputOptions output;
};

// What the files and the options say together: run.toml of a resumed run, then --config, then the
// options. A resumed run keeps what decides its numbers.
RunConfig settle(const TrainCommand& options) {
  if (!options.evaluate_solver.empty()) {
    (void)make_solver("--evaluate-solver", options.evaluate_solver);
  }
  RunConfig config, saved;
  if (options.resume) {
    saved = resumable_config(options.out);
    config = saved;
  } else {
    check_new_run(options.out);
  }
  if (!options.config.empty()) read_run_toml(options.config, config);
  const std::vector<RunField>& fields = run_fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (options.given[i]->count() == 0) continue;
    set_field(config, fields[i], options.values[i], "--" + fields[i].key);
  }
  const auto given = [&](const std::string& key) {
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const RunField& f) { return f.key == key; });
    return options.given[field - fields.begin()]->count() > 0;
  };
  if (!options.resume && given("pairs-file") && !config.pairs_file.empty()) {
    adopt_pairs_file(config, given);
  }
  if (!options.resume && given("coupling")) adopt_flow(config, given);
  if (options.strict) {
    config.source = for_option("--source", [&] { return with_strict(config.source); });
    config.target = for_option("--target", [&] { return with_strict(config.target); });
  }
  check_run(config);
  if (options.resume) check_same_numbers(saved, config, options.out);
  return config;
}

// At the end of a run on images, unless --evaluate-count and --evaluate-solver say otherwise.
constexpr std::int64_t kImagesEvaluated = 64, kImageSteps = 20;
constexpr std::int64_t kPairsPictured = 16;

template <class Real>
class Training {
 public:
  Training(const RunConfig& config, const TrainCommand& options)
      : options_(options), out_(options.out), run_(config, options.output.progress()) {}

  void go() {
    start();
    const auto total = static_cast<std::uint64_t>(run_.config().steps);
    const std::uint64_t done = run_.trainer().steps();
    Progress progress(options_.output.progress(), "train", run_.config().steps, "step",
                      static_cast<std::int64_t>(done));
    const InterruptGuard guard(!options_.output.quiet);
    const VarianceOptions measured = run_.measured_over({});
    if (measured.t_begin > 0) {
      progress.message("the gradient variance with '" + run_.config().interpolant +
                       "' is infinite up to t = 0 and 1: it is measured over t in [" +
                       short_number(measured.t_begin) + ", " + short_number(measured.t_end) + "]");
    }
    try {
      while (run_.trainer().steps() < total) {
        one_step(progress);
        stop_if_asked(progress);
      }
      progress.finish();
      finish();
    } catch (const NonFiniteError& error) {
      progress.finish();
      throw Stopped(kFailed, std::string(error.what()) + "; " +
                                 (last_checkpoint_.empty()
                                      ? "there is no checkpoint to go back to: the next run may "
                                        "take the same directory"
                                      : "the last good checkpoint is '" + last_checkpoint_ + "'"));
    }
  }

 private:
  void start() {
    if (run_.config().samples_every > 0 &&
        square_image(run_.problem().sample_shape().size()).size == 0) {
      throw std::invalid_argument("--samples-every: a sample has shape " +
                                  run_.problem().sample_shape().to_string() +
                                  ", expected square images of one color or three");
    }
    lock_ = RunLock(out_);
    // Pictures are written there, and those of an abandoned run removed.
    check_not_read("--out", picture_path(out_, 0).string(),
                   Inputs().spec(run_.config().source).spec(run_.config().target));
    remove_unfinished_files(out_);
    if (!options_.resume) remove_abandoned_run(out_);
    std::uint64_t resume_at = 0;
    if (options_.resume) {
      load_newest();
      resume_at = run_.trainer().steps();
      if (resume_at > static_cast<std::uint64_t>(run_.config().steps)) {
        throw std::invalid_argument("--steps is " + std::to_string(run_.config().steps) +
                                    ", but '" + options_.out + "' has done " +
                                    std::to_string(resume_at));
      }
    }
    if (run_.config().samples_every > 0) make_picture_directory(out_);
    write_run_toml(out_ / "run.toml", run_.config());
    loss_.emplace(out_ / "loss.csv",
                  std::vector<std::string>{"step", "loss", "gradient_norm", "learning_rate"},
                  resume_at);
    monitor_.emplace(out_, run_.model().parameters().layout(), resume_at,
                     run_.config().monitor_spectrum > 0);
  }

  void load_newest() {
    const std::vector<CheckpointEntry> all = list_checkpoints(out_);
    if (all.empty()) return;
    last_checkpoint_ = all.back().path.string();
    try {
      run_.load(all.back().path);
    } catch (const std::invalid_argument& error) {
      const std::string what = error.what();
      if (all.size() < 2 || what.find("is damaged") == std::string::npos) throw;
      throw std::invalid_argument(what + "; delete that directory to go on from '" +
                                  all[all.size() - 2].path.string() + "'");
    }
  }

  void one_step(Progress& progress) {
    const RunConfig& config = run_.config();
    const std::uint64_t step = run_.trainer().steps();
    if (due(step, config.monitor_every)) {
      monitor(step, [&](std::int64_t) { stop_if_asked(progress); });
    }
    const StepResult result = run_.trainer().step();
    loss_->row(step, {result.loss, result.gradient_norm, result.learning_rate});
    if (step % 20 == 0) progress.note("loss " + short_number(result.loss));
    progress.advance();
    if (due(run_.trainer().steps(), config.checkpoint_every)) save();
    if (due(run_.trainer().steps(), config.samples_every)) picture(progress);
  }

  // The first pairs, followed with the weights (their average when there is one) as they are. A
  // picture is an extra: the training does not end for one that cannot be made or written.
  void picture(Progress& progress) {
    const std::int64_t count = std::min(kPairsPictured, run_.problem().pairs().x0.rows());
    try {
      run_.with_average([&](const Field<Real>& field) {
        write_partner_grid(
            picture_path(out_, run_.trainer().steps()).string(),
            follow_pairs<Real>(run_.problem(), field, {.steps = kImageSteps}, count));
      });
    } catch (const std::exception& error) {
      if (!std::exchange(picture_failed_, true)) {
        progress.message("no picture after step " + std::to_string(run_.trainer().steps()) + ": " +
                         error.what() + "; training goes on, and others that fail are not named");
      }
    }
  }

  VarianceReport monitor(std::uint64_t step, const std::function<void(std::int64_t)>& after_batch) {
    VarianceReport report = run_.measure({}, after_batch);
    monitor_->record(step, report);
    const std::int64_t samples = run_.config().monitor_spectrum;
    if (samples > 0) monitor_->record(step, run_.spectrum(samples));
    return report;
  }

  static bool due(std::uint64_t step, std::int64_t every) {
    return every > 0 && step % static_cast<std::uint64_t>(every) == 0;
  }

  // A checkpoint is something to go back to: weights that are not finite never become one.
  void save() {
    loss_->flush();
    monitor_->flush();
    const ParameterSet<Real>& parameters = run_.model().parameters();
    for (int k = 0; k < parameters.layout().count(); ++k) {
      const std::span<const Real> values =
          parameters.layout().slice(parameters.flat(), ParameterId{k});
      if (std::all_of(values.begin(), values.end(), [](Real x) { return std::isfinite(x); })) {
        continue;
      }
      throw NonFiniteError(run_.trainer().steps() - 1,
                           "the update of " + parameters.layout().infos()[k].name);
    }
    last_checkpoint_ = run_.save(out_).string();
  }

  // After Ctrl-C. Between two steps, so also between the batches of a measurement: what it had so
  // far is dropped, and a resumed run makes it again.
  void stop_if_asked(Progress& progress) {
    if (!interrupt_requested()) return;
    progress.finish();
    save();
    throw Stopped(interrupt_status(),
                  "stopped after step " + std::to_string(run_.trainer().steps()) +
                      "; go on with: gradvar train --resume --out " + shell_word(options_.out));
  }

  void finish() {
    save();
    write_weights();
    SafetensorsWriter pairs = pairs_writer(run_.problem(), run_.config());
    const Tensor<double>& optimal = run_.problem().optimal_partners();
    if (optimal.size() > 0) pairs.add("optimal", optimal);
    pairs.write((out_ / "pairs.safetensors").string());

    const VarianceReport variance = last_variance();
    monitor_->flush();
    nlohmann::json summary = {{"model", run_.model().spec()},
                              {"steps", run_.trainer().steps()},
                              {"machine", describe_machine().line()},
                              {"variance", to_json(variance, run_.model().parameters().layout())},
                              {"evaluation", evaluation()}};
    summary["variance"]["time"] = time_json(run_.measured_over({}));
    write_file((out_ / "summary.json").string(), json_text(summary) + "\n");
    if (options_.output.json) {
      std::cout << json_text(summary) << '\n';
    } else if (!options_.output.quiet) {
      std::cout << "Done: loss " << short_number(variance.loss) << " on the pairs; "
                << (out_ / "weights.safetensors").string() << ", summary.json\n";
    }
  }

  // Of every pair at every node of time: on images as much as a thousand steps.
  VarianceReport last_variance() {
    const VarianceOptions usual;
    Progress progress(options_.output.progress(), "variance",
                      run_.problem().pairs().x0.rows() * usual.node_count() * usual.noise_draws,
                      "sample");
    progress.say_nothing_of_short_tasks();
    VarianceReport report = monitor(run_.trainer().steps(), [&](std::int64_t samples) {
      progress.advance(samples);
      stop_if_asked(progress);
    });
    progress.finish();
    return report;
  }

  // What the run came to, by following some of its sources. An image costs a thousand times a
  // point, so that fewer are followed, and in fewer steps.
  nlohmann::json evaluation() {
    const bool images = run_.problem().sample_shape().rank() == 3;
    EvaluationOptions chosen;
    if (images) chosen.fresh = chosen.most_pairs = kImagesEvaluated;
    if (options_.evaluate_count >= 0) chosen.fresh = chosen.most_pairs = options_.evaluate_count;
    if (chosen.fresh == 0) return nullptr;
    if (images) chosen.solver.steps = kImageSteps;
    if (!options_.evaluate_solver.empty()) {
      chosen.solver = make_solver("--evaluate-solver", options_.evaluate_solver);
    }
    Progress progress(options_.output.progress(), "evaluate", 0, "evaluation");
    progress.say_nothing_of_short_tasks();
    return to_json(run_.evaluate(chosen, &progress,
                                 "stopped while evaluating; the weights are written, and 'gradvar "
                                 "evaluate --run " +
                                     shell_word(options_.out) + "' says more"));
  }

  void write_weights() {
    const std::map<std::string, std::string> metadata = {{"model", run_.model().spec()}};
    ParameterSet<Real>& parameters = run_.model().parameters();
    save_weights(out_ / "weights.safetensors", parameters, metadata);
    Ema<Real>* average = run_.trainer().ema();
    if (average == nullptr) return;
    average->swap(parameters);
    save_weights(out_ / "ema.safetensors", parameters, metadata);
    average->swap(parameters);
  }

  const TrainCommand& options_;
  fs::path out_;
  TrainingRun<Real> run_;
  RunLock lock_;
  std::optional<CsvLog> loss_;
  std::optional<Monitor> monitor_;
  std::string last_checkpoint_;
  bool picture_failed_ = false;
};

}  // namespace

void add_train(CLI::App& app) {
  auto options = std::make_shared<TrainCommand>();
  CLI::App* command = app.add_subcommand(
      "train", "Train a flow, with exact gradient variance on a schedule and exact resume");
  command->footer(
      choices_help() +
      "\nThe monitor measures a network with dropout without it, which is not the law of its\n"
      "training steps.\n"
      "\nExample: the counter-example with noise, and then for longer\n"
      "  gradvar train --source gaussian:dim=2 --target gaussian:dim=2,mean=5 \\\n"
      "    --coupling rotation:angle=180 --pairs 500 --interpolant constant:sigma=0.05 \\\n"
      "    --steps 5000 --monitor-every 500 --checkpoint-every 1000 --out runs/first\n"
      "  gradvar train --resume --out runs/first --steps 10000\n");
  const std::vector<RunField>& fields = run_fields();
  const RunConfig defaults;
  options->values.resize(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    options->given.push_back(
        command->add_option("--" + fields[i].key, options->values[i], fields[i].help)
            ->type_name(fields[i].kind)
            ->default_str(field_text(defaults, fields[i])));
  }
  add_whole(*command, "--evaluate-count", options->evaluate_count, 0, 1 << 24,
            "training sources, and as many fresh ones, followed at the end; 0: none")
      ->default_str("5000 and 1000; 64 of images");
  add_text(*command, "--evaluate-solver", options->evaluate_solver, "SPEC", "how they are followed")
      ->default_str("euler:steps=100; euler:steps=20 for images");
  add_text(*command, "--config", options->config, "FILE",
           "a run.toml with the same keys; options go before it");
  add_text(*command, "--out", options->out, "DIR", "directory of the run")->required();
  command->add_flag("--resume", options->resume, "go on from the newest checkpoint in --out");
  command->add_flag("--strict", options->strict,
                    "refuse a folder of images for its first unreadable one, as strict=true in its "
                    "spec; without: such are named and skipped");
  add_output_options(*command, options->output);
  command->callback([options] {
    const RunConfig config = settle(*options);
    with_precision(config.precision,
                   [&](auto real) { Training<decltype(real)>(config, *options).go(); });
  });
}

}  // namespace gradvar::commands

// gradvar train: trains a flow, with checkpoints that resume to the same bits, and measures the
// exact gradient variance on a schedule.
//
// Into DIR: run.toml (every setting), loss.csv (a row a step), monitor.csv and monitor_time.csv (a
// row a measurement), checkpoints/, and at the end weights.safetensors, pairs.safetensors and
// summary.json.

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "nn/checkpoint_directory.h"
#include "nn/weights.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/exit_status.h"
#include "tools/interrupt.h"
#include "tools/machine.h"
#include "tools/monitor.h"
#include "tools/training_run.h"

namespace gradvar::commands {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string config, out;
  bool resume = false;
  std::vector<std::string> values;  // as given, by field
  std::vector<CLI::Option*> given;  // by field
  OutputOptions output;
};

RunConfig settle(const Options& options) {
  const fs::path out = options.out;
  const bool holds_a_run = fs::exists(out / "run.toml");
  if (options.resume && !holds_a_run) {
    throw std::invalid_argument("--resume: '" + options.out + "' holds no run.toml to go on from");
  }
  if (!options.resume && holds_a_run) {
    throw std::invalid_argument("--out: '" + options.out +
                                "' already holds a run; give --resume to go on with it, or "
                                "another directory");
  }
  RunConfig config;
  if (options.resume) read_run_toml(out / "run.toml", config);
  if (!options.config.empty()) read_run_toml(options.config, config);
  const std::vector<RunField>& fields = run_fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (options.given[i]->count() == 0) continue;
    set_field(config, fields[i], options.values[i], "--" + fields[i].key);
  }
  check_run(config);
  return config;
}

template <class Real>
class Training {
 public:
  Training(const RunConfig& config, const Options& options)
      : options_(options), out_(options.out), run_(config) {}

  void go() {
    start();
    const auto total = static_cast<std::uint64_t>(run_.config().steps);
    const std::uint64_t done = run_.trainer().steps();
    Progress progress(options_.output.progress(), "train", run_.config().steps, "step",
                      static_cast<std::int64_t>(done));
    const InterruptGuard guard;
    while (run_.trainer().steps() < total) {
      one_step(progress);
      if (interrupt_requested()) {
        progress.finish();
        stop_here();
      }
    }
    progress.finish();
    finish();
  }

 private:
  void start() {
    std::uint64_t resume_at = 0;
    if (options_.resume) {
      const std::optional<CheckpointEntry> newest = latest_checkpoint(out_);
      if (newest) {
        run_.load(newest->path);
        resume_at = run_.trainer().steps();
        last_checkpoint_ = newest->path.string();
      }
    }
    fs::create_directories(out_);
    write_run_toml(out_ / "run.toml", run_.config());
    loss_.emplace(out_ / "loss.csv",
                  std::vector<std::string>{"step", "loss", "gradient_norm", "learning_rate"},
                  resume_at);
    monitor_.emplace(out_, run_.model().parameters().layout(), resume_at);
  }

  void one_step(Progress& progress) {
    const RunConfig& config = run_.config();
    const std::uint64_t step = run_.trainer().steps();
    if (due(step, config.monitor_every)) monitor_->record(step, run_.measure({}));
    StepResult result;
    try {
      result = run_.trainer().step();
    } catch (const NonFiniteError& error) {
      progress.finish();
      throw Stopped(kFailed, "gradvar: " + std::string(error.what()) + "; " +
                                 (last_checkpoint_.empty()
                                      ? "there is no checkpoint to go back to"
                                      : "the last good checkpoint is '" + last_checkpoint_ + "'"));
    }
    loss_->row(step, {result.loss, result.gradient_norm, result.learning_rate});
    if (step % 20 == 0) progress.note("loss " + short_number(result.loss));
    progress.advance();
    if (due(run_.trainer().steps(), config.checkpoint_every)) save();
  }

  static bool due(std::uint64_t step, std::int64_t every) {
    return every > 0 && step % static_cast<std::uint64_t>(every) == 0;
  }

  void save() {
    loss_->flush();
    monitor_->flush();
    last_checkpoint_ = run_.save(out_).string();
  }

  [[noreturn]] void stop_here() {
    save();
    throw Stopped(interrupt_status(),
                  "stopped after step " + std::to_string(run_.trainer().steps()) +
                      "; go on with: gradvar train --resume --out " + options_.out);
  }

  void finish() {
    save();
    const VarianceReport variance = run_.measure({});
    monitor_->record(run_.trainer().steps(), variance);
    monitor_->flush();
    save_weights((out_ / "weights.safetensors").string(), run_.model().parameters(),
                 {{"model", run_.model().spec()}});
    SafetensorsWriter pairs;
    pairs.add("x0", run_.problem().pairs().x0);
    pairs.add("x1", run_.problem().pairs().x1);
    pairs.add("optimal", run_.problem().optimal_partners());
    pairs.write((out_ / "pairs.safetensors").string());

    nlohmann::json summary = {{"model", run_.model().spec()},
                              {"steps", run_.trainer().steps()},
                              {"machine", describe_machine().line()},
                              {"variance", to_json(variance, run_.model().parameters().layout())},
                              {"evaluation", to_json(run_.evaluate({}))}};
    write_file((out_ / "summary.json").string(), summary.dump(2) + "\n");
    if (options_.output.json) {
      std::cout << summary.dump(2) << '\n';
    } else if (!options_.output.quiet) {
      std::cout << "Done: " << options_.out << "/weights.safetensors, summary.json\n";
    }
  }

  const Options& options_;
  fs::path out_;
  TrainingRun<Real> run_;
  std::optional<CsvLog> loss_;
  std::optional<Monitor> monitor_;
  std::string last_checkpoint_;
};

}  // namespace

void add_train(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "train", "Train a flow, with exact gradient variance on a schedule and exact resume");
  command->footer(choices_help());
  const std::vector<RunField>& fields = run_fields();
  const RunConfig defaults;
  options->values.resize(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    options->given.push_back(
        command->add_option("--" + fields[i].key, options->values[i], fields[i].help)
            ->default_str(field_text(defaults, fields[i])));
  }
  command->add_option("--config", options->config, "run.toml with the same keys; options go first");
  command->add_option("--out", options->out, "directory of the run")->required();
  command->add_flag("--resume", options->resume, "go on from the newest checkpoint in --out");
  add_output_options(*command, options->output);
  command->callback([options] {
    const RunConfig config = settle(*options);
    with_precision(config.precision,
                   [&](auto real) { Training<decltype(real)>(config, *options).go(); });
  });
}

}  // namespace gradvar::commands

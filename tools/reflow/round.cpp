#include "tools/reflow/round.h"

#include <algorithm>
#include <string>

#include "io/safetensors.h"
#include "nn/checkpoint_directory.h"
#include "nn/weights.h"
#include "tools/csv_log.h"
#include "tools/diagnose/snapshot.h"
#include "tools/exit_status.h"
#include "tools/interrupt.h"
#include "tools/json_number.h"
#include "tools/law_distances.h"
#include "tools/monitor.h"
#include "tools/pairs_file.h"
#include "tools/run_directory.h"
#include "tools/saved_run.h"
#include "tools/training_run.h"

namespace gradvar {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t kMostCompared = 2000;  // training pairs, and held-out ones

json interval_json(const Interval& interval) {
  return {{"mean", json_number(interval.mean)},
          {"low", json_number(interval.low)},
          {"high", json_number(interval.high)}};
}

template <class Real>
class Round {
 public:
  Round(const ReflowOptions& options, const RunConfig& run, int round, ProgressMode mode)
      : options_(options),
        directory_(round_directory(options, round)),
        round_(round),
        mode_(mode),
        config_(round == 0 ? run : round_config(options, run, round)) {
    config_.threads = options.threads;
  }

  json make() {
    if (round_ > 0) make_pairs();
    TrainingRun<Real> run(config_);
    if (round_ == 0) {
      load_weights_of(run, options_.run, WhichWeights::kTrained);
    } else {
      train(run);
    }
    return measured(run);
  }

 private:
  [[nodiscard]] std::string task(const char* what) const {
    return "round " + std::to_string(round_) + ", " + what;
  }
  [[nodiscard]] std::string when_stopped() const {
    return "stopped in round " + std::to_string(round_) + "; go on with: " + options_.command;
  }

  void make_pairs() {
    if (fs::exists(config_.pairs_file)) return;  // written whole or not at all
    fs::create_directories(directory_);
    RunConfig drawn = config_;
    drawn.pairs_file.clear();
    Progress progress(mode_, task("pairs"), 0, "evaluation");
    progress.say_nothing_of_short_tasks();
    const Problem problem(drawn, {.progress = &progress, .when_stopped = when_stopped()});
    pairs_writer(problem, drawn).write(config_.pairs_file);
  }

  // The weights of the flow that made the pairs; its average where it keeps one.
  void start_warm(TrainingRun<Real>& run) {
    const CheckpointEntry teacher =
        newest_checkpoint(round_directory(options_, round_ - 1).string());
    const fs::path average = teacher.path / "ema.safetensors";
    ParameterSet<Real>& parameters = run.model().parameters();
    load_weights(fs::exists(average) ? average : teacher.path / "weights.safetensors", parameters);
    if (Ema<Real>* ema = run.trainer().ema()) {
      std::ranges::copy(std::as_const(parameters).flat(), ema->values().begin());
    }
  }

  void train(TrainingRun<Real>& run) {
    remove_unfinished_files(directory_);
    if (const auto newest = latest_checkpoint(directory_)) {
      run.load(newest->path);
    } else if (options_.warm) {
      start_warm(run);
    }
    write_run_toml(directory_ / "run.toml", config_);
    const auto total = static_cast<std::uint64_t>(config_.steps);
    const auto every = static_cast<std::uint64_t>(config_.checkpoint_every);
    CsvLog losses(directory_ / "loss.csv", {"step", "loss", "gradient_norm", "learning_rate"},
                  run.trainer().steps());
    Progress progress(mode_, task("train"), config_.steps, "step",
                      static_cast<std::int64_t>(run.trainer().steps()));
    const auto save = [&] {
      losses.flush();
      run.save(directory_);
    };
    try {
      while (run.trainer().steps() < total) {
        const std::uint64_t step = run.trainer().steps();
        const StepResult result = run.trainer().step();
        losses.row(step, {result.loss, result.gradient_norm, result.learning_rate});
        if (step % 20 == 0) progress.note("loss " + short_number(result.loss));
        progress.advance();
        if (run.trainer().steps() % every == 0) save();
        if (!interrupt_requested()) continue;
        progress.finish();
        save();
        throw Stopped(interrupt_status(), when_stopped());
      }
    } catch (const NonFiniteError& error) {
      progress.finish();
      throw Stopped(kFailed, task(error.what()) +
                                 ": rounds before it are measured; try a lower "
                                 "learning rate in the run");
    }
    save();
    ParameterSet<Real>& parameters = run.model().parameters();
    save_weights(directory_ / "weights.safetensors", parameters, {{"model", run.model_spec()}});
  }

  json measured(TrainingRun<Real>& run) {
    Progress progress(mode_, task("measure"), 0, "evaluation");
    progress.say_nothing_of_short_tasks();
    const auto evaluated = [&](const SolverOptions& solver) {
      return run.evaluate(
          {.solver = solver, .fresh = options_.fresh, .with_mmd = false, .sets = options_.sets},
          &progress, when_stopped());
    };
    const Evaluation many = evaluated(options_.solver);
    const Evaluation one = evaluated({.method = SolverMethod::euler, .steps = 1});
    const VarianceReport variance =
        run.measure({.noise_draws = 2}, [&](std::int64_t) { stop_if_interrupted(when_stopped()); });
    json record = {{"round", round_},
                   {"steps", run.trainer().steps()},
                   {"pairs", run.problem().pairs().x0.rows()},
                   {"seed", config_.seed},
                   {"coupling", config_.coupling},
                   {"interpolant", config_.interpolant},
                   {"solver", many.solver},
                   {"evaluations", many.mean_evaluations},
                   {"random_partner", many.between_random_partners},
                   {"straightness", ends(many.straightness, many.straightness_interval)},
                   {"variance", variance.whole.trace},
                   {"mean_squared_norm", variance.whole.mean_squared_norm},
                   {"loss", variance.loss},
                   {"many_steps", to_json(many.laws)},
                   {"one_step", to_json(one.laws)}};
    add_memorisation(run, record);
    return record;
  }

  static json ends(const std::optional<Summary>& summary, const std::optional<Interval>& interval) {
    if (!summary) return nullptr;
    if (!interval) return {{"mean", summary->mean}, {"low", nullptr}, {"high", nullptr}};
    return interval_json({interval->low, summary->mean, interval->high});
  }

  // By the rule of `gradvar diagnose`: training pairs against pairs of the same flow that training
  // did not see.
  void add_memorisation(TrainingRun<Real>& run, json& record) {
    record["training_error"] = record["held_out_error"] = record["remembered"] = nullptr;
    record["verdict"] = "too few pairs";
    if (run.problem().pairs().x0.rows() < kFewestJudged) return;
    const auto reference = make_reference(run.problem(), config_, kMostCompared / 2, kMostCompared);
    if (!(reference.random_partner > 0)) return;  // all targets are one point
    Snapshot snapshot;
    run.with_average([&](const Field<Real>&) {
      snapshot = take_snapshot(run, reference, {.solver = options_.solver});
    });
    const MemorisationJudgement& judgement = snapshot.judgement;
    record["verdict"] = std::string(to_string(judgement.verdict));
    record["training_error"] = interval_json(judgement.training_error);
    record["held_out_error"] = interval_json(judgement.held_out_error);
    record["remembered"] = interval_json(judgement.remembered);
    record["held_out"] = reference.held_out.origin;
  }

  const ReflowOptions& options_;
  fs::path directory_;
  int round_;
  ProgressMode mode_;
  RunConfig config_;
};

}  // namespace

template <class Real>
json make_round(const ReflowOptions& options, const RunConfig& run, int round, ProgressMode mode) {
  return Round<Real>(options, run, round, mode).make();
}

template json make_round<float>(const ReflowOptions&, const RunConfig&, int, ProgressMode);
template json make_round<double>(const ReflowOptions&, const RunConfig&, int, ProgressMode);

}  // namespace gradvar

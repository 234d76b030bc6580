#include "tools/diagnose/sweep.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "flow/field.h"
#include "flow/intervals.h"
#include "flow/sample_distances.h"
#include "io/number_text.h"
#include "tools/choices.h"
#include "tools/diagnose/sweep_levels.h"
#include "tools/pairs_file.h"
#include "tools/report/number.h"

namespace gradvar {

namespace {

constexpr std::int64_t kSets = 5, kFewestOfSet = 20;

// Disjoint sets of held-out rows: (begin, count).
struct Sets {
  std::int64_t count = 0, rows = 0;
};

Sets sets_of(const HeldOut& held_out) {
  if (!held_out.any() || !held_out.fresh_sources || !held_out.fresh_targets) return {};
  const std::int64_t rows = held_out.pairs.x0.rows();
  const std::int64_t count = std::min(kSets, rows / kFewestOfSet);
  if (count < 2) return {};
  return {count, rows / count};
}

// Targets of set k are compared with points from the sources of the set before, so that under a map
// the two are not partners.
Tensor<double> targets_of(const HeldOut& held_out, const Sets& sets, std::int64_t set) {
  return held_out.pairs.x1.rows_copy((set % sets.count) * sets.rows, sets.rows);
}

template <class Real>
std::vector<double> energies(TrainingRun<Real>& run, const HeldOut& held_out, const Sets& sets,
                             const SolverOptions& solver) {
  const NetworkField<Real> field(run.model(), run.pool());
  std::vector<double> values;
  for (std::int64_t set = 0; set < sets.count; ++set) {
    const Tensor<double> sources = held_out.pairs.x0.rows_copy(set * sets.rows, sets.rows);
    const Tensor<double> made =
        convert<double>(solve<Real>(field, solver, convert<Real>(sources)).end);
    values.push_back(energy_distance(made, targets_of(held_out, sets, set + 1)));
  }
  return values;
}

// Everything that decides the numbers of a level.
template <class Real>
nlohmann::json settings_of(TrainingRun<Real>& run, const Diagnosis& diagnosis, std::int64_t steps,
                           const SnapshotOptions& snapshot) {
  RunConfig config = run.config();
  config.threads = 0;
  config.pairs_file.clear();  // its pairs are below, wherever they lie
  const std::span<const Real> flat = std::as_const(run.model()).parameters().flat();
  const Tensor<double> weights(Shape{static_cast<std::int64_t>(flat.size())},
                               std::vector<double>(flat.begin(), flat.end()));
  const auto prints = [](const Pairs& pairs) {
    return pairs.x0.rows() == 0 ? "" : fingerprint(pairs.x0) + " " + fingerprint(pairs.x1);
  };
  return {{"run", run_toml(config)},
          {"pairs", prints(run.problem().pairs())},
          {"held_out", prints(diagnosis.reference.held_out.pairs)},
          {"weights", fingerprint(weights)},
          {"after", run.trainer().steps()},
          {"steps", steps},
          {"solver", snapshot.solver.spec()},
          {"most_pairs", snapshot.most_pairs}};
}

// The training steps of all levels, counted; the first ones, a third of a second of
// them, are timed to say what all will cost.
struct WarmSteps {
  std::int64_t steps, missing, levels;  // of each level; levels to train, and all
  const std::function<void(const std::string&)>& note;
  const Tick& tick;
  std::int64_t done = 0;
  bool announced = false;

  template <class Real>
  void take(Trainer<Real>& trainer) {
    constexpr std::int64_t kWarmUp = 2;
    constexpr std::chrono::duration<double> kTrial(0.3);
    using Clock = std::chrono::steady_clock;
    Clock::time_point begin;
    for (std::int64_t step = 0; step < steps; ++step) {
      trainer.step();
      ++done;
      if (done == kWarmUp) begin = Clock::now();
      const bool over = done > kWarmUp && (Clock::now() - begin > kTrial || step + 1 == steps);
      if (over && !announced) {
        announce((Clock::now() - begin) / static_cast<double>(done - kWarmUp));
        announced = true;
      }
      tick(done, steps * missing);
    }
  }

 private:
  void announce(std::chrono::duration<double> step) const {
    if (!note) return;
    std::string text = "sweep: " + std::to_string(levels) + " noise levels of " +
                       std::to_string(steps) + " training steps each";
    if (missing < levels) {
      text += ", " + std::to_string(levels - missing) + " of them done before";
    }
    note(text + "; about " +
         report::format_duration(step.count() * static_cast<double>(steps * missing)));
  }
};

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double two_digits(double value) {
  const double scale = std::pow(10.0, 1 - std::floor(std::log10(value)));
  return std::round(value * scale) / scale;
}

}  // namespace

std::vector<double> usual_sigmas(double random_partner, std::int64_t dim) {
  const double unit = random_partner / std::sqrt(static_cast<double>(dim));
  std::vector<double> sigmas = {0};
  for (const double part : {0.02, 0.05, 0.1, 0.2, 0.5}) sigmas.push_back(two_digits(part * unit));
  return sigmas;
}

std::int64_t sweep_steps(const SweepOptions& options, std::int64_t taken) {
  if (options.steps > 0) return options.steps;
  return std::max<std::int64_t>(taken / 2, 200);
}

std::string with_sigma(const std::string& interpolant, double sigma) {
  Interpolant noisy = make_interpolant("--interpolant", interpolant);
  if (noisy.kind == InterpolantKind::kTrigonometric) {
    throw std::invalid_argument(
        "--sigmas: the run's interpolant is trigonometric, which takes no noise; use --no-sweep");
  }
  if (noisy.kind != InterpolantKind::kBridge) noisy.kind = InterpolantKind::kConstantNoise;
  noisy.sigma = sigma;
  return noisy.spec();
}

void recommend(Sweep& sweep) {
  std::vector<SweepPoint>& points = sweep.points;
  const auto settled = [](const SweepPoint& point) {
    const MemorisationVerdict verdict = point.snapshot.judgement.verdict;
    return verdict == MemorisationVerdict::kDoesNot || verdict == MemorisationVerdict::kRule;
  };
  if (!points.empty() && !points.front().energy.empty()) {
    sweep.best = 0;
    for (std::size_t i = 1; i < points.size(); ++i) {
      if (mean_of(points[i].energy) < mean_of(points[*sweep.best].energy)) sweep.best = i;
    }
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (i == *sweep.best) continue;
      std::vector<double> worse;
      for (std::size_t k = 0; k < points[i].energy.size(); ++k) {
        worse.push_back(points[i].energy[k] - points[*sweep.best].energy[k]);
      }
      points[i].within = student_interval(worse).low <= 0;
    }
  }
  for (std::size_t i = points.size(); i-- > 0;) {
    if (settled(points[i])) sweep.breaks = i;
  }
  for (std::size_t i = points.size(); i-- > 0;) {
    if (settled(points[i]) && points[i].within) sweep.recommended = i;
  }
  if (!sweep.recommended) sweep.recommended = sweep.breaks;
}

template <class Real>
Sweep sweep_noise(TrainingRun<Real>& run, const Diagnosis& diagnosis, const SweepOptions& options,
                  const SnapshotOptions& snapshot, const Tick& tick) {
  const HeldOut& held_out = diagnosis.reference.held_out;
  const Sets sets = sets_of(held_out);
  std::vector<double> sigmas = options.sigmas;
  if (sigmas.empty()) {
    sigmas = usual_sigmas(diagnosis.reference.random_partner, run.problem().sample_shape().size());
  }
  std::sort(sigmas.begin(), sigmas.end());
  sigmas.erase(std::unique(sigmas.begin(), sigmas.end()), sigmas.end());
  Sweep sweep;
  sweep.steps = sweep_steps(options, static_cast<std::int64_t>(run.trainer().steps()));
  for (std::int64_t set = 0; set < sets.count; ++set) {
    sweep.floor.push_back(
        energy_distance(targets_of(held_out, sets, set), targets_of(held_out, sets, set + 1)));
  }
  SweepLevels kept(options.levels, settings_of(run, diagnosis, sweep.steps, snapshot),
                   snapshot.seed, options.note);
  const auto missing = std::count_if(sigmas.begin(), sigmas.end(),
                                     [&](double sigma) { return !kept.find(sigma).has_value(); });
  WarmSteps steps{sweep.steps, missing, static_cast<std::int64_t>(sigmas.size()), options.note,
                  tick};
  for (const double sigma : sigmas) {
    if (std::optional<SweepPoint> found = kept.find(sigma)) {
      sweep.points.push_back(std::move(*found));
      continue;
    }
    RunConfig config = run.config();
    config.interpolant = with_sigma(config.interpolant, sigma);
    config.schedule = "constant";  // another one would have come to its end
    config.ema = 0;
    TrainingRun<Real> warm(config);
    const std::span<const Real> weights = std::as_const(run.model()).parameters().flat();
    std::copy(weights.begin(), weights.end(), warm.model().parameters().flat().begin());
    warm.trainer().set_steps(run.trainer().steps());
    steps.take(warm.trainer());
    SweepPoint point;
    point.sigma = sigma;
    point.snapshot = take_snapshot(warm, diagnosis.reference, snapshot);
    point.energy = energies(warm, held_out, sets, snapshot.solver);
    kept.add(point);
    sweep.points.push_back(std::move(point));
  }
  recommend(sweep);
  return sweep;
}

template Sweep sweep_noise(TrainingRun<float>&, const Diagnosis&, const SweepOptions&,
                           const SnapshotOptions&, const Tick&);
template Sweep sweep_noise(TrainingRun<double>&, const Diagnosis&, const SweepOptions&,
                           const SnapshotOptions&, const Tick&);

}  // namespace gradvar

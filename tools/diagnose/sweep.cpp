#include "tools/diagnose/sweep.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "flow/field.h"
#include "flow/intervals.h"
#include "flow/sample_distances.h"
#include "io/number_text.h"
#include "tools/choices.h"

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

std::int64_t sweep_steps(const SweepOptions& options, const RunConfig& config) {
  if (options.steps > 0) return options.steps;
  return std::max<std::int64_t>(config.steps / 2, 200);
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
  sweep.steps = sweep_steps(options, run.config());
  for (std::int64_t set = 0; set < sets.count; ++set) {
    sweep.floor.push_back(
        energy_distance(targets_of(held_out, sets, set), targets_of(held_out, sets, set + 1)));
  }
  const std::int64_t total = sweep.steps * static_cast<std::int64_t>(sigmas.size());
  for (const double sigma : sigmas) {
    RunConfig config = run.config();
    config.interpolant = with_sigma(config.interpolant, sigma);
    config.schedule = "constant";  // another one would have come to its end
    config.ema = 0;
    TrainingRun<Real> warm(config);
    const std::span<const Real> weights = std::as_const(run.model()).parameters().flat();
    std::copy(weights.begin(), weights.end(), warm.model().parameters().flat().begin());
    warm.trainer().set_steps(run.trainer().steps());
    for (std::int64_t step = 0; step < sweep.steps; ++step) {
      warm.trainer().step();
      tick(static_cast<std::int64_t>(sweep.points.size()) * sweep.steps + step + 1, total);
    }
    SweepPoint point;
    point.sigma = sigma;
    point.snapshot = take_snapshot(warm, diagnosis.reference, snapshot);
    point.energy = energies(warm, held_out, sets, snapshot.solver);
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

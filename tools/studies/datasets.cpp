// datasets: does gradient variance tell who memorises when targets are not Gaussian, have heavy
// tails, or many dimensions? Random pairs from each, kept or resampled, with and without noise.

#include <array>

#include "tools/studies/association.h"

namespace gradvar {

namespace datasets {

namespace {

struct Target {
  const char* id;
  const char* label;
  const char* spec;
  std::int64_t dim;
};
constexpr std::array kTargets = {
    Target{"moons", "moons, *d* = 2", "moons", 2},
    Target{"checkerboard", "checkerboard, *d* = 2", "checkerboard", 2},
    Target{"heavy-2", "Student, 3 degrees, *d* = 2", "student-t:dim=2,df=3", 2},
    Target{"heavy-8", "Student, 3 degrees, *d* = 8", "student-t:dim=8,df=3", 8},
    Target{"heavy-32", "Student, 3 degrees, *d* = 32", "student-t:dim=32,df=3", 32},
    Target{"mixture-32", "mixture, *d* = 32", "mixture:dim=32,components=5,spread=4,scale=0.5",
           32}};

struct Preset {
  int seeds;
  std::int64_t pairs, steps, width;
};

Preset preset_of(const StudyOptions& options) {
  if (options.preset == "middle") return {.seeds = 5, .pairs = 100, .steps = 5000, .width = 96};
  if (options.preset == "full") return {.seeds = 10, .pairs = 500, .steps = 30000, .width = 256};
  return {.seeds = 3, .pairs = 64, .steps = 1500, .width = 64};
}

AssociationPlan::Kind kind(const StudyOptions& options, const Target& target,
                           const std::string& pairing, double sigma) {
  const Preset preset = preset_of(options);
  TrainingCell cell;
  cell.config.source = "gaussian:dim=" + std::to_string(target.dim);
  cell.config.target = target.spec;
  cell.config.pairs = preset.pairs;
  cell.config.pairing = pairing;
  cell.config.interpolant = interpolant_spec(sigma);
  cell.config.model = "mlp:width=" + std::to_string(preset.width) + ",depth=4,activation=silu";
  cell.config.steps = preset.steps;
  cell.config.learning_rate = 2e-3;
  cell.config.schedule = "cosine:warmup=100";
  cell.monitor_steps = {0, static_cast<std::uint64_t>(preset.steps)};
  cell.solvers_at_the_end = {euler(100)};
  cell.fresh = 0;
  return {std::string(target.id) + "-" + pairing + "-" + sigma_id(sigma),
          pairing + ", " + sigma_label(sigma), cell};
}

std::vector<AssociationPlan::KindGroup> groups(const StudyOptions& options) {
  std::vector<AssociationPlan::KindGroup> list;
  for (const Target& target : kTargets) {
    list.push_back({target.label,
                    report::series_style(static_cast<int>(list.size())),
                    {kind(options, target, "fixed", 0), kind(options, target, "fixed", 0.05),
                     kind(options, target, "resampled", 0)}});
  }
  return list;
}

}  // namespace
}  // namespace datasets

std::unique_ptr<Study> make_datasets_study() {
  return make_association_study(
      {.name = "datasets",
       .title = "Other targets: no Gaussians, heavy tails, many dimensions",
       .question = "Over targets of other shapes, tails and dimensions: does low gradient variance "
                   "go with memorising?",
       .claim = "Low gradient variance goes with memorising over targets that are no Gaussians, "
                "have heavy tails, or many dimensions",
       .text = "Sources are N(0, *I*); each has a random partner from one of six targets. Pairs "
               "are kept, without noise and with *σ* = 0.05, or drawn anew at every step, which "
               "leaves nothing to memorise. If gradient variance reveals memorising, the runs "
               "line up from the lower left to the upper right, whatever the target.",
       .durations = {"half a minute", "4 minutes", "hours"},
       .seeds = [](const StudyOptions& options) { return datasets::preset_of(options).seeds; },
       .groups = datasets::groups});
}

}  // namespace gradvar

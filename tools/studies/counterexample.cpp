#include "tools/studies/counterexample.h"

#include "tools/report/number.h"

namespace gradvar {

namespace counterexample {

namespace {

using report::Verdict;

constexpr std::int64_t kCoarse = 5;  // Euler steps of the paper's reading

}  // namespace

Preset preset_of(const StudyOptions& options) {
  Preset preset{.seeds = 5, .pairs = 500, .steps = 15000};
  if (options.preset == "middle") preset.seeds = 10;
  if (options.preset == "full") preset = {.seeds = 10, .pairs = 500, .steps = 50000};
  if (options.seeds > 0) preset.seeds = options.seeds;
  return preset;
}

std::vector<SolverOptions> solvers() {
  std::vector<SolverOptions> list;
  for (const std::int64_t steps : kEulerSteps) list.push_back(euler(steps));
  for (const SolverMethod method :
       {SolverMethod::midpoint, SolverMethod::heun, SolverMethod::rk4}) {
    for (const std::int64_t steps : {5, 25}) list.push_back({.method = method, .steps = steps});
  }
  list.push_back(finest());
  return list;
}

TrainingCell cell(const StudyOptions& options, double sigma, int seed) {
  const Preset preset = preset_of(options);
  TrainingCell cell;
  cell.id = "counterexample-" + sigma_id(sigma) + "-seed-" + std::to_string(seed);
  cell.config.source = "gaussian:dim=2";
  cell.config.target = "gaussian:dim=2,mean=5";
  cell.config.coupling = "rotation:angle=180";
  cell.config.pairs = preset.pairs;
  cell.config.interpolant = interpolant_spec(sigma);
  cell.config.model = "mlp:width=64,depth=4,activation=silu";
  cell.config.steps = preset.steps;
  cell.config.learning_rate = 2e-3;
  cell.config.schedule = "cosine:warmup=100";
  cell.config.seed = static_cast<std::uint64_t>(seed);
  cell.monitor_steps = spaced_steps(10, static_cast<std::uint64_t>(preset.steps), 16);
  cell.evaluate_steps = spaced_steps(100, static_cast<std::uint64_t>(preset.steps), 10);
  cell.solvers_on_the_way = {euler(kCoarse), euler(100)};
  cell.solvers_at_the_end = solvers();
  if (seed == 0) {
    cell.trajectories = 60;
    cell.trajectory_solvers = {euler(kCoarse), euler(200)};
  }
  return cell;
}

Group group(const StudyOptions& options, double sigma) {
  Group group{sigma_label(sigma), report::noise_style(sigma), {}};
  for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
    group.ids.push_back(cell(options, sigma, seed).id);
  }
  return group;
}

std::vector<Group> groups(const StudyOptions& options) {
  std::vector<Group> list;
  for (const double sigma : kSigmas) list.push_back(group(options, sigma));
  return list;
}

namespace {

// How many solvers give the pairs back, and how many do not by far.
struct Count {
  int memorise = 0, broken = 0, all = 0;
};
Count count(const TaskResults& results, const Group& group) {
  Count count;
  for (const SolverOptions& solver : solvers()) {
    const Spread ratio = memorisation_ratio(results, group, solver);
    count.memorise += memorises(ratio) ? 1 : 0;
    count.broken += is_broken(ratio) ? 1 : 0;
    ++count.all;
  }
  return count;
}

std::string three_solvers(const TaskResults& results, const Group& group) {
  return percent(memorisation_ratio(results, group, euler(kCoarse))) + " with 5 Euler steps, " +
         percent(memorisation_ratio(results, group, euler(100))) + " with 100, " +
         percent(memorisation_ratio(results, group, finest())) + " with the adaptive solver";
}

Finding pairs_come_back(const TaskResults& results, const Group& clean) {
  const Count c = count(results, clean);
  return {
      "All lines cross at *t* = 1/2, and training without noise on fixed pairs still gives the "
      "pairs back (Counter-example 1, Figure 6)",
      "*σ* = 0, distance to the training partner as a share of that between random partners: " +
          three_solvers(results, clean) + ". Under 10 % for " + std::to_string(c.memorise) +
          " of " + std::to_string(c.all) + " solvers",
      "Shown when it is under 10 % for all of them, partly when for some",
      c.memorise == c.all ? Verdict::kShown
      : c.memorise > 0    ? Verdict::kPartly
                          : Verdict::kNotShown};
}

Finding noise_breaks_it(const TaskResults& results, const Group& clean, const Group& noisy) {
  int memorised = 0, broken = 0;
  for (const SolverOptions& solver : solvers()) {
    if (!memorises(memorisation_ratio(results, clean, solver))) continue;
    ++memorised;
    if (is_broken(memorisation_ratio(results, noisy, solver))) ++broken;
  }
  std::string measured = "*σ* = 0.05: " + three_solvers(results, noisy) + ". ";
  measured += memorised == 0 ? "No solver memorises without noise, so there is nothing to break"
                             : "Of the " + std::to_string(memorised) +
                                   " solvers that give the pairs back without noise, " +
                                   std::to_string(broken) + " are above 50 % with it";
  return {"Noise of *σ* = 0.05 is enough to break memorisation (Remark 2)", measured,
          "Shown when all solvers that give the pairs back without noise are above 50 % with it, "
          "partly when some are",
          memorised > 0 && broken == memorised ? Verdict::kShown
          : broken > 0                         ? Verdict::kPartly
                                               : Verdict::kNotShown};
}

Finding generalisation_returns(const TaskResults& results, const Group& clean, const Group& noisy) {
  const auto gain = [&](const char* what) {
    return difference(at_the_end(results, clean, finest(), what),
                      at_the_end(results, noisy, finest(), what));
  };
  const bool nearer = gain("fresh_to_optimal").interval().low > 0;
  const bool closer_law = gain("mmd").interval().low > 0;
  const auto both = [&](const char* what) {
    return at_the_end(results, clean, finest(), what).text() + " without noise, " +
           at_the_end(results, noisy, finest(), what).text() + " with it";
  };
  return {"With noise, generalisation returns",
          "held-out sources, adaptive solver: distance to the optimal partner " +
              both("fresh_to_optimal") + "; squared MMD " + both("mmd") + " (floor " +
              at_the_end(results, clean, finest(), "mmd_floor").text() + "); paired differences " +
              gain("fresh_to_optimal").interval_text() + " and " + gain("mmd").interval_text(),
          "Shown when both paired differences lie above 0 as a whole, partly when one does",
          nearer && closer_law   ? Verdict::kShown
          : nearer || closer_law ? Verdict::kPartly
                                 : Verdict::kNotShown};
}

Finding variance_is_lower(const TaskResults& results, const Group& clean, const Group& noisy) {
  const Spread without = last_measured(results, clean, "trace");
  const Spread with = last_measured(results, noisy, "trace");
  const Spread more = difference(with, without);
  return {"Memorising comes with low gradient variance: without noise it is lower than with it",
          "trace of the gradient covariance at the end of training: " + without.text() +
              " without noise, " + with.text() + " with it (ratio " +
              ratio(with, without).interval_text() + "), paired difference " +
              more.interval_text() + "; loss " + last_measured(results, clean, "loss").text() +
              " and " + last_measured(results, noisy, "loss").text(),
          sign_rule("paired difference"), sign_verdict(more)};
}

report::Table distance_table(const StudyOptions& options, const TaskResults& results) {
  report::Table table;
  table.columns = {{"Solver", report::Align::kLeft},
                   {"Evaluations"},
                   {"Training partner", report::Align::kRight, "distance"},
                   {"Optimal partner", report::Align::kRight, "distance"},
                   {"Held-out, *T*(*x*)", report::Align::kRight, "distance"},
                   {"Held-out, optimal", report::Align::kRight, "distance"},
                   {"Held-out MMD²"}};
  for (const Group& g : groups(options)) {
    table.rows.push_back({g.label});
    for (const SolverOptions& solver : solvers()) {
      const auto value = [&](const char* what) {
        return at_the_end(results, g, solver, what).text();
      };
      table.rows.push_back(
          {solver_label(solver),
           report::format_number(at_the_end(results, g, solver, "mean_evaluations").mean(), 3),
           value("to_training_partner"), value("to_optimal_partner"), value("fresh_to_coupling"),
           value("fresh_to_optimal"), value("mmd")});
    }
  }
  return table;
}

class CounterexampleStudy final : public Study {
 public:
  [[nodiscard]] std::string name() const override { return "counterexample"; }
  [[nodiscard]] std::string question() const override {
    return "All lines cross: does a network trained on fixed pairs give the pairs back, and does "
           "noise break it?";
  }

  [[nodiscard]] std::string presets() const override {
    return presets_text(
        [](const StudyOptions& options) {
          const Preset p = preset_of(options);
          return std::to_string(p.seeds) + " seeds, " + std::to_string(p.steps) + " steps";
        },
        {"a minute", "2 minutes", "6 minutes"});
  }

  [[nodiscard]] std::vector<Task> tasks(const StudyOptions& options) const override {
    std::vector<Task> list;
    for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
      for (const double sigma : kSigmas) {
        list.push_back(training_task(cell(options, sigma, seed)));
      }
    }
    return list;
  }

  [[nodiscard]] std::vector<Finding> findings(const StudyOptions& options,
                                              const TaskResults& results) const override {
    const Group clean = group(options, 0), noisy = group(options, 0.05);
    return {pairs_come_back(results, clean), noise_breaks_it(results, clean, noisy),
            generalisation_returns(results, clean, noisy),
            variance_is_lower(results, clean, noisy)};
  }

  void tell(const StudyOptions& options, const TaskResults& results, Paper& paper) const override {
    const Preset preset = preset_of(options);
    const TrainingCell example = cell(options, 0.05, 0);
    paper.report.section("The counter-example: every line through one point");
    paper.report.paragraph(
        "A source point *x* ~ N(0, *I*) in the plane is paired with *T*(*x*) = *R*_{180} *x* + 5, "
        "its mirror image through the origin, moved by (5, 5). Every line from *x* to *T*(*x*) "
        "passes through (2.5, 2.5) at *t* = 1/2 ([[crossing]]). The optimal transport to the same "
        "target is *x* + 5, and none of its lines cross. A field of zero loss on the crossing "
        "pairs exists everywhere but at that one point: it sends each source to its own partner.");
    paper.report.definitions(
        {{"Pairs", report::format_integer(preset.pairs) + ", fixed through training"},
         {"Network", "`" + example.config.model + "`, time as the last input"},
         {"Training", "Adam, batch " + std::to_string(example.config.batch) + ", " +
                          report::format_integer(preset.steps) +
                          " steps, learning rate 0.002 with 100 steps of warm-up, then cosine to "
                          "0, f32"},
         {"Interpolants", "linear (*σ* = 0), and constant noise, *x*_{t} + 0.05 *z*"},
         {"Seeds", std::to_string(preset.seeds) + "; weights, pairs, batches and noise all change"},
         {"Gradient variance",
          "exact for the pairs: the population variance of one sample's gradient over all pairs "
          "and 10 bins of *t* with 2 Gauss–Legendre nodes each; with noise, one fixed draw for "
          "each pair and node"}});
    tell_figures(options, results, paper);
    paper.report.table(
        "distances", distance_table(options, results),
        {"Where the learned flow takes training sources and " +
             report::format_integer(example.fresh) +
             " held-out ones, for every solver. The distance between random partners is " +
             at_the_end(results, group(options, 0), euler(5), "between_random_partners").text() +
             ". MMD² is unbiased (it may be negative), with five Gaussian kernels of 1/4 to 4 "
             "times "
             "the median distance of " +
             report::format_integer(example.fresh) +
             " fresh targets; its floor, between two fresh samples of the target, is " +
             at_the_end(results, group(options, 0), euler(5), "mmd_floor").text() + ".",
         seeds_text(group(options, 0)), "mean ± standard deviation over seeds", paper.command});
  }
};

}  // namespace
}  // namespace counterexample

std::unique_ptr<Study> make_counterexample_study() {
  return std::make_unique<counterexample::CounterexampleStudy>();
}

}  // namespace gradvar

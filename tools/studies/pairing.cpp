// pairing: random pairs, fixed against resampled at every step, in 2 and 50 dimensions, with and
// without noise. Random pairs have no map to find: whoever returns the training partner has
// memorised. With resampled pairs there is nothing to memorise, so those runs are the control.

#include <array>

#include "tools/report/figure.h"
#include "tools/report/number.h"
#include "tools/report/scale.h"
#include "tools/studies/training_study.h"

namespace gradvar {

namespace pairing {

namespace {

using nlohmann::json;
using namespace report;

constexpr std::array<std::int64_t, 2> kDims = {2, 50};
constexpr std::array kPairings = {"fixed", "resampled"};
constexpr std::array kSigmas = {0.0, 0.05};

struct Preset {
  int seeds;
  std::int64_t pairs, steps_2, steps_50;  // steps in 2 and in 50 dimensions
  [[nodiscard]] std::int64_t steps(std::int64_t dim) const { return dim == 2 ? steps_2 : steps_50; }
};

Preset preset_of(const StudyOptions& options) {
  Preset preset{.seeds = 3, .pairs = 50, .steps_2 = 4000, .steps_50 = 1500};
  if (options.preset == "middle") {
    preset = {.seeds = 5, .pairs = 200, .steps_2 = 8000, .steps_50 = 4000};
  }
  if (options.preset == "full") {
    preset = {.seeds = 5, .pairs = 500, .steps_2 = 50000, .steps_50 = 20000};
  }
  if (options.seeds > 0) preset.seeds = options.seeds;
  return preset;
}

const SolverOptions kCoarse = euler(5), kMiddle = euler(100);

TrainingCell cell(const StudyOptions& options, std::int64_t dim, const std::string& pairing,
                  double sigma, int seed) {
  const Preset preset = preset_of(options);
  TrainingCell cell;
  cell.id = "pairing-dim-" + std::to_string(dim) + "-" + pairing + "-" + sigma_id(sigma) +
            "-seed-" + std::to_string(seed);
  cell.config.source = "gaussian:dim=" + std::to_string(dim);
  cell.config.target = "mixture:dim=" + std::to_string(dim) + ",components=5,spread=4,scale=0.5";
  cell.config.coupling = "independent";
  cell.config.pairs = preset.pairs;
  cell.config.pairing = pairing;
  cell.config.interpolant = interpolant_spec(sigma);
  cell.config.model =
      dim == 2 ? "mlp:width=64,depth=4,activation=silu" : "mlp:width=128,depth=4,activation=silu";
  cell.config.steps = preset.steps(dim);
  cell.config.learning_rate = 2e-3;
  cell.config.schedule = "cosine:warmup=100";
  cell.config.seed = static_cast<std::uint64_t>(seed);
  cell.monitor_steps = spaced_steps(20, static_cast<std::uint64_t>(cell.config.steps), 8);
  cell.evaluate_steps = spaced_steps(100, static_cast<std::uint64_t>(cell.config.steps), 7);
  cell.solvers_on_the_way = {kMiddle};
  cell.solvers_at_the_end = {kCoarse, kMiddle, finest()};
  return cell;
}

// Noise by colour, pairing by dash: resampled runs are drawn dotted and open.
Group group(const StudyOptions& options, std::int64_t dim, const std::string& pairing,
            double sigma) {
  Style style = noise_style(sigma);
  if (pairing == "resampled") {
    style = style.with_dash(Dash::kDotted)
                .with_marker(sigma == 0 ? Marker::kOpenCircle : Marker::kOpenSquare);
  }
  Group group{pairing + ", " + sigma_label(sigma), style, {}};
  for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
    group.ids.push_back(cell(options, dim, pairing, sigma, seed).id);
  }
  return group;
}

std::vector<Group> groups(const StudyOptions& options, std::int64_t dim) {
  std::vector<Group> list;
  for (const char* pairing : kPairings) {
    for (const double sigma : kSigmas) list.push_back(group(options, dim, pairing, sigma));
  }
  return list;
}

std::string dimension(std::int64_t dim) { return "*d* = " + std::to_string(dim); }

Finding fixed_are_memorised(const StudyOptions& options, const TaskResults& results,
                            std::int64_t dim) {
  const Spread fixed = memorisation_ratio(results, group(options, dim, "fixed", 0), finest());
  const Spread control = memorisation_ratio(results, group(options, dim, "resampled", 0), finest());
  return {"Fixed random pairs are memorised without noise, " + dimension(dim),
          "distance to the training partner as a share of that between random partners, adaptive "
          "solver: " +
              percent(fixed) + " with fixed pairs, " + percent(control) + " with resampled ones",
          "Shown when the first is under 10 % and the second above 50 %, partly when the first "
          "interval lies below the second",
          memorises(fixed) && is_broken(control)           ? Verdict::kShown
          : fixed.interval().high < control.interval().low ? Verdict::kPartly
                                                           : Verdict::kNotShown};
}

Finding noise_breaks_it(const StudyOptions& options, const TaskResults& results, std::int64_t dim) {
  const Spread clean = memorisation_ratio(results, group(options, dim, "fixed", 0), finest());
  const Spread noisy = memorisation_ratio(results, group(options, dim, "fixed", 0.05), finest());
  const std::string measured = percent(clean) + " without noise, " + percent(noisy) +
                               " with it; difference over seeds " +
                               difference(noisy, clean).interval_text();
  const char* rule =
      "Shown when it is under 10 % without noise and above 50 % with it; partly when it is under "
      "10 "
      "% without, and the difference lies above 0.1 as a whole";
  if (!memorises(clean)) {
    return {"Noise of *σ* = 0.05 breaks memorisation of random pairs, " + dimension(dim),
            measured + ". Without noise the pairs are not memorised, so there is little to break",
            rule, Verdict::kNotShown};
  }
  return {"Noise of *σ* = 0.05 breaks memorisation of random pairs, " + dimension(dim), measured,
          rule,
          is_broken(noisy)                                ? Verdict::kShown
          : difference(noisy, clean).interval().low > 0.1 ? Verdict::kPartly
                                                          : Verdict::kNotShown};
}

Finding resampling_generalises(const StudyOptions& options, const TaskResults& results,
                               std::int64_t dim) {
  const Group fixed = group(options, dim, "fixed", 0);
  const Group resampled = group(options, dim, "resampled", 0);
  const Spread gain = difference(at_the_end(results, fixed, finest(), "mmd"),
                                 at_the_end(results, resampled, finest(), "mmd"));
  return {
      "On held-out sources, resampled pairs generalise better than fixed ones, " + dimension(dim),
      "squared MMD to fresh targets, adaptive solver: " +
          at_the_end(results, fixed, finest(), "mmd").text() + " fixed, " +
          at_the_end(results, resampled, finest(), "mmd").text() + " resampled, floor " +
          at_the_end(results, fixed, finest(), "mmd_floor").text() + "; paired difference " +
          gain.interval_text(),
      sign_rule("paired difference"), sign_verdict(gain)};
}

// One mark a seed: memorisation to the right, generalisation down.
Figure memorisation_against_generalisation(const StudyOptions& options,
                                           const TaskResults& results) {
  Figure figure;
  figure.columns = 2;
  for (const std::int64_t dim : kDims) {
    Panel panel;
    panel.title = dimension(dim);
    panel.x = {.label = "to training partner / random partners", .logarithmic = true};
    panel.y = {.label = "held-out MMD² above its floor"};
    for (const Group& g : groups(options, dim)) {
      const Spread x = memorisation_ratio(results, g, finest());
      const Spread y = difference(at_the_end(results, g, finest(), "mmd"),
                                  at_the_end(results, g, finest(), "mmd_floor"));
      panel.series.push_back(points(g.label, g.style, x.values, y.values, 0.9));
    }
    panel.references = {{true, kMemorisesBelow, "memorises"}, {false, 0, ""}};
    panel.legend_columns = 2;
    figure.panels.push_back(panel);
  }
  return figure;
}

Table results_table(const StudyOptions& options, const TaskResults& results) {
  Table table;
  table.columns = {{"Pairs", Align::kLeft},
                   {"Solver", Align::kLeft},
                   {"Training partner"},
                   {"Optimal partner"},
                   {"Memorised share", Align::kRight, "of points"},
                   {"Held-out MMD²"},
                   {"Floor"}};
  for (const std::int64_t dim : kDims) {
    table.rows.push_back(
        {dimension(dim) + ", random partners " +
         at_the_end(results, group(options, dim, "fixed", 0), finest(), "between_random_partners")
             .text() +
         " apart"});
    for (const Group& g : groups(options, dim)) {
      for (const SolverOptions& solver : {kCoarse, kMiddle, finest()}) {
        const auto value = [&](const char* what) {
          return at_the_end(results, g, solver, what).text();
        };
        table.rows.push_back({g.label, solver_label(solver), value("to_training_partner"),
                              value("to_optimal_partner"), value("memorised_share"), value("mmd"),
                              value("mmd_floor")});
      }
    }
  }
  return table;
}

class PairingStudy final : public Study {
 public:
  [[nodiscard]] std::string name() const override { return "pairing"; }
  [[nodiscard]] std::string question() const override {
    return "Random pairs, kept or resampled, in 2 and 50 dimensions: what is memorised, and who "
           "generalises?";
  }

  [[nodiscard]] std::string presets() const override {
    return presets_text(
        [](const StudyOptions& options) {
          const Preset p = preset_of(options);
          return std::to_string(p.seeds) + " seeds, " + std::to_string(p.pairs) + " pairs, " +
                 std::to_string(p.steps_2) + " steps in 2 and " + std::to_string(p.steps_50) +
                 " in 50 dimensions";
        },
        {"a minute", "2 minutes", "10 minutes"});
  }

  [[nodiscard]] std::vector<Task> tasks(const StudyOptions& options) const override {
    std::vector<Task> list;
    for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
      for (const std::int64_t dim : kDims) {
        for (const char* pairing : kPairings) {
          for (const double sigma : kSigmas) {
            list.push_back(training_task(cell(options, dim, pairing, sigma, seed)));
          }
        }
      }
    }
    return list;
  }

  [[nodiscard]] std::vector<Finding> findings(const StudyOptions& options,
                                              const TaskResults& results) const override {
    std::vector<Finding> list;
    for (const std::int64_t dim : kDims) {
      list.push_back(fixed_are_memorised(options, results, dim));
      list.push_back(noise_breaks_it(options, results, dim));
      list.push_back(resampling_generalises(options, results, dim));
    }
    return list;
  }

  void tell(const StudyOptions& options, const TaskResults& results, Paper& paper) const override {
    const Preset preset = preset_of(options);
    paper.report.section("Random pairs, kept or resampled");
    paper.report.paragraph(
        "Sources are N(0, *I*), targets a mixture of five Gaussians whose centres are drawn once, "
        "and each source has a target drawn at random. There is no map to find: a flow that "
        "returns the training partner has learned the list. With *fixed* pairs the list is kept "
        "through training; with *resampled* pairs every step draws new ones, so there is no list "
        "to learn, and those runs are the control.");
    paper.report.definitions(
        {{"Pairs", report::format_integer(preset.pairs) + " fixed; when resampled, as many that " +
                       "training never sees are measured"},
         {"Networks", "`" + cell(options, 2, "fixed", 0, 0).config.model + "` in *d* = 2, `" +
                          cell(options, 50, "fixed", 0, 0).config.model + "` in *d* = 50"},
         {"Training",
          "Adam, batch 256, " + report::format_integer(preset.steps_2) + " steps in *d* = 2 and " +
              report::format_integer(preset.steps_50) +
              " in *d* = 50, learning rate 0.002 with 100 steps of warm-up, then cosine to "
              "0, f32"},
         {"Optimal partners", "exact assignment between the training sources and targets"},
         {"Seeds", std::to_string(preset.seeds)}});
    const std::string seeds = seeds_text(group(options, 2, "fixed", 0));
    const auto show = [&](const std::string& name, const Figure& figure, const std::string& text,
                          const std::string& spread) {
      paper.report.figure(write_figure(figure, paper.figures, name),
                          {text, seeds, spread, paper.command});
    };
    std::vector<TrainingColumn> columns;
    for (const std::int64_t dim : kDims) columns.push_back({dimension(dim), groups(options, dim)});
    show("pairing-training", through_training(results, columns, kMiddle),
         "Above: mean distance of generated points to their training partners through training, "
         "100 Euler steps. Below: exact gradient variance on the same pairs. Step 0 is drawn at 1.",
         kBandText);
    show("memorisation-generalisation", memorisation_against_generalisation(options, results),
         "Memorisation against generalisation, adaptive solver: further left, nearer to the "
         "training partners; lower, nearer to the law of fresh targets. A zero is as good as the "
         "target itself.",
         "one mark a seed");
    paper.report.table("pairing-results", results_table(options, results),
                       {"All runs with random pairs. Memorised share: generated points whose "
                        "nearest training target is closer than a third of the distance to the "
                        "second nearest.",
                        seeds, "mean ± standard deviation over seeds", paper.command});
  }
};

}  // namespace
}  // namespace pairing

std::unique_ptr<Study> make_pairing_study() { return std::make_unique<pairing::PairingStudy>(); }

}  // namespace gradvar

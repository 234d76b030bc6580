// mixture: Table 1 of the paper. Gaussian sources, fixed random partners from a mixture of
// Gaussians, in 3 and 50 dimensions, without noise and with sigma = 0.05. Memorisation is the
// biased squared MMD of the points generated from training sources to the training targets:
// 0 when all come back. Generalisation is that of fresh sources to fresh targets.

#include <array>
#include <stdexcept>

#include "tools/report/number.h"
#include "tools/studies/training_study.h"

namespace gradvar {

namespace mixture {

namespace {

using namespace report;

// A row of Table 1.
struct PaperRow {
  std::int64_t dim;
  double sigma, generalisation, memorisation;
};
constexpr std::array kPaper = {
    PaperRow{3, 0, 0.0034, 1.758e-6}, PaperRow{3, 0.05, 0.0018, 3.105e-5},
    PaperRow{50, 0, 0.0021, 9.089e-6}, PaperRow{50, 0.05, 0.0020, 6.09e-5}};
constexpr std::array<std::int64_t, 2> kDims = {3, 50};
constexpr std::array kPaperSigmas = {0.0, 0.05};
// Beyond the table, where there is time: does more noise do what this much may not?
constexpr double kStrong = 0.5;

const PaperRow& paper_row(std::int64_t dim, double sigma) {
  for (const PaperRow& row : kPaper) {
    if (row.dim == dim && row.sigma == sigma) return row;
  }
  throw std::logic_error("Table 1 has no such row");
}

constexpr std::int64_t kFresh = 500;

struct Preset {
  int seeds;
  std::int64_t pairs, steps, width;
};

Preset preset_of(const StudyOptions& options) {
  Preset preset{.seeds = 3, .pairs = 60, .steps = 2500, .width = 64};
  if (options.preset == "middle") {
    preset = {.seeds = 5, .pairs = 100, .steps = 12000, .width = 128};
  }
  if (options.preset == "full") {
    preset = {.seeds = 10, .pairs = 1000, .steps = 50000, .width = 512};
  }
  if (options.seeds > 0) preset.seeds = options.seeds;
  return preset;
}

std::vector<double> sigmas(const StudyOptions& options) {
  std::vector<double> list(kPaperSigmas.begin(), kPaperSigmas.end());
  if (options.preset != "quick") list.push_back(kStrong);
  return list;
}

TrainingCell cell(const StudyOptions& options, std::int64_t dim, double sigma, int seed) {
  const Preset preset = preset_of(options);
  const std::string d = std::to_string(dim);
  TrainingCell cell;
  cell.id = "mixture-dim-" + d + "-" + sigma_id(sigma) + "-seed-" + std::to_string(seed);
  cell.config.source = "gaussian:dim=" + d;
  cell.config.target = "mixture:dim=" + d + ",components=5,spread=4,scale=0.5";
  cell.config.coupling = "independent";
  cell.config.pairs = preset.pairs;
  cell.config.interpolant = interpolant_spec(sigma);
  cell.config.model = "mlp:width=" + std::to_string(preset.width) + ",depth=4,activation=silu";
  cell.config.steps = preset.steps;
  cell.config.learning_rate = 2e-3;
  cell.config.schedule = "cosine:warmup=100";
  cell.config.seed = static_cast<std::uint64_t>(seed);
  cell.monitor_steps = spaced_steps(20, static_cast<std::uint64_t>(preset.steps), 8);
  cell.evaluate_steps = spaced_steps(100, static_cast<std::uint64_t>(preset.steps), 7);
  cell.solvers_on_the_way = {euler(100)};
  cell.solvers_at_the_end = {euler(5), euler(100), finest()};
  cell.fresh = kFresh;
  cell.with_information = sigma > 0;
  return cell;
}

Group group(const StudyOptions& options, std::int64_t dim, double sigma) {
  Group group{sigma_label(sigma), noise_style(sigma), {}};
  for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
    group.ids.push_back(cell(options, dim, sigma, seed).id);
  }
  return group;
}

std::vector<Group> groups(const StudyOptions& options, std::int64_t dim) {
  std::vector<Group> list;
  for (const double sigma : sigmas(options)) list.push_back(group(options, dim, sigma));
  return list;
}

std::string dimension(std::int64_t dim) { return "*d* = " + std::to_string(dim); }

// What decides a row of the table: one dimension, with the adaptive solver.
struct Row {
  Row(const StudyOptions& options, const TaskResults& results, std::int64_t d)
      : dim(d), clean(group(options, d, 0)), noisy(group(options, d, 0.05)) {
    const auto read = [&](const Group& g, const char* what) {
      return at_the_end(results, g, finest(), what);
    };
    memorised_clean = read(clean, "training_mmd/biased");
    memorised_noisy = read(noisy, "training_mmd/biased");
    information = information_text(results, noisy, 0.05);
    memorised_floor = read(clean, "training_mmd/floor_biased");
    held_out_clean = read(clean, "mmd");
    held_out_noisy = read(noisy, "mmd");
    held_out_floor = read(clean, "mmd_floor");
  }

  std::int64_t dim;
  Group clean, noisy;
  Spread memorised_clean, memorised_noisy, memorised_floor;
  Spread held_out_clean, held_out_noisy, held_out_floor;
  std::string information;
};

std::string paper_text(std::int64_t dim, double PaperRow::*column) {
  return format_number(paper_row(dim, 0).*column, 3) + " without noise, " +
         format_number(paper_row(dim, 0.05).*column, 3) + " with it";
}

// Whether less is memorised with the noise than without: there must be something to lose.
Finding less_memorised(const std::string& claim, const Row& row, const Spread& noisy,
                       const std::string& information, const std::string& paper) {
  const bool any = row.memorised_clean.interval().high < row.memorised_floor.interval().low;
  std::string measured =
      "biased MMD² to the training targets, adaptive solver: " +
      row.memorised_clean.interval_text() + " without noise, " + noisy.interval_text() +
      " with it; fresh targets instead: " + row.memorised_floor.interval_text() +
      "; paired difference " + difference(noisy, row.memorised_clean).interval_text();
  const Verdict verdict = any ? order_verdict(row.memorised_clean, noisy) : Verdict::kNotShown;
  if (!any) {
    measured += ". Without noise nothing is memorised that could be lost";
  } else if (verdict != Verdict::kShown && !information.empty()) {
    measured += ". " + information;
  }
  return {claim + dimension(row.dim), measured,
          std::string(kOrderRule) +
              "; neither unless the interval without noise lies below that of fresh targets",
          verdict, paper};
}

Finding memorisation(const Row& row) {
  return less_memorised("Table 1: with *σ* = 0.05 less is memorised than without noise, ", row,
                        row.memorised_noisy, row.information,
                        paper_text(row.dim, &PaperRow::memorisation));
}

Finding how_much(const Row& row) {
  const double paper = paper_row(row.dim, 0.05).memorisation / paper_row(row.dim, 0).memorisation;
  const Interval measured = geometric_ratio(row.memorised_noisy, row.memorised_clean);
  return {
      "Table 1: by how much, " + dimension(row.dim),
      "MMD² with noise over MMD² without, geometric mean over seeds: " + interval_text(measured),
      "Shown when the interval lies above 1 and the paper's ratio in it, partly when it lies above "
      "1",
      measured.low <= paper && paper <= measured.high && measured.low > 1 ? Verdict::kShown
      : measured.low > 1                                                  ? Verdict::kPartly
                                                                          : Verdict::kNotShown,
      format_number(paper, 3)};
}

Finding generalisation(const Row& row) {
  return {"Table 1: with *σ* = 0.05 held-out sources come nearer to the target's law, " +
              dimension(row.dim),
          "unbiased MMD² to fresh targets, adaptive solver: " + row.held_out_clean.interval_text() +
              " without noise, " + row.held_out_noisy.interval_text() + " with it; floor " +
              row.held_out_floor.interval_text() + "; paired difference " +
              difference(row.held_out_clean, row.held_out_noisy).interval_text(),
          kOrderRule, order_verdict(row.held_out_noisy, row.held_out_clean),
          paper_text(row.dim, &PaperRow::generalisation)};
}

// Beyond the table.
Finding strong_noise(const StudyOptions& options, const TaskResults& results, const Row& row) {
  const Group strong = group(options, row.dim, kStrong);
  const Spread measured = at_the_end(results, strong, finest(), "training_mmd/biased");
  return less_memorised(
      "Beyond the table: with " + sigma_label(kStrong) + " less is memorised than without noise, ",
      row, measured, information_text(results, strong, kStrong), "");
}

Figure table_figure(const StudyOptions& options, const TaskResults& results) {
  Figure figure;
  figure.columns = 2;
  for (const std::int64_t dim : kDims) {
    const Row row(options, results, dim);
    const Spread floor = row.held_out_floor;
    Panel panel;
    panel.title = dimension(dim);
    panel.x = {.label = "biased MMD² to training targets", .logarithmic = true};
    panel.y = {.label = "held-out MMD² above its floor"};
    for (const Group& g : groups(options, dim)) {
      const Spread memorised = at_the_end(results, g, finest(), "training_mmd/biased");
      const Spread held_out = at_the_end(results, g, finest(), "mmd");
      panel.series.push_back(
          points(g.label, g.style, memorised.values, difference(held_out, floor).values, 0.9));
    }
    panel.references = {{true, row.memorised_floor.mean(), ""}, {false, 0, ""}};
    figure.panels.push_back(panel);
  }
  return figure;
}

Table results_table(const StudyOptions& options, const TaskResults& results) {
  Table table;
  table.columns = {{"Runs, solver", Align::kLeft},
                   {"Memorisation", Align::kRight, "biased MMD²"},
                   {"unbiased"},
                   {"Generalisation", Align::kRight, "unbiased MMD²"},
                   {"biased"},
                   {"To partner", Align::kRight, "of random partners"},
                   {"Memorised share", Align::kRight, "of points"}};
  for (const std::int64_t dim : kDims) {
    const Group first = group(options, dim, 0);
    const auto value = [&](const Group& g, const SolverOptions& solver, const char* what) {
      return at_the_end(results, g, solver, what).text();
    };
    table.rows.push_back({dimension(dim)});
    for (const double sigma : kPaperSigmas) {
      const PaperRow& paper = paper_row(dim, sigma);
      table.rows.push_back({"the paper, " + sigma_label(sigma),
                            format_number(paper.memorisation, 3), "",
                            format_number(paper.generalisation, 2), "", "", ""});
    }
    for (const Group& g : groups(options, dim)) {
      for (const SolverOptions& solver : {euler(5), euler(100), finest()}) {
        table.rows.push_back(
            {g.label + ", " + solver_label(solver), value(g, solver, "training_mmd/biased"),
             value(g, solver, "training_mmd/unbiased"), value(g, solver, "mmd"),
             value(g, solver, "mmd_biased"), percent(memorisation_ratio(results, g, solver)),
             value(g, solver, "memorised_share")});
      }
    }
    table.rows.push_back(
        {"fresh targets (floor)", value(first, finest(), "training_mmd/floor_biased"),
         value(first, finest(), "training_mmd/floor"), value(first, finest(), "mmd_floor"),
         value(first, finest(), "mmd_floor_biased"), "", ""});
  }
  return table;
}

class MixtureStudy final : public Study {
 public:
  [[nodiscard]] std::string name() const override { return "mixture"; }
  [[nodiscard]] std::string question() const override {
    return "Table 1: a Gaussian to a mixture in 3 and 50 dimensions: does noise of 0.05 cost "
           "memorisation, and does it help generalisation?";
  }
  [[nodiscard]] std::string presets() const override {
    return presets_text(
        [](const StudyOptions& options) {
          const Preset p = preset_of(options);
          return std::to_string(p.seeds) + " seeds, " + std::to_string(p.pairs) + " pairs, width " +
                 std::to_string(p.width) + ", " + std::to_string(p.steps) + " steps";
        },
        {"half a minute", "10 minutes", "hours"});
  }

  [[nodiscard]] std::vector<Task> tasks(const StudyOptions& options) const override {
    std::vector<Task> list;
    for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
      for (const std::int64_t dim : kDims) {
        for (const double sigma : sigmas(options)) {
          list.push_back(training_task(cell(options, dim, sigma, seed)));
        }
      }
    }
    return list;
  }

  [[nodiscard]] std::vector<Finding> findings(const StudyOptions& options,
                                              const TaskResults& results) const override {
    std::vector<Finding> list;
    for (const std::int64_t dim : kDims) {
      const Row row(options, results, dim);
      list.push_back(memorisation(row));
      list.push_back(how_much(row));
      list.push_back(generalisation(row));
      if (options.preset != "quick") list.push_back(strong_noise(options, results, row));
    }
    list.push_back({"Table 1: the values of the MMD themselves",
                    "the paper's kernel, number of points, estimator and network are not known "
                    "here, and an MMD is a number of its kernel and its number of points",
                    "", Verdict::kNotComparable, "10^{−6} to 10^{−3}"});
    return list;
  }

  void tell(const StudyOptions& options, const TaskResults& results, Paper& paper) const override {
    const Preset preset = preset_of(options);
    const TrainingCell example = cell(options, 3, 0, 0);
    paper.report.section("Table 1: a Gaussian to a mixture");
    paper.report.paragraph(
        "Sources are N(0, *I*); each has a partner drawn from a mixture of five Gaussians, once "
        "and for good. *Memorisation* is the squared MMD between the points generated from the "
        "training sources and the training targets. It is the biased estimate: the two sets are "
        "paired, and the estimate is 0 when every target comes back, where the unbiased one falls "
        "below 0. It asks whether the set comes back, not who went where; the distance to the "
        "partner stands beside it. *Generalisation* is the unbiased squared MMD between the points "
        "generated from fresh sources and fresh targets. Fresh targets in place of generated "
        "points give the floor of each.");
    paper.report.definitions(
        {{"Pairs", format_integer(preset.pairs) + ", fixed through training"},
         {"Network", "`" + example.config.model + "`, time as the last input"},
         {"Training", "Adam, batch " + std::to_string(example.config.batch) + ", " +
                          format_integer(preset.steps) +
                          " steps, learning rate 0.002 with 100 steps of warm-up, then cosine to "
                          "0, f32"},
         {"Noise", "constant: *x*_{t} + *σ* *z*, with the target *x*_{1} − *x*_{0}"},
         {"Kernel",
          "five Gaussian kernels of 1/4 to 4 times the median distance between the "
          "targets: between the training targets for memorisation, between " +
              format_integer(kFresh) + " fresh ones for generalisation"},
         {"Seeds", std::to_string(preset.seeds) +
                       (preset.seeds < 5 ? ": fewer than five, the middle preset has more" : "")}});
    const std::string seeds = seeds_text(group(options, 3, 0));
    std::vector<TrainingColumn> columns;
    for (const std::int64_t dim : kDims) columns.push_back({dimension(dim), groups(options, dim)});
    paper.report.figure(
        write_figure(table_figure(options, results), paper.figures, "mixture-table"),
        {"Table 1 as a picture, adaptive solver: further left, nearer to the training targets, of "
         "which fresh targets lie at the grey line; "
         "lower, nearer to the law of fresh ones.",
         seeds, "one mark a seed", paper.command});
    paper.report.table("mixture-results", results_table(options, results),
                       {"Table 1 of the paper, and what these runs give. Memorised share: "
                        "generated points whose nearest training target is closer than a third "
                        "of the distance to the second nearest.",
                        seeds, "mean ± standard deviation over seeds", paper.command});
    paper.report.figure(
        write_figure(through_training(results, columns, euler(100)), paper.figures,
                     "mixture-training"),
        {"Above: mean distance of generated points to their training partners through training, "
         "100 Euler steps. Below: exact gradient variance on the same pairs. Step 0 is drawn at 1.",
         seeds, kBandText, paper.command});
  }
};

}  // namespace
}  // namespace mixture

std::unique_ptr<Study> make_mixture_study() { return std::make_unique<mixture::MixtureStudy>(); }

}  // namespace gradvar

// images: Tables 2 and 3 of the paper. Table 2: noise and images are paired by exact assignment,
// then shuffled; a flow trained on the shuffled pairs returns the shuffled partner when it
// memorises, and comes nearer to the optimal one when it does not. Table 3, one simulated round of
// ReFlow: a flow trained on new random pairs at every step makes an image of each source, and
// another is trained on these pairs.

#include <algorithm>
#include <array>

#include "tools/report/number.h"
#include "tools/studies/images_settings.h"
#include "tools/studies/training_study.h"

namespace gradvar {

namespace images {

namespace {

using namespace report;

constexpr const char* kLeftOut =
    "Table 2's rows of 50K pairs are left out, for exact assignment of 50,000 pairs holds 20 GB "
    "and "
    "takes N^3 time";

Group group(const StudyOptions& options, const PaperTable& table, double sigma) {
  Group group{sigma_label(sigma), noise_style(sigma), {}};
  for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
    group.ids.push_back(std::string("images-") + table.id + "-" + sigma_id(sigma) + "-seed-" +
                        std::to_string(seed));
  }
  return group;
}

// The four distances of a table.
struct Distances {
  Distances(const StudyOptions& options, const TaskResults& results, const PaperTable& table,
            const SolverOptions& solver) {
    for (std::size_t k = 0; k < kSigmas.size(); ++k) {
      const Group g = group(options, table, kSigmas[k]);
      to_training[k] = at_the_end(results, g, solver, "to_training_partner");
      to_optimal[k] = at_the_end(results, g, solver, "to_optimal_partner");
    }
    random = at_the_end(results, group(options, table, 0), solver, "between_random_partners");
  }
  std::array<Spread, 2> to_training, to_optimal;  // sigma 0, sigma 0.05
  Spread random;
};

struct Named {
  std::string name;
  double paper;
  Spread measured;
};

// From the smallest of the paper's to the largest.
std::vector<Named> in_order(const PaperTable& table, const Distances& d) {
  std::vector<Named> list;
  for (std::size_t k = 0; k < kSigmas.size(); ++k) {
    const std::string noise = ", " + sigma_label(kSigmas[k]);
    list.push_back({table.partner + noise, table.to_training[k], d.to_training[k]});
    list.push_back({"optimal partner" + noise, table.to_optimal[k], d.to_optimal[k]});
  }
  std::sort(list.begin(), list.end(),
            [](const Named& a, const Named& b) { return a.paper < b.paper; });
  return list;
}

Finding order(const PaperTable& table, const Distances& d, const std::string& reason) {
  std::string paper, measured;
  bool disjoint = true, in_means = true;
  const std::vector<Named> list = in_order(table, d);
  for (std::size_t i = 0; i < list.size(); ++i) {
    paper += (i == 0 ? "" : " < ") + format_number(list[i].paper, 4) + " (" + list[i].name + ")";
    measured += (i == 0 ? "" : "; ") + list[i].name + ": " + list[i].measured.interval_text();
    if (i == 0) continue;
    disjoint = disjoint && order_verdict(list[i - 1].measured, list[i].measured) == Verdict::kShown;
    in_means = in_means && list[i - 1].measured.mean() < list[i].measured.mean();
  }
  if (!disjoint && !reason.empty()) measured += ". " + reason;
  return {std::string(table.name) + ": the order of the four distances", measured,
          "Shown when that is their order with disjoint intervals, partly when it is that of the "
          "means",
          disjoint   ? Verdict::kShown
          : in_means ? Verdict::kPartly
                     : Verdict::kNotShown,
          paper};
}

std::string both(const std::array<double, 2>& values) {
  return format_number(values[0], 4) + " without noise, " + format_number(values[1], 4) +
         " with it";
}

std::string both(const std::array<Spread, 2>& values) {
  return values[0].interval_text() + " without noise, " + values[1].interval_text() + " with it";
}

Finding noise_breaks(const PaperTable& table, const Distances& d, const std::string& reason) {
  const Verdict verdict = order_verdict(d.to_training[0], d.to_training[1]);
  return {
      std::string(table.name) + ": with *σ* = 0.05 images end farther from the " + table.partner,
      "L2, " + both(d.to_training) + "; paired difference " +
          difference(d.to_training[1], d.to_training[0]).interval_text() + "; random partners " +
          d.random.text() + (verdict == Verdict::kShown || reason.empty() ? "" : ". " + reason),
      kOrderRule, verdict, both(table.to_training)};
}

Finding noise_helps(const PaperTable& table, const Distances& d) {
  return {std::string(table.name) + ": with *σ* = 0.05 images end nearer to the optimal partner",
          "L2, " + both(d.to_optimal) + "; paired difference " +
              difference(d.to_optimal[0], d.to_optimal[1]).interval_text(),
          kOrderRule, order_verdict(d.to_optimal[1], d.to_optimal[0]), both(table.to_optimal)};
}

Table results_table(const StudyOptions& options, const TaskResults& results) {
  Table table;
  table.columns = {{"Runs", Align::kLeft},
                   {"Solver", Align::kLeft},
                   {"Training partner", Align::kRight, "L2"},
                   {"Optimal partner", Align::kRight, "L2"},
                   {"The two partners", Align::kRight, "apart"},
                   {"Memorised share", Align::kRight, "of images"},
                   {"tr Cov", Align::kRight, "at the end"}};
  for (const PaperTable& t : kTables) {
    table.rows.push_back({std::string(t.name) + ", training partner: " + t.partner +
                          "; random partners " +
                          Distances(options, results, t, fine_steps()).random.text() + " apart"});
    for (std::size_t k = 0; k < kSigmas.size(); ++k) {
      table.rows.push_back({"the paper, " + sigma_label(kSigmas[k]), "",
                            format_number(t.to_training[k], 4), format_number(t.to_optimal[k], 4),
                            "", "", ""});
    }
    for (const double sigma : kSigmas) {
      const Group g = group(options, t, sigma);
      for (const SolverOptions& solver : {coarse_steps(), fine_steps()}) {
        const auto value = [&](const char* what) {
          return at_the_end(results, g, solver, what).text();
        };
        table.rows.push_back({g.label, solver_label(solver), value("to_training_partner"),
                              value("to_optimal_partner"),
                              of_results(results, g, "/partner_to_optimal").text(),
                              value("memorised_share"), last_measured(results, g, "trace").text()});
      }
    }
  }
  return table;
}

// Left and right of each table: to the training partner, to the optimal one.
Figure distances_figure(const StudyOptions& options, const TaskResults& results) {
  Figure figure;
  figure.columns = 2;
  for (const PaperTable& t : kTables) {
    const Distances d(options, results, t, fine_steps());
    Panel panel;
    panel.title = t.name;
    panel.x = {.label = "distance to",
               .low = 0.5,
               .high = 2.5,
               .ticks = {{1, t.partner}, {2, "optimal partner"}}};
    panel.y = {.label = "L2", .low = 0, .high = 1.2 * d.random.mean()};
    for (std::size_t k = 0; k < kSigmas.size(); ++k) {
      std::vector<double> x, y, low, high;
      for (const Spread* spread : {&d.to_training[k], &d.to_optimal[k]}) {
        x.push_back(static_cast<double>(x.size() + 1) + (k == 0 ? -0.1 : 0.1));
        const bool several = spread->values.size() > 1;
        y.push_back(spread->mean());
        low.push_back(several ? spread->interval().low : spread->mean());
        high.push_back(several ? spread->interval().high : spread->mean());
      }
      panel.series.push_back(
          error_bars(sigma_label(kSigmas[k]), noise_style(kSigmas[k]), x, y, low, high, 1));
    }
    // The label stands between the two columns of marks.
    panel.references = {{false, d.random.mean(), "random partners", role::kFloor, 0.62}};
    figure.panels.push_back(panel);
  }
  return figure;
}

class ImagesStudy final : public Study {
 public:
  [[nodiscard]] std::string name() const override { return "images"; }
  [[nodiscard]] std::string question() const override {
    return "Tables 2 and 3: a U-Net on shuffled optimal pairs, and on pairs of its own making: "
           "whose image comes out?";
  }
  [[nodiscard]] bool in_default_set() const override { return false; }
  [[nodiscard]] bool takes_images() const override { return true; }
  void check(const StudyOptions& options, ProgressMode reading) const override {
    if (!options.images.empty()) check_images(options, reading);
  }
  [[nodiscard]] std::string presets() const override {
    return presets_text(
               [](const StudyOptions& options) {
                 const Preset p = preset_of(options);
                 return std::to_string(p.seeds) + " seeds, " + std::to_string(p.pairs) +
                        " images of " + std::to_string(p.size) + "x" + std::to_string(p.size) +
                        ", " + std::to_string(p.steps) + " steps";
               },
               {"half a minute", "a quarter of an hour", "weeks"}) +
           "; " + kLeftOut;
  }

  [[nodiscard]] std::vector<Task> tasks(const StudyOptions& options) const override {
    std::vector<Task> list;
    for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
      list.push_back(training_task(base(options, seed)));
      for (const PaperTable& table : kTables) {
        for (const double sigma : kSigmas) {
          list.push_back(training_task(cell(options, table, sigma, seed)));
        }
      }
    }
    return list;
  }

  [[nodiscard]] std::vector<Finding> findings(const StudyOptions& options,
                                              const TaskResults& results) const override {
    std::vector<Finding> list;
    for (const PaperTable& table : kTables) {
      const Distances d(options, results, table, fine_steps());
      const std::string reason = information_text(results, group(options, table, 0.05), 0.05);
      list.push_back(order(table, d, reason));
      list.push_back(noise_breaks(table, d, reason));
      list.push_back(noise_helps(table, d));
    }
    list.push_back({"Tables 2 and 3: the distances themselves",
                    "an L2 distance grows with the size of the images and depends on which they "
                    "are" +
                        std::string(options.images.empty() ? ", and these are drawn faces" : ""),
                    "", Verdict::kNotComparable, "CelebA, 64 × 64, 5K pairs"});
    return list;
  }

  void tell(const StudyOptions& options, const TaskResults& results, Paper& paper) const override {
    const Preset preset = preset_of(options);
    const TrainingCell example = cell(options, kTables[0], 0, 0);
    paper.report.section("Tables 2 and 3: images");
    paper.report.paragraph(
        "Noise and images are paired by exact assignment, which gives every source its *optimal* "
        "partner. In Table 2 the partners are then handed on in one random circle, so that none "
        "keeps its own, and a U-Net is trained on these *shuffled* pairs. In Table 3 the training "
        "partner of a source is the image that another flow made of it; that flow was trained on "
        "new random pairs at every step. Each table asks where the sources end: at the partner "
        "they were trained with, or nearer to the optimal one. A network that gives every "
        "training partner back ends as far from the optimal partners as the two are apart. The "
        "rows of the paper that are compared are those of 5K pairs; " +
        std::string(kLeftOut) + ".");
    paper.report.definitions(
        {{"Images", "`" + example.config.target + "`" +
                        (options.images.empty() ? ", other faces for each seed" : "")},
         {"Pairs", format_integer(preset.pairs) + ", fixed through training"},
         {"Network", "`" + std::string(preset.model) + "`"},
         {"Training",
          "Adam, batch " + format_integer(preset.batch) + ", " + format_integer(preset.steps) +
              " steps (the flow that makes pairs: " + format_integer(preset.base_steps) +
              "), learning rate 0.002 with 100 steps of warm-up, then cosine to 0, f32"},
         {"Noise", "constant: *x*_{t} + *σ* *z*, with the target *x*_{1} − *x*_{0}"},
         {"Distances", "Euclidean over all pixels and colours, which lie in [−1, 1]; verdicts by " +
                           solver_label(fine_steps())},
         {"Seeds", std::to_string(preset.seeds)}});
    const std::string seeds = seeds_text(group(options, kTables[0], 0));
    paper.report.figure(
        write_figure(distances_figure(options, results), paper.figures, "images-distances"),
        {"Distance of generated images to the partner they were trained with and to the optimal "
         "one, " +
             solver_label(fine_steps()) + ".",
         seeds, "bars: 95 % interval of the mean over seeds (Student)", paper.command});
    paper.report.table("images-results", results_table(options, results),
                       {"Tables 2 and 3 of the paper, and what these runs give. Memorised share: "
                        "images whose nearest training target is closer than a third of the "
                        "distance to the second nearest.",
                        seeds, "mean ± standard deviation over seeds", paper.command});
  }
};

}  // namespace
}  // namespace images

std::unique_ptr<Study> make_images_study() { return std::make_unique<images::ImagesStudy>(); }

}  // namespace gradvar

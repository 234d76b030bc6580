// A study of gradient variance against memorisation, from its plan (association.h).

#include <algorithm>
#include <utility>

#include "io/number_text.h"
#include "tools/report/number.h"
#include "tools/studies/association.h"

namespace gradvar {

namespace {

using namespace report;

class AssociationStudy final : public Study {
 public:
  explicit AssociationStudy(AssociationPlan plan) : plan_(std::move(plan)) {}

  [[nodiscard]] std::string name() const override { return plan_.name; }
  [[nodiscard]] std::string question() const override { return plan_.question; }
  [[nodiscard]] bool in_default_set() const override { return false; }
  [[nodiscard]] std::string presets() const override {
    return presets_text(
        [&](const StudyOptions& options) {
          std::size_t kinds = 0;
          std::int64_t steps = 0;
          for (const AssociationPlan::KindGroup& group : plan_.groups(options)) {
            kinds += group.kinds.size();
            steps = std::max(steps, group.kinds.front().cell.config.steps);
          }
          return std::to_string(plan_.seeds(options)) + " seeds of " + std::to_string(kinds) +
                 " runs, " + std::to_string(steps) + " steps";
        },
        plan_.durations);
  }

  [[nodiscard]] std::vector<Task> tasks(const StudyOptions& options) const override {
    std::vector<Task> list;
    for (int seed = 0; seed < seeds(options); ++seed) {
      for (const AssociationPlan::KindGroup& group : plan_.groups(options)) {
        for (const AssociationPlan::Kind& kind : group.kinds) {
          TrainingCell cell = kind.cell;
          cell.id = id_of(kind, seed);
          cell.config.seed = static_cast<std::uint64_t>(seed);
          list.push_back(training_task(cell));
        }
      }
    }
    return list;
  }

  [[nodiscard]] std::vector<Finding> findings(const StudyOptions& options,
                                              const TaskResults& results) const override {
    const std::vector<Marks> all = marks(options, true);
    std::size_t runs = 0;
    for (const Marks& m : all) runs += m.groups.size();
    const Spread correlation = association(results, all, euler(100));
    const Spread fixed = association(results, marks(options, false), euler(100));
    return {{plan_.claim,
             "rank correlation of the distance to the training partner with gradient variance, "
             "over the " +
                 std::to_string(runs) + " runs of a seed: " + correlation.interval_text() +
                 other_way(correlation) + "; among fixed pairs alone " + fixed.interval_text() +
                 other_way(fixed),
             "Shown when both intervals lie above 0, not shown when one lies below it or the first "
             "mean does, partly otherwise",
             both_verdict(correlation, fixed)}};
  }

  void tell(const StudyOptions& options, const TaskResults& results, Paper& paper) const override {
    paper.report.section(plan_.title);
    paper.report.paragraph(plan_.text);
    std::vector<std::pair<std::string, std::string>> definitions;
    define(options, "Training", training_text, definitions);
    define(options, "Pairs", pairs_text, definitions);
    definitions.push_back({"Variance",
                           "trace of the covariance of one sample's gradient, exact on the pairs, "
                           "at the end of training over before its first step"});
    definitions.push_back({"Seeds", std::to_string(seeds(options))});
    paper.report.definitions(definitions);
    Figure figure;
    figure.panels = {association_panel(results, marks(options, true), euler(100))};
    const std::string how_many = std::to_string(seeds(options)) + " seeds";
    paper.report.figure(
        write_figure(figure, paper.figures, plan_.name),
        {"Gradient variance against memorisation: further down, nearer to the training partners "
         "(100 Euler steps); further left, less variance. " +
             findings(options, results)[0].measured + ".",
         how_many, "one mark a run", paper.command});
    paper.report.table(plan_.name + "-results", results_table(options, results),
                       {"All runs. Distances as shares of that between random partners; variance "
                        "at the end as a share of that at the start.",
                        how_many, "mean ± standard deviation over seeds", paper.command});
  }

 private:
  [[nodiscard]] int seeds(const StudyOptions& options) const {
    return options.seeds > 0 ? options.seeds : plan_.seeds(options);
  }

  [[nodiscard]] std::string id_of(const AssociationPlan::Kind& kind, int seed) const {
    return plan_.name + "-" + kind.id + "-seed-" + std::to_string(seed);
  }

  [[nodiscard]] std::vector<Marks> marks(const StudyOptions& options, bool resampled_too) const {
    std::vector<Marks> list;
    for (const AssociationPlan::KindGroup& group : plan_.groups(options)) {
      Marks m{group.label, group.style, {}};
      for (const AssociationPlan::Kind& kind : group.kinds) {
        if (!resampled_too && kind.cell.config.pairing == "resampled") continue;
        Group runs{kind.label, group.style, {}};
        for (int seed = 0; seed < seeds(options); ++seed) runs.ids.push_back(id_of(kind, seed));
        m.groups.push_back(std::move(runs));
      }
      if (!m.groups.empty()) list.push_back(std::move(m));
    }
    return list;
  }

  static Verdict both_verdict(const Spread& all, const Spread& fixed) {
    if (all.interval().high < 0 || fixed.interval().high < 0) return Verdict::kNotShown;
    const Verdict verdict = sign_verdict(all);
    if (verdict != Verdict::kShown) return verdict;
    return sign_verdict(fixed) == Verdict::kShown ? Verdict::kShown : Verdict::kPartly;
  }

  static std::string other_way(const Spread& correlation) {
    return correlation.interval().high < 0 ? ", where it goes the other way" : "";
  }

  // What sets the training of some groups apart is said of them by name.
  static std::string training_text(const RunConfig& config) {
    return "Adam, batch " + format_integer(config.batch) + ", " + format_integer(config.steps) +
           " steps, learning rate " + number_text(config.learning_rate) + ", `" + config.schedule +
           "`, f32";
  }
  static std::string pairs_text(const RunConfig& config) {
    return format_integer(config.pairs) +
           " random ones, fixed; or new ones at every step, of which as many that training never "
           "sees are measured";
  }
  void define(const StudyOptions& options, const std::string& what,
              std::string (*text)(const RunConfig&),
              std::vector<std::pair<std::string, std::string>>& list) const {
    const std::vector<AssociationPlan::KindGroup> all = plan_.groups(options);
    const std::string usual = text(all.front().kinds.front().cell.config);
    list.push_back({what, usual});
    for (const AssociationPlan::KindGroup& group : all) {
      const std::string own = text(group.kinds.front().cell.config);
      if (own != usual) list.push_back({what + ", " + group.label, own});
    }
  }

  [[nodiscard]] Table results_table(const StudyOptions& options, const TaskResults& results) const {
    Table table;
    table.columns = {{"Runs", Align::kLeft},
                     {"To partner"},
                     {"Variance"},
                     {"Loss"},
                     {"Memorised share", Align::kRight, "of points"}};
    for (const Marks& m : marks(options, true)) {
      table.rows.push_back({m.label});
      for (const Group& group : m.groups) {
        const Spread variance = over_seeds(results, group.ids, [&](const nlohmann::json& r) {
          const nlohmann::json& monitor = r.at("monitor");
          return monitor.back().at("trace").get<double>() /
                 monitor.front().at("trace").get<double>();
        });
        table.rows.push_back({group.label, percent(memorisation_ratio(results, group, euler(100))),
                              variance.text(), last_measured(results, group, "loss").text(),
                              at_the_end(results, group, euler(100), "memorised_share").text()});
      }
    }
    return table;
  }

  AssociationPlan plan_;
};

}  // namespace

std::unique_ptr<Study> make_association_study(AssociationPlan plan) {
  return std::make_unique<AssociationStudy>(std::move(plan));
}

}  // namespace gradvar

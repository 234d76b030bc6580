// identifiability: does what a training point tells about its pair predict where trained networks
// stop memorising?
//
// For random pairs the noise at which half of log N is lost is known before any training
// (flow/identifiability_curve.h). Networks are trained at noise levels around it, over dimension,
// number of pairs, spread and width, and where they stop is set beside it; so is where the exact
// minimiser stops, which is what a network without limits would learn.

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "flow/distances.h"
#include "flow/identifiability_curve.h"
#include "flow/pair_fields.h"
#include "flow/rank_correlation.h"
#include "io/number_text.h"
#include "tools/problem.h"
#include "tools/report/number.h"
#include "tools/studies/association.h"
#include "tools/studies/identifiability_settings.h"
#include "tools/studies/training_study.h"

namespace gradvar {

namespace identifiability {

namespace {

using namespace report;
using nlohmann::json;

// Where the mean distance to the training partner reaches half of that between random partners.
constexpr double kStops = 0.5;

// What the pairs say before any training: where half of log N is lost, the share of log N at each
// level, and how far the exact minimiser's points end from their partners.
json of_pairs(const StudyOptions& options, const Setting& setting, int seed) {
  const Problem problem(config_of(options, setting, 0, seed));
  const Pairs& pairs = problem.pairs();
  const std::vector<double> sigmas = preset_of(options).sigmas;
  const Interpolant constant{.kind = InterpolantKind::kConstantNoise};
  const IdentifiabilityCurve curve =
      measure_curve(pairs.x0, pairs.x1, constant, sigmas, {.nodes = 8, .replicates = 4});
  const double random = random_partner_distance(pairs.x1, pairs.x1);
  json shares = json::array(), minimiser = json::array();
  for (std::size_t i = 0; i < sigmas.size(); ++i) {
    shares.push_back(curve.at[i].information.value / curve.log_pairs());
    Interpolant noisy = constant;
    noisy.sigma = sigmas[i];
    const PairMinimiserField<double> field(pairs.x0, pairs.x1, noisy);
    const Solution<double> ends = solve<double>(field, euler(100), pairs.x0);
    minimiser.push_back(summarise(row_distances(ends.end, pairs.x1)).mean / random);
  }
  return {{"half", curve.half ? json(curve.half->value) : json(nullptr)},
          {"half_error", curve.half ? curve.half->standard_error : 0},
          {"shares", shares},
          {"minimiser", minimiser}};
}

// Where a ratio that rises with sigma reaches kStops, between levels by its line over log sigma;
// NaN when it never stays below, infinity when it never gets there, and 0 when it does so below the
// first level above 0, nobody knows where.
double stopping_noise(const std::vector<double>& sigmas, const std::vector<double>& ratios) {
  if (ratios.front() >= kStops) return std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 1; i < sigmas.size(); ++i) {
    if (ratios[i] < kStops) continue;
    if (i == 1 && ratios[i] > kStops) return 0;  // from 0 there is no logarithm to go by
    const double part = (kStops - ratios[i - 1]) / (ratios[i] - ratios[i - 1]);
    return sigmas[i - 1] * std::pow(sigmas[i] / sigmas[i - 1], part);
  }
  return std::numeric_limits<double>::infinity();
}

bool is_within(double stop) { return std::isfinite(stop) && stop > 0; }

// One setting and seed.
struct Mark {
  // Noise levels; half is NaN where the pairs have none.
  double half = std::numeric_limits<double>::quiet_NaN(), network = 0, minimiser = 0;
  std::vector<double> shares, ratios;  // by level
};

Mark mark_of(const StudyOptions& options, const TaskResults& results, const Setting& setting,
             int seed) {
  const std::vector<double> sigmas = preset_of(options).sigmas;
  const json& pairs = results.at(id_of(setting, "pairs", seed));
  Mark mark;
  if (const json& half = pairs.at("half"); !half.is_null()) mark.half = half.get<double>();
  mark.shares = pairs.at("shares").get<std::vector<double>>();
  for (const double sigma : sigmas) {
    const json& run = results.at(id_of(setting, sigma_id(sigma), seed));
    const json& at_end = with_solver(run.at("final"), euler(100).spec());
    mark.ratios.push_back(at_end.at("to_training_partner").at("mean").get<double>() /
                          at_end.at("between_random_partners").get<double>());
  }
  mark.network = stopping_noise(sigmas, mark.ratios);
  mark.minimiser = stopping_noise(sigmas, pairs.at("minimiser").get<std::vector<double>>());
  return mark;
}

std::vector<Mark> marks_of(const StudyOptions& options, const TaskResults& results,
                           const Setting& setting) {
  std::vector<Mark> marks;
  for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
    marks.push_back(mark_of(options, results, setting, seed));
  }
  return marks;
}

// Over all settings of a seed in which it stops within the levels.
struct Agreement {
  Spread correlation = no_correlations();  // rank correlation of the stop with the prediction
  Spread logarithm;                        // mean logarithm of stop over prediction
  std::size_t stops = 0, of = 0;
  std::size_t below = 0, beyond = 0, never = 0;  // not within the levels
};

Agreement agreement(const StudyOptions& options, const TaskResults& results, double Mark::*stop) {
  Agreement found;
  for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
    std::vector<double> predicted, measured;
    double logarithm = 0;
    for (const Setting& setting : settings_of(options)) {
      const Mark mark = mark_of(options, results, setting, seed);
      ++found.of;
      if (mark.*stop == 0) ++found.below;
      if (std::isinf(mark.*stop)) ++found.beyond;
      if (std::isnan(mark.*stop)) ++found.never;
      if (!is_within(mark.*stop) || !std::isfinite(mark.half)) continue;
      ++found.stops;
      predicted.push_back(mark.half);
      measured.push_back(mark.*stop);
      logarithm += std::log(mark.*stop / mark.half);
    }
    if (measured.size() < 3) continue;
    found.correlation.values.push_back(rank_correlation(predicted, measured));
    found.logarithm.values.push_back(logarithm / static_cast<double>(measured.size()));
  }
  return found;
}

Interval exponential(const Interval& i) {
  return {std::exp(i.low), std::exp(i.mean), std::exp(i.high)};
}

Finding finding_of(const std::string& claim, const Agreement& found, const std::string& who) {
  std::string stops = who + " stop within the levels in " + std::to_string(found.stops) + " of " +
                      std::to_string(found.of) + " settings and seeds";
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0) stops += ", " + std::string(what) + " in " + std::to_string(count);
  };
  add(found.below, "below them");
  add(found.beyond, "beyond them");
  add(found.never, "and memorise nothing to begin with");
  stops += ". ";
  const char* rule =
      "Shown when the first interval is above 0 and the second within a factor of 2, partly when "
      "one of the two holds";
  if (found.correlation.values.empty()) {
    return {claim, stops + "Too few to compare", rule, Verdict::kNotShown};
  }
  const Interval ratio = exponential(found.logarithm.interval());
  Interval correlation = found.correlation.interval();
  correlation.low = std::max(correlation.low, -1.0);  // Student's interval knows no bounds
  if (std::isfinite(correlation.high)) correlation.high = std::min(correlation.high, 1.0);
  const bool ranked = correlation.low > 0;
  const bool close = ratio.low > 0.5 && ratio.high < 2;
  return {claim,
          stops +
              "There, rank correlation over settings of the noise at which they stop with that "
              "at which half of log *N* is lost: " +
              interval_text(correlation) +
              "; the one over the other, geometric mean: " + interval_text(ratio),
          rule,
          ranked && close   ? Verdict::kShown
          : ranked || close ? Verdict::kPartly
                            : Verdict::kNotShown};
}

Figure figure_of_marks(const StudyOptions& options, const TaskResults& results) {
  Panel collapse, stops;
  collapse.title = "every run";
  collapse.x = {.label = "*I* / log *N* that is lost", .low = -0.03, .high = 1.03};
  collapse.y = {.label = "to training partner / random partners", .low = 0};
  collapse.legend_columns = 2;
  stops.title = "where it stops";
  stops.x = {.label = "*σ* at which half of log *N* is lost", .logarithmic = true};
  stops.y = {.label = "*σ* at which networks stop", .logarithmic = true};
  stops.legend_columns = 2;
  int style = 0;
  double low = INFINITY, high = 0;
  for (const Setting& setting : settings_of(options)) {
    std::vector<double> lost, ratio, half, network;
    for (const Mark& mark : marks_of(options, results, setting)) {
      for (std::size_t i = 0; i < mark.ratios.size(); ++i) {
        lost.push_back(1 - mark.shares[i]);
        ratio.push_back(mark.ratios[i]);
      }
      half.push_back(mark.half);
      network.push_back(is_within(mark.network) ? mark.network : NAN);
      low = std::min(low, mark.half);
      high = std::max(high, mark.half);
    }
    const Style own = series_style(style++).with_dash(Dash::kSolid);
    collapse.series.push_back(points(setting.label, own, lost, ratio, 0.8));
    stops.series.push_back(points(setting.label, own, half, network, 0.9));
  }
  collapse.references = {{false, kStops, "stops"}, {true, 0.5, ""}};
  stops.series.push_back(line("", role::kFloor, {low, high}, {low, high}));
  return {{collapse, stops}, 2};
}

std::string noise_text(const std::vector<Mark>& marks, double Mark::*which) {
  Spread spread;
  std::size_t never = 0, below = 0, beyond = 0;
  for (const Mark& mark : marks) {
    if (is_within(mark.*which)) spread.values.push_back(mark.*which);
    if (std::isnan(mark.*which)) ++never;
    if (mark.*which == 0) ++below;
    if (std::isinf(mark.*which)) ++beyond;
  }
  const std::string of = " of " + std::to_string(marks.size());
  std::string text = spread.values.empty() ? "" : spread.text();
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0)
      text += (text.empty() ? "" : "; ") + std::string(what) + std::to_string(count) + of;
  };
  add(never, "memorises nothing: ");
  add(below, "below the levels: ");
  add(beyond, "beyond the levels: ");
  return text;
}

Table results_table(const StudyOptions& options, const TaskResults& results) {
  Table table;
  table.columns = {{"Setting", Align::kLeft},
                   {"without noise"},
                   {"half is lost", Align::kRight, "*σ*"},
                   {"networks stop", Align::kRight, "*σ*"},
                   {"the minimiser stops", Align::kRight, "*σ*"}};
  for (const Setting& setting : settings_of(options)) {
    const std::vector<Mark> marks = marks_of(options, results, setting);
    Spread clean;
    for (const Mark& mark : marks) clean.values.push_back(mark.ratios.front());
    table.rows.push_back({setting.label, percent(clean), noise_text(marks, &Mark::half),
                          noise_text(marks, &Mark::network), noise_text(marks, &Mark::minimiser)});
  }
  return table;
}

class IdentifiabilityStudy final : public Study {
 public:
  [[nodiscard]] std::string name() const override { return "identifiability"; }
  [[nodiscard]] std::string question() const override {
    return "Does what a training point tells about its pair, known before training, predict where "
           "trained networks stop memorising?";
  }
  [[nodiscard]] bool in_default_set() const override { return false; }
  [[nodiscard]] std::string presets() const override {
    return presets_text(
        [](const StudyOptions& options) {
          const Preset p = preset_of(options);
          return std::to_string(p.seeds) + " seeds of " +
                 std::to_string(settings_of(options).size()) + " settings at " +
                 std::to_string(p.sigmas.size()) + " noise levels, " + std::to_string(p.steps) +
                 " steps";
        },
        {"a minute", "some 10 minutes", "many hours"});
  }

  [[nodiscard]] std::vector<Task> tasks(const StudyOptions& options) const override {
    std::vector<Task> list;
    for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
      for (const Setting& setting : settings_of(options)) {
        list.push_back(pairs_task(options, setting, seed));
        for (const double sigma : preset_of(options).sigmas) {
          TrainingCell cell;
          cell.id = id_of(setting, sigma_id(sigma), seed);
          cell.config = config_of(options, setting, sigma, seed);
          cell.solvers_at_the_end = {euler(100)};
          cell.fresh = 0;
          list.push_back(training_task(cell));
        }
      }
    }
    return list;
  }

  [[nodiscard]] std::vector<Finding> findings(const StudyOptions& options,
                                              const TaskResults& results) const override {
    return {finding_of("Half of log *N* lost predicts where trained networks stop memorising",
                       agreement(options, results, &Mark::network), "Networks"),
            finding_of("Half of log *N* lost predicts where the exact minimiser stops",
                       agreement(options, results, &Mark::minimiser), "Minimisers")};
  }

  void tell(const StudyOptions& options, const TaskResults& results, Paper& paper) const override {
    const Preset preset = preset_of(options);
    paper.report.section("How identifiable is a pair, and does it matter?");
    paper.report.paragraph(
        "A training point with noise *σ* tells *I*(pair; *x*_{t} | *t*) nats about which of *N* "
        "pairs it came from: log *N* without noise, nothing at last. It can be computed before "
        "training. Random pairs of N(0, *I*) and a mixture of five Gaussians are trained on at "
        "noise levels around the one at which half of it is lost, and one thing at a time is "
        "moved: "
        "dimension, number of pairs, spread of the mixture, width of the network. A network "
        "*stops* where the mean distance of its points to their training partners reaches half of "
        "that between random partners.");
    paper.report.definitions(
        {{"Training",
          "Adam, batch 256, " + format_integer(preset.steps) +
              " steps, learning rate 0.002 with 100 steps of warm-up, then cosine to 0, "
              "f32; depth 3, SiLU"},
         {"Noise", "constant, *σ* = " + levels_text(preset.sigmas)},
         {"Solver", solver_label(euler(100)) + ", from the training sources without noise"},
         {"Seeds", std::to_string(preset.seeds)}});
    const std::string seeds = std::to_string(preset.seeds) + " seeds";
    paper.report.figure(
        write_figure(figure_of_marks(options, results), paper.figures, "identifiability"),
        {"Left: every run, by what its training points have lost. If information were all, the "
         "marks would lie on one rising curve. Right: the noise at which networks stop against the "
         "one at which half of log *N* is lost; equal on the line. Settings in which a network "
         "does not memorise even without noise, or stops outside the levels, have no mark there.",
         seeds, "one mark a run, and a setting and seed", paper.command});
    paper.report.table(
        "identifiability-results", results_table(options, results),
        {"Distance to the training partner without noise, as a share of that between "
         "random partners, and three noise levels: where half of log *N* is lost, "
         "where networks stop, where the exact minimiser of the loss stops.",
         seeds, "mean ± standard deviation over seeds", paper.command});
  }

 private:
  static std::string levels_text(const std::vector<double>& sigmas) {
    std::string text;
    for (const double sigma : sigmas) text += (text.empty() ? "" : ", ") + number_text(sigma);
    return text;
  }

  static Task pairs_task(const StudyOptions& options, const Setting& setting, int seed) {
    std::string levels = levels_text(preset_of(options).sigmas);
    return {.id = id_of(setting, "pairs", seed),
            .settings = run_toml(config_of(options, setting, 0, seed)) + levels,
            .units = 200,
            .run = [=](const std::filesystem::path&, TaskProgress& progress) {
              json results = of_pairs(options, setting, seed);
              progress.advance(200);
              return results;
            }};
  }
};

}  // namespace
}  // namespace identifiability

std::unique_ptr<Study> make_identifiability_study() {
  return std::make_unique<identifiability::IdentifiabilityStudy>();
}

}  // namespace gradvar

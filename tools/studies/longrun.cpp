// longrun: gradient variance against memorisation while training goes on: for long, and on targets
// that move away meanwhile.

#include <array>

#include "flow/rank_correlation.h"
#include "io/number_text.h"
#include "tools/report/number.h"
#include "tools/studies/association.h"
#include "tools/studies/drifting.h"

namespace gradvar {

namespace longrun {

namespace {

using namespace report;
using nlohmann::json;

constexpr std::array kSigmas = {0.0, 0.05};
// How far targets move in all; random partners lie about 16 apart.
constexpr std::array kShifts = {0.0, 8.0, 64.0};

struct Preset {
  int seeds;
  std::int64_t pairs, steps, drift_steps, width;
};

Preset preset_of(const StudyOptions& options) {
  Preset preset{.seeds = 3, .pairs = 64, .steps = 6000, .drift_steps = 3000, .width = 64};
  if (options.preset == "middle") {
    preset = {.seeds = 5, .pairs = 100, .steps = 40000, .drift_steps = 10000, .width = 64};
  }
  if (options.preset == "full") {
    preset = {.seeds = 10, .pairs = 500, .steps = 500000, .drift_steps = 100000, .width = 128};
  }
  if (options.seeds > 0) preset.seeds = options.seeds;
  return preset;
}

SolverOptions solver() { return euler(50); }

TrainingCell cell_of(const StudyOptions& options, std::int64_t steps, int seed) {
  const Preset preset = preset_of(options);
  TrainingCell cell;
  cell.config.source = "gaussian:dim=8";
  cell.config.target = "mixture:dim=8,components=5,spread=4,scale=0.5";
  cell.config.pairs = preset.pairs;
  cell.config.model = "mlp:width=" + std::to_string(preset.width) + ",depth=4,activation=silu";
  cell.config.steps = steps;
  cell.config.learning_rate = 1e-3;
  cell.config.schedule = "constant:warmup=100";
  cell.config.seed = static_cast<std::uint64_t>(seed);
  cell.monitor_steps = spaced_steps(50, static_cast<std::uint64_t>(steps), 12);
  cell.evaluate_steps = cell.monitor_steps;
  cell.solvers_on_the_way = {solver()};
  cell.fresh = 0;
  return cell;
}

TrainingCell long_cell(const StudyOptions& options, double sigma, int seed) {
  TrainingCell cell = cell_of(options, preset_of(options).steps, seed);
  cell.id = "longrun-" + sigma_id(sigma) + "-seed-" + std::to_string(seed);
  cell.config.interpolant = interpolant_spec(sigma);
  return cell;
}

TrainingCell drift_cell(const StudyOptions& options, double shift, int seed) {
  TrainingCell cell = cell_of(options, preset_of(options).drift_steps, seed);
  cell.id = "longrun-drift-" + number_text(shift) + "-seed-" + std::to_string(seed);
  return cell;
}

std::vector<Group> long_groups(const StudyOptions& options) {
  std::vector<Group> list;
  for (const double sigma : kSigmas) {
    Group group{sigma_label(sigma), noise_style(sigma), {}};
    for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
      group.ids.push_back(long_cell(options, sigma, seed).id);
    }
    list.push_back(group);
  }
  return list;
}

std::vector<Group> drift_groups(const StudyOptions& options) {
  std::vector<Group> list;
  for (const double shift : kShifts) {
    Group group{shift == 0 ? "at rest" : "moves by " + number_text(shift),
                series_style(static_cast<int>(list.size()) + 2),
                {}};
    for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
      group.ids.push_back(drift_cell(options, shift, seed).id);
    }
    list.push_back(group);
  }
  return list;
}

// Of distance with variance over the steps of a seed's runs, all groups together, from `first` on.
Spread through_time(const TaskResults& results, const std::vector<Group>& groups,
                    std::uint64_t first) {
  Spread correlation = no_correlations();
  for (std::size_t seed = 0; seed < groups.front().ids.size(); ++seed) {
    std::vector<double> distance, variance;
    for (const Group& group : groups) {
      const json& run = results.at(group.ids[seed]);
      for (const json& e : run.at("evaluations")) {
        for (const json& m : run.at("monitor")) {
          if (m.at("step") != e.at("step") || m.at("step").get<std::uint64_t>() < first) continue;
          distance.push_back(e.at("to_training_partner").at("mean").get<double>() /
                             e.at("between_random_partners").get<double>());
          variance.push_back(m.at("trace").get<double>());
        }
      }
    }
    correlation.values.push_back(rank_correlation(distance, variance));
  }
  return correlation;
}

Spread last_distance(const TaskResults& results, const Group& group) {
  return over_seeds(results, group.ids, [](const json& r) {
    const json& e = r.at("evaluations").back();
    return e.at("to_training_partner").at("mean").get<double>() /
           e.at("between_random_partners").get<double>();
  });
}

constexpr std::uint64_t kWarm = 100;  // steps, after which a run has begun to learn

Finding long_training(const StudyOptions& options, const TaskResults& results) {
  const std::vector<Group> groups = long_groups(options);
  const Spread correlation = through_time(results, groups, kWarm);
  std::string ends;
  for (const Group& g : groups) {
    ends += "; " + g.label + " ends " + percent(last_distance(results, g)) +
            " from the training partner";
  }
  return {"Through a long training, gradient variance falls as partners come back",
          "rank correlation of variance with the distance to the training partner over steps: " +
              correlation.interval_text() + ends,
          sign_rule("correlation"), sign_verdict(correlation)};
}

Finding drifting_target(const StudyOptions& options, const TaskResults& results) {
  const std::vector<Group> groups = drift_groups(options);
  const Spread correlation =
      through_time(results, groups, static_cast<std::uint64_t>(preset_of(options).drift_steps / 4));
  std::string ends;
  for (const Group& g : groups) {
    ends += "; " + g.label + ": " + percent(last_distance(results, g)) + ", variance " +
            last_measured(results, g, "trace").text();
  }
  return {"While the target drifts, gradient variance tells how far behind the network is",
          "rank correlation over speeds and steps, from a quarter of the training on: " +
              correlation.interval_text() + "; distance to where the partner is at the end" + ends,
          sign_rule("correlation"), sign_verdict(correlation)};
}

class LongrunStudy final : public Study {
 public:
  [[nodiscard]] std::string name() const override { return "longrun"; }
  [[nodiscard]] std::string question() const override {
    return "Through long training, and while the target drifts away: does gradient variance follow "
           "memorising?";
  }
  [[nodiscard]] bool in_default_set() const override { return false; }
  [[nodiscard]] std::string presets() const override {
    return presets_text(
        [](const StudyOptions& options) {
          const Preset p = preset_of(options);
          return std::to_string(p.seeds) + " seeds, " + std::to_string(p.steps) + " steps";
        },
        {"half a minute", "5 minutes", "hours"});
  }

  [[nodiscard]] std::vector<Task> tasks(const StudyOptions& options) const override {
    std::vector<Task> list;
    for (int seed = 0; seed < preset_of(options).seeds; ++seed) {
      for (const double sigma : kSigmas) {
        list.push_back(training_task(long_cell(options, sigma, seed)));
      }
      for (const double shift : kShifts) {
        list.push_back(drifting_task(drift_cell(options, shift, seed), shift));
      }
    }
    return list;
  }

  [[nodiscard]] std::vector<Finding> findings(const StudyOptions& options,
                                              const TaskResults& results) const override {
    return {long_training(options, results), drifting_target(options, results)};
  }

  void tell(const StudyOptions& options, const TaskResults& results, Paper& paper) const override {
    const Preset preset = preset_of(options);
    paper.report.section("Long training, and a target that drifts");
    paper.report.paragraph(
        "Random pairs of N(0, *I*) and a mixture in 8 dimensions, kept. On the left training goes "
        "on for long, at a constant learning rate. On the right all targets move together along "
        "the diagonal, steadily, while training goes on: partners are where they are at that "
        "step, and what was learned of them grows old.");
    paper.report.definitions(
        {{"Pairs", format_integer(preset.pairs) + ", kept"},
         {"Network", "`" + long_cell(options, 0, 0).config.model + "`"},
         {"Training", "Adam, batch 256, learning rate 0.001, " + format_integer(preset.steps) +
                          " steps; " + format_integer(preset.drift_steps) +
                          " while the target drifts; f32"},
         {"Seeds", std::to_string(preset.seeds)}});
    std::string conclusion;
    for (const Finding& f : findings(options, results)) {
      conclusion += " " + f.claim + ": " + to_string(f.verdict) + ".";
    }
    paper.report.figure(
        write_figure(through_training(results,
                                      {{"long training", long_groups(options)},
                                       {"drifting target", drift_groups(options)}},
                                      solver()),
                     paper.figures, "longrun"),
        {"Above: mean distance of generated points to their training partners, " +
             solver_label(solver()) +
             ". Below: exact gradient variance on the same pairs. Step 0 is drawn at 1." +
             conclusion,
         seeds_text(long_groups(options).front()), kBandText, paper.command});
  }
};

}  // namespace
}  // namespace longrun

std::unique_ptr<Study> make_longrun_study() { return std::make_unique<longrun::LongrunStudy>(); }

}  // namespace gradvar

// Proposition 1: at the field of its own coupling the gradient variance is zero, at every angle,
// crossings or not.

#include <algorithm>

#include "tools/report/number.h"
#include "tools/studies/gaussian/sampling.h"

namespace gradvar::gaussian {

namespace proposition_1 {

namespace {

using nlohmann::json;
using namespace report;

constexpr const char* kName = "gaussian-proposition-1";
constexpr double kZero = 1e-12;  // of the largest variance at the optimal field
constexpr double kFoot = 1e-34;  // where a zero is drawn
constexpr int kStep = 15;        // degrees

// In the plane between equal laws, and in five dimensions in general position.
std::vector<RotatedLaw> cases() {
  return {{"plane", "*S* = *I*, *d* = 2", isotropic_gaussian(2), 1},
          {"general", "correlated *S*, *d* = 5, two planes", correlated_gaussian(5, 0.7, 3), 2}};
}

GaussianSetting setting(const RotatedLaw& law, double angle, GaussianField field) {
  return at_field(rotated(law, angle), field);
}

json compute(const RotatedLaw& c, const Preset& preset) {
  json results;
  for (int angle = 0; angle < 360; angle += kStep) {
    const GaussianSetting own = setting(c, angle, GaussianField::kPairs);
    const GaussianSetting optimal = setting(c, angle, GaussianField::kOptimal);
    const SampledMoments at_own = sample_moments(own, preset.samples, 0);
    results["angle"].push_back(angle);
    results["exact"].push_back(own.theory().over().whole().trace);
    results["measured"].push_back(at_own.trace());
    results["loss"].push_back(at_own.loss);
    results["optimal_exact"].push_back(optimal.theory().over().whole().trace);
    results["optimal_measured"].push_back(sample_moments(optimal, preset.samples, 0).trace());
  }
  return results;
}

double largest(const json& numbers) {
  const auto values = numbers.get<std::vector<double>>();
  return *std::max_element(values.begin(), values.end());
}

const json& results_of(const TaskResults& results, const RotatedLaw& c) {
  return results.at(std::string(kName) + "-" + c.id);
}

Figure figure(const TaskResults& results) {
  Figure figure;
  figure.columns = 2;
  for (const RotatedLaw& c : cases()) {
    const json& r = results_of(results, c);
    const auto angle = r.at("angle").get<std::vector<double>>();
    const auto column = [&](const char* name) {
      auto values = r.at(name).get<std::vector<double>>();
      for (double& x : values) x = std::max(x, kFoot);
      return values;
    };
    Panel panel;
    panel.title = c.label;
    panel.x = {.label = "angle of the rotation",
               .unit = "degrees",
               .low = 0,
               .high = 360,
               .ticks = {{0, "0"}, {90, "90"}, {180, "180"}, {270, "270"}, {360, "360"}}};
    panel.y = {.label = "tr Cov", .logarithmic = true};
    panel.series = {
        line("optimal field, exact", role::kOptimalField, angle, column("optimal_exact")),
        points("optimal field, measured", role::kOptimalField, angle, column("optimal_measured")),
        line("pairs' own field, exact", role::kPairOptimalField, angle, column("exact")),
        points("pairs' own field, measured", role::kPairOptimalField, angle, column("measured"))};
    panel.references = {{true, 180, "all lines cross", role::kFloor, 0.55}};
    panel.legend_columns = 2;
    figure.panels.push_back(panel);
  }
  return figure;
}

class Proposition1 final : public Topic {
 public:
  [[nodiscard]] std::vector<Task> tasks(const Preset& preset) const override {
    std::vector<Task> list;
    for (const RotatedLaw& c : cases()) {
      list.push_back(numbers_task(std::string(kName) + "-" + c.id,
                                  "samples=" + std::to_string(preset.samples), 700,
                                  [=] { return compute(c, preset); }));
    }
    return list;
  }

  [[nodiscard]] std::vector<Statement> statements(const Preset&,
                                                  const TaskResults& results) const override {
    double exact = 0, measured = 0, unit = 0;
    for (const RotatedLaw& c : cases()) {
      const json& r = results_of(results, c);
      const double of_case = largest(r.at("optimal_exact"));
      exact = std::max(exact, largest(r.at("exact")) / of_case);
      measured = std::max(measured, largest(r.at("measured")) / of_case);
      unit = std::max(unit, of_case);
    }
    return {
        {"The field of its own coupling has zero gradient variance, optimal or not, crossings "
         "or not (Proposition 1)",
         "0 at every angle; the closed form, rounded: at most " + format_number(exact, 2) +
             " of the largest at the optimal field",
         "per-sample gradients: at most " + format_number(measured, 2) + " of it, at " +
             std::to_string(360 / kStep) + " angles in " + std::to_string(cases().size()) +
             " settings, half a turn among them",
         "Shown when both are at most " + format_number(kZero, 1) + " of it",
         exact <= kZero && measured <= kZero ? Verdict::kShown : Verdict::kNotShown}};
  }

  void tell(const Preset& preset, const TaskResults& results, Paper& paper) const override {
    paper.report.subsection("Proposition 1: variance comes from mismatch, not from crossings");
    tell_figure(kName, figure(results),
                "Gradient variance when pairs are rotated by an angle, at the optimal field and at "
                "the field of the pairs' own map. Lines: closed form; marks: per-sample gradients "
                "of " +
                    format_integer(preset.samples) +
                    " samples, in f64. What is zero beyond rounding is drawn at the foot.",
                "seed 0", "", paper);
    tell_statements(kName, statements(preset, results), paper);
  }
};

}  // namespace
}  // namespace proposition_1

std::unique_ptr<Topic> make_proposition_1() {
  return std::make_unique<proposition_1::Proposition1>();
}

}  // namespace gradvar::gaussian

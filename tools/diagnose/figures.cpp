#include "tools/diagnose/figures.h"

#include <cmath>

#include "flow/intervals.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

using report::Colour;
using report::Dash;
using report::Figure;
using report::Legend;
using report::Marker;
using report::Panel;
using report::Series;
using report::Style;

constexpr Style kTrainingStyle{Colour::kBlue, Dash::kSolid, Marker::kCircle};
constexpr Style kHeldOutStyle{Colour::kVermillion, Dash::kDashed, Marker::kTriangle};

struct IntervalCurve {
  std::vector<double> mean{}, low{}, high{};
  void add(const Interval& interval) {
    mean.push_back(interval.mean);
    low.push_back(interval.low);
    high.push_back(interval.high);
  }
  [[nodiscard]] Series band(const std::string& label, const Style& style,
                            const std::vector<double>& x) const {
    return report::band(label, style, x, mean, low, high, 1);
  }
};

// Noise levels on an even scale: 0 has no place on a logarithmic one.
report::Axis sigma_axis(const Sweep& sweep) {
  report::Axis axis{.label = "*σ*"};
  axis.low = -0.5;
  axis.high = static_cast<double>(sweep.points.size()) + 0.3;  // room for the label of the last
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    axis.ticks.push_back({static_cast<double>(i), number_text(sweep.points[i].sigma)});
  }
  return axis;
}

}  // namespace

Figure figure_through_training(const Diagnosis& diagnosis) {
  std::vector<double> steps, variance, held_out_variance;
  IntervalCurve training, held_out;
  for (const Snapshot& snapshot : diagnosis.through_training) {
    steps.push_back(static_cast<double>(snapshot.step));
    training.add(snapshot.judgement.training_error);
    held_out.add(snapshot.judgement.held_out_error);
    variance.push_back(snapshot.variance.training);
    held_out_variance.push_back(snapshot.variance.held_out);
  }
  Panel errors;
  errors.title = "distance to the partner";
  errors.x = {.label = "step"};
  errors.y = {.label = "median, in units of random partners'", .low = 0};
  errors.series = {training.band("training pairs", kTrainingStyle, steps),
                   held_out.band("held-out pairs", kHeldOutStyle, steps)};
  errors.references = {{false, kRuleExplains, "a rule below"}};
  Panel variances;
  variances.title = "gradient variance";
  variances.x = {.label = "step"};
  variances.y = {.label = "trace of the covariance", .logarithmic = true};
  variances.series = {report::line("training pairs", kTrainingStyle, steps, variance, 1),
                      report::line("held-out pairs", kHeldOutStyle, steps, held_out_variance, 1)};
  return {{errors, variances}, 2};
}

Figure figure_of_pairs(const Diagnosis& diagnosis) {
  std::vector<double> norm[2], distance[2];
  bool logarithmic = true;
  for (const DiagnosedPair& pair : diagnosis.pairs) {
    norm[pair.returned ? 1 : 0].push_back(pair.gradient_norm);
    distance[pair.returned ? 1 : 0].push_back(pair.distance);
    logarithmic = logarithmic && pair.distance > 0 && pair.gradient_norm > 0;
  }
  Panel panel;
  panel.x = {.label = "distance to the partner", .logarithmic = logarithmic};
  panel.y = {.label = "root mean square norm of the pair's gradient", .logarithmic = logarithmic};
  panel.series = {report::points("do not return", kHeldOutStyle, distance[0], norm[0], 0.5),
                  report::points("return", kTrainingStyle, distance[1], norm[1], 0.5)};
  panel.references = {{true, diagnosis.last().judgement.returned_below, "returned"}};
  return {{panel}, 1};
}

Figure figure_of_sweep(const Sweep& sweep) {
  std::vector<double> places, energy_places;
  IntervalCurve remembered, energy;
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    places.push_back(static_cast<double>(i));
    remembered.add(sweep.points[i].snapshot.judgement.remembered);
    if (sweep.points[i].energy.size() < 2) continue;
    energy_places.push_back(static_cast<double>(i));
    energy.add(student_interval(sweep.points[i].energy));
  }
  Panel memory;
  memory.title = "remembered pairs";
  memory.x = sigma_axis(sweep);
  memory.y = {.label = "share beyond luck"};
  memory.legend = Legend::kNone;
  memory.series = {report::error_bars("", kTrainingStyle, places, remembered.mean, remembered.low,
                                      remembered.high)};
  memory.references = {{false, kMemorisedShare, "memorises above"}};
  const auto mark = [&](Panel& panel) {
    if (!sweep.recommended) return;
    panel.references.push_back({true, static_cast<double>(*sweep.recommended), "recommended"});
  };
  mark(memory);
  Figure figure{{memory}, 1};
  if (energy_places.empty()) return figure;
  Panel law;
  law.title = "generalisation";
  law.x = sigma_axis(sweep);
  law.y = {.label = "energy distance to held-out targets"};
  law.legend = Legend::kNone;
  law.series = {
      report::error_bars("", kHeldOutStyle, energy_places, energy.mean, energy.low, energy.high)};
  law.references = {{false, student_interval(sweep.floor).mean, "floor"}};
  mark(law);
  figure.panels.push_back(law);
  figure.columns = 2;
  return figure;
}

}  // namespace gradvar

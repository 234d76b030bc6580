// The phase diagram: the first noise sigma* at which the optimal field varies no more than the
// pairs' own, for every angle of the rotation.

#include <algorithm>
#include <array>
#include <cmath>

#include "io/number_text.h"
#include "tools/report/markup.h"
#include "tools/report/number.h"
#include "tools/studies/gaussian/sampling.h"

namespace gradvar::gaussian {

namespace phase {

namespace {

using nlohmann::json;
using namespace report;

constexpr const char* kName = "gaussian-phase";
constexpr double kPaperNoise = 0.05;
constexpr double kCheckedAngle = 120;
constexpr std::array kFactors = {0.7, 1.4};  // of sigma*: where signs are checked on samples

std::vector<RotatedLaw> laws() {
  return {{"plane", "*d* = 2", isotropic_gaussian(2), 1},
          {"narrow", "*d* = 2, *S* = *I*/4", isotropic_gaussian(2, 0.5), 1},
          {"wide", "*d* = 2, *S* = 4*I*", isotropic_gaussian(2, 2), 1},
          {"one", "*d* = 8, 1 plane", isotropic_gaussian(8), 1},
          {"all", "*d* = 8, 4 planes", isotropic_gaussian(8), 4},
          {"correlated", "*d* = 8, 4 planes, *ρ* = 0.7", correlated_gaussian(8, 0.7, 0), 4}};
}

std::string id_of(const RotatedLaw& law, const Noise& noise) {
  return std::string(kName) + "-" + noise.id + "-" + law.id;
}

std::vector<double> angles(const Preset& preset) {
  std::vector<double> list;
  for (double a = preset.angle_step; a < 179; a += preset.angle_step) list.push_back(a);
  if (list.back() < 175) list.push_back(175);
  return list;
}

PhaseBoundary boundary_of(const RotatedLaw& law, const Noise& noise, double angle) {
  const GaussianSetting s = rotated(law, angle);
  return phase_boundary(s.source(), s.map(), noise.kind);
}

json compute(const RotatedLaw& law, const Noise& noise, const Preset& preset) {
  json results;
  for (const double angle : angles(preset)) {
    const PhaseBoundary boundary = boundary_of(law, noise, angle);
    results["angle"].push_back(angle);
    results["sigma"].push_back(boundary.sigma ? json(*boundary.sigma) : json(nullptr));
    results["reason"].push_back(boundary.reason);
  }
  return results;
}

// Below and above sigma* at one angle, in the plane: samples see the sign.
json check(const Noise& noise, const Preset& preset) {
  const RotatedLaw plane = laws().front();
  const double boundary = boundary_of(plane, noise, kCheckedAngle).sigma.value();
  json results = {{"boundary", boundary}};
  for (const double factor : kFactors) {
    const GaussianSetting noisy =
        with_noise(rotated(plane, kCheckedAngle), noise.kind, factor * boundary);
    results["excess"].push_back(
        difference(sample_traces(at_field(noisy, GaussianField::kOptimal), preset),
                   sample_traces(at_field(noisy, GaussianField::kPairs), preset))
            .values);
  }
  return results;
}

std::vector<double> boundaries(const json& results) {
  std::vector<double> sigma;
  for (const json& value : results.at("sigma")) {
    sigma.push_back(value.is_null() ? NAN : value.get<double>());
  }
  return sigma;
}

Panel panel_of(const Preset& preset, const TaskResults& results, const Noise& noise) {
  Panel panel;
  panel.title = noise.label;
  panel.x = {.label = "angle of the rotation",
             .unit = "degrees",
             .low = 0,
             .high = 180,
             .ticks = {{0, "0"}, {60, "60"}, {120, "120"}, {180, "180"}}};
  panel.y = {.label = "*σ*\\*", .logarithmic = true};
  int index = 0;
  for (const RotatedLaw& law : laws()) {
    panel.series.push_back(line(law.label, series_style(index++), angles(preset),
                                boundaries(results.at(id_of(law, noise))), 2));
  }
  panel.references = {{false, kPaperNoise, "*σ* = 0.05", role::kFloor, 0.02}};
  panel.legend_columns = 3;
  return panel;
}

class Phase final : public Topic {
 public:
  [[nodiscard]] std::vector<Task> tasks(const Preset& preset) const override {
    std::vector<Task> list;
    const std::string step = "angle-step=" + number_text(preset.angle_step);
    for (const Noise& noise : kNoises) {
      for (const RotatedLaw& law : laws()) {
        list.push_back(numbers_task(id_of(law, noise), step,
                                    law.target.mean.size() == 2 ? 500 : 2500,
                                    [=] { return compute(law, noise, preset); }));
      }
      list.push_back(numbers_task(std::string(kName) + "-check-" + noise.id, settings_text(preset),
                                  600, [=] { return check(noise, preset); }));
    }
    return list;
  }

  [[nodiscard]] std::vector<Statement> statements(const Preset& preset,
                                                  const TaskResults& results) const override {
    double least = INFINITY, most = 0;
    bool falling = true;
    std::string none, why;  // where any noise will do
    for (const Noise& noise : kNoises) {
      for (const RotatedLaw& law : laws()) {
        const json& r = results.at(id_of(law, noise));
        const std::vector<double> sigma = boundaries(r);
        for (std::size_t i = 0; i < sigma.size(); ++i) {
          if (i > 0 && sigma[i - 1] > 0 && !(sigma[i] < sigma[i - 1])) falling = false;
          if (sigma[i] > 0) least = std::min(least, sigma[i]);
          most = std::max(most, sigma[i]);
          if (sigma[i] == 0 && (i == 0 || sigma[i - 1] > 0)) {
            none += std::string(none.empty() ? "" : ", ") + law.label + " with " + noise.label +
                    " from " + number_text(angles(preset)[i]) + "° on";
            if (why.empty()) why = r.at("reason")[i].get<std::string>();
          }
        }
      }
    }
    std::string known, measured;
    bool signs = true;
    for (const Noise& noise : kNoises) {
      const json& r = results.at(std::string(kName) + "-check-" + noise.id);
      known += std::string(known.empty() ? "" : ", ") + exact_text(r.at("boundary").get<double>()) +
               " with " + noise.label;
      const Spread below{r.at("excess")[0].get<std::vector<double>>()};
      const Spread above{r.at("excess")[1].get<std::vector<double>>()};
      signs = signs && below.interval().low > 0 && above.interval().high < 0;
      measured += std::string(measured.empty() ? "" : "; ") + noise.label + " " +
                  below.interval_text() + " and " + above.interval_text();
    }
    return {
        {"Which field varies less is decided by a boundary *σ*\\*(angle) that falls as the "
         "angle grows",
         "120°, *d* = 2: " + known + ". Over all settings and angles drawn, from " +
             exact_text(most) + " down to " + exact_text(least) +
             (falling ? "; it falls with the angle in every setting"
                      : "; it does not fall in every setting") +
             (none.empty() ? "" : "; 0 for " + none + ": " + literal(why)),
         "optimal − own at " + number_text(kFactors[0]) + " *σ*\\* and " +
             number_text(kFactors[1]) + " *σ*\\*, 120°, *d* = 2, " + seeds_text(preset) + ": " +
             measured,
         "Shown when the boundary falls in every setting and the intervals lie above 0 at the "
         "first noise and below it at the second; partly when one of the two holds",
         signs && falling   ? Verdict::kShown
         : signs || falling ? Verdict::kPartly
                            : Verdict::kNotShown}};
  }

  void tell(const Preset& preset, const TaskResults& results, Paper& paper) const override {
    paper.report.subsection("The phase diagram");
    Figure figure{{panel_of(preset, results, kNoises[0]), panel_of(preset, results, kNoises[1])},
                  2};
    figure.panel_height = 420;
    tell_figure(
        kName, figure,
        "Above a line the gradient variance is lower at the optimal field, below it at the "
        "pairs' own. Exact: each point is a root, found to ten digits. "
        "Targets N(*m*, *S*), *S* = *I* unless said; *ρ*: *S*_{ij} = "
        "*ρ*^{|i−j|}. At half a turn the lines meet and any noise makes the variance at "
        "the own field infinite: the lines go to 0. One that ends earlier is 0 from its next "
        "angle on: a correlated target brings the singular time sooner.",
        "no sampling", "", paper);
    tell_statements(kName, statements(preset, results), paper);
  }
};

}  // namespace
}  // namespace phase

std::unique_ptr<Topic> make_phase() { return std::make_unique<phase::Phase>(); }

}  // namespace gradvar::gaussian

// Rotation in one plane and in all planes against dimension, at the optimal field.

#include <array>
#include <cmath>

#include "tools/report/number.h"
#include "tools/studies/gaussian/sampling.h"

namespace gradvar::gaussian {

namespace dimension {

namespace {

using nlohmann::json;
using namespace report;

constexpr const char* kName = "gaussian-dimension";
constexpr double kAngle = 120;
constexpr std::array<std::int64_t, 9> kDims = {2, 3, 4, 6, 8, 12, 16, 32, 64};
constexpr std::array<std::int64_t, 4> kSampled = {2, 4, 8, 16};

struct CouplingCase {
  const char* id;
  const char* label;
  Style style;
};
const std::array kPairs = {
    CouplingCase{
        "one", "rotated in one plane", {Colour::kVermillion, Dash::kSolid, Marker::kTriangle}},
    CouplingCase{
        "all", "rotated in all planes", {Colour::kPurple, Dash::kDashDotted, Marker::kSquare}},
    CouplingCase{"random", "random pairs", {Colour::kBlue, Dash::kDashed, Marker::kCircle}}};

GaussianSetting setting(const CouplingCase& pairs, std::int64_t dim) {
  const std::string id = pairs.id;
  if (id == "random") return independent(dim);
  return rotated(dim, kAngle, id == "one" ? 1 : dim / 2);
}

json compute(const CouplingCase& pairs, const Preset& preset) {
  json results;
  for (const std::int64_t dim : kDims) {
    const GaussianVariance exact = setting(pairs, dim).theory().over();
    results["exact"].push_back(exact.whole().trace);
    results["theta"].push_back(exact.theta.trace);
  }
  for (const std::int64_t dim : kSampled) {
    results["sampled"].push_back(to_json(compare(setting(pairs, dim), preset)));
  }
  return results;
}

const json& results_of(const TaskResults& results, const CouplingCase& pairs) {
  return results.at(std::string(kName) + "-" + pairs.id);
}

// The exponent of d between the two largest.
double exponent(const std::vector<double>& values) {
  const std::size_t n = kDims.size();
  return std::log(values[n - 1] / values[n - 2]) /
         std::log(static_cast<double>(kDims[n - 1]) / static_cast<double>(kDims[n - 2]));
}

Panel panel_of(const TaskResults& results, const std::string& title, const std::string& label,
               bool per_parameter) {
  Panel panel;
  panel.title = title;
  panel.x = {.label = "dimension *d*",
             .logarithmic = true,
             .ticks = {{2, "2"}, {4, "4"}, {8, "8"}, {16, "16"}, {32, "32"}, {64, "64"}}};
  panel.y = {.label = label, .logarithmic = true};
  const auto share = [&](std::int64_t dim) {
    const auto d = static_cast<double>(dim);
    return per_parameter ? 1 / (d + d * d) : 1.0;
  };
  for (const CouplingCase& pairs : kPairs) {
    const json& r = results_of(results, pairs);
    std::vector<double> x, y, at, mean, low, high;
    for (std::size_t i = 0; i < kDims.size(); ++i) {
      x.push_back(static_cast<double>(kDims[i]));
      y.push_back(r.at("exact")[i].get<double>() * share(kDims[i]));
    }
    for (std::size_t i = 0; i < kSampled.size(); ++i) {
      const Interval interval = comparison_from(r.at("sampled")[i]).measured.interval();
      at.push_back(static_cast<double>(kSampled[i]));
      mean.push_back(interval.mean * share(kSampled[i]));
      low.push_back(interval.low * share(kSampled[i]));
      high.push_back(interval.high * share(kSampled[i]));
    }
    panel.series.push_back(line(pairs.label, pairs.style, x, y));
    panel.series.push_back(error_bars("", pairs.style, at, mean, low, high));
  }
  panel.legend_columns = 2;
  return panel;
}

class Dimension final : public Topic {
 public:
  [[nodiscard]] std::vector<Task> tasks(const Preset& preset) const override {
    std::vector<Task> list;
    for (const CouplingCase& pairs : kPairs) {
      list.push_back(numbers_task(std::string(kName) + "-" + pairs.id, settings_text(preset), 1500,
                                  [=] { return compute(pairs, preset); }));
    }
    return list;
  }

  [[nodiscard]] std::vector<Statement> statements(const Preset& preset,
                                                  const TaskResults& results) const override {
    std::string exact;
    std::vector<Comparison> all;
    bool growing = true;
    for (const CouplingCase& pairs : kPairs) {
      const json& r = results_of(results, pairs);
      const auto values = r.at("exact").get<std::vector<double>>();
      for (std::size_t i = 1; i < values.size(); ++i)
        growing = growing && values[i] > values[i - 1];
      exact += std::string(exact.empty() ? "" : "; ") + pairs.label + ": " +
               exact_text(values.front()) + " in *d* = 2, " + exact_text(values.back()) +
               " in *d* = 64, there as *d*^{" + format_number(exponent(values), 3) + "}";
      for (const json& cell : r.at("sampled")) all.push_back(comparison_from(cell));
    }
    const Agreement agree = agreement(all);
    return {{"A rotation's gradient variance grows with the dimension, also where lines never meet",
             exact, seeds_text(preset) + ": " + agree.text(),
             "Shown when the exact variance of all pairs grows at every step and all exact values "
             "are inside, partly when only the first holds",
             growing && agree.holds() ? Verdict::kShown
             : growing                ? Verdict::kPartly
                                      : Verdict::kNotShown}};
  }

  void tell(const Preset& preset, const TaskResults& results, Paper& paper) const override {
    paper.report.subsection("One plane, all planes, and the dimension");
    Figure figure{{panel_of(results, "the whole gradient", "tr Cov", false),
                   panel_of(results, "one parameter", "tr Cov / (*d* + *d*²)", true)},
                  2};
    tell_figure(kName, figure,
                "Gradient variance at the optimal field against the dimension, N(0, *I*) to "
                "N(*m*, *I*), rotated by 120° in one plane or in all (of an odd dimension one "
                "coordinate is left as it is). Lines: closed form.",
                seeds_text(preset), "bars: 95 % interval of the mean over batches (Student)",
                paper);
    tell_statements(kName, statements(preset, results), paper);
  }
};

}  // namespace
}  // namespace dimension

std::unique_ptr<Topic> make_dimension() { return std::make_unique<dimension::Dimension>(); }

}  // namespace gradvar::gaussian

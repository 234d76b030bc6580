// Lemma 2: rectifying an already straight coupling changes nothing.
//
// A rectification trains a flow on pairs and pairs each source with where the flow takes it. Random
// pairs are the control: paths of their flow bend, and the first rectification straightens them.

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/report/number.h"
#include "tools/studies/gaussian/rectification.h"
#include "tools/studies/gaussian/topic.h"

namespace gradvar::gaussian {

namespace lemma_2 {

namespace {

using nlohmann::json;
using namespace report;

constexpr const char* kName = "gaussian-lemma-2";
constexpr double kStraight = 1e-18;  // of the squared speed
constexpr double kUnmoved = 1e-9;    // of the distance between random partners
constexpr std::array<std::int64_t, 2> kDims = {2, 10};

struct CouplingCase {
  StartingPairs pairs;
  const char* id;
  const char* label;
  Colour colour;
  Marker marker;
};
constexpr std::array kCouplings = {
    CouplingCase{StartingPairs::kOptimal, "optimal", "optimal", Colour::kGreen, Marker::kDiamond},
    CouplingCase{StartingPairs::kRotated, "rotated", "rotated", Colour::kVermillion,
                 Marker::kTriangle},
    CouplingCase{StartingPairs::kRandom, "random", "random", Colour::kBlue, Marker::kCircle}};

std::string id_of(const CouplingCase& c, std::int64_t dim) {
  return std::string(kName) + "-" + c.id + "-dim-" + std::to_string(dim);
}

std::vector<double> numbers_with_gaps(const json& list) {
  std::vector<double> values;
  for (const json& x : list) values.push_back(x.is_null() ? NAN : x.get<double>());
  return values;
}

Panel paths_panel(const TaskResults& results) {
  const json& r = results.at(id_of(kCouplings[2], 2));
  Panel panel;
  panel.title = "random pairs, *d* = 2";
  panel.x.label = "first coordinate";
  panel.y.label = "second coordinate";
  for (const auto& [round, label, style] :
       {std::tuple("first", "first flow", Style{Colour::kBlue, Dash::kSolid}),
        std::tuple("second", "after rectification", Style{Colour::kOrange, Dash::kDashed})}) {
    const json& paths = r.at(round).at("paths");
    panel.series.push_back(line(label, style.with_width(1.5), numbers_with_gaps(paths.at("x")),
                                numbers_with_gaps(paths.at("y"))));
  }
  return panel;
}

Panel rounds_panel(const TaskResults& results, const char* what, const std::string& title,
                   const std::string& label, double foot) {
  Panel panel;
  panel.title = title;
  panel.x = {
      .label = "rectification", .low = 0.7, .high = 2.3, .ticks = {{1, "first"}, {2, "second"}}};
  panel.y = {.label = label, .logarithmic = true, .low = foot, .high = 10};
  for (const CouplingCase& c : kCouplings) {
    for (const std::int64_t dim : kDims) {
      const json& r = results.at(id_of(c, dim));
      std::vector<double> y;
      for (const char* round : {"first", "second"}) {
        y.push_back(std::max(r.at(round).at(what).get<double>(), foot));
      }
      panel.series.push_back(line(std::string(c.label) + ", *d* = " + std::to_string(dim),
                                  {c.colour, dim == 2 ? Dash::kSolid : Dash::kDotted, c.marker},
                                  {1, 2}, y, 1));
    }
  }
  panel.legend_columns = 2;
  return panel;
}

Panel euler_panel(const TaskResults& results) {
  Panel panel;
  panel.title = "random pairs, *d* = 2 and 10";
  panel.x = {.label = "Euler steps", .logarithmic = true};
  panel.y = {.label = "distance to the end / random partners", .logarithmic = true};
  const std::vector<double> steps(kEulerSteps.begin(), kEulerSteps.end());
  for (const auto& [round, label, colour, marker] :
       {std::tuple("first", "first flow", Colour::kBlue, Marker::kCircle),
        std::tuple("second", "rectified", Colour::kOrange, Marker::kTriangle)}) {
    for (const std::int64_t dim : kDims) {
      auto y =
          results.at(id_of(kCouplings[2], dim)).at(round).at("euler").get<std::vector<double>>();
      for (double& value : y) value = std::max(value, 1e-17);
      panel.series.push_back(line(std::string(label) + ", *d* = " + std::to_string(dim),
                                  {colour, dim == 2 ? Dash::kSolid : Dash::kDotted, marker}, steps,
                                  y, 1));
    }
  }
  panel.legend_columns = 2;
  return panel;
}

class Lemma2 final : public Topic {
 public:
  [[nodiscard]] std::vector<Task> tasks(const Preset& preset) const override {
    std::vector<Task> list;
    for (const CouplingCase& c : kCouplings) {
      for (const std::int64_t dim : kDims) {
        list.push_back(numbers_task(id_of(c, dim), "sources=" + std::to_string(preset.sources), 300,
                                    [=] { return rectify_twice(c.pairs, dim, preset.sources); }));
      }
    }
    return list;
  }

  [[nodiscard]] std::vector<Statement> statements(const Preset& preset,
                                                  const TaskResults& results) const override {
    double bend = 0, moved = 0, change = 0;
    double control_bend = INFINITY, control_moved = INFINITY;
    for (const CouplingCase& c : kCouplings) {
      for (const std::int64_t dim : kDims) {
        const json& r = results.at(id_of(c, dim));
        const auto of = [&](const char* round, const char* what) {
          return r.at(round).at(what).get<double>();
        };
        bend = std::max(bend, of("second", "straightness"));
        moved = std::max(moved, of("second", "moved"));
        change = std::max(change, r.at("map_change").get<double>());
        if (c.pairs == StartingPairs::kRandom) {
          control_bend = std::min(control_bend, of("first", "straightness"));
          control_moved = std::min(control_moved, of("first", "moved"));
        } else {
          bend = std::max(bend, of("first", "straightness"));
          moved = std::max(moved, of("first", "moved"));
        }
      }
    }
    return {
        {"Rectifying a straight coupling changes nothing (Lemma 2): optimal or rotated at once, "
         "random pairs from the second time on",
         "0 for the bend of the paths and for the way partners move",
         format_integer(preset.sources) + " sources, adaptive solver: bend at most " +
             format_number(bend, 2) + " of the squared speed, partners moved by at most " +
             format_number(moved, 2) +
             " of the distance between random ones, entries of the map changed by at most " +
             format_number(change, 2) + ". Control, the first rectification of random pairs: " +
             format_number(control_bend, 2) + " and " + format_number(control_moved, 2),
         "Shown when they bend by at most " + format_number(kStraight, 1) +
             " and move by at most " + format_number(kUnmoved, 1),
         bend <= kStraight && moved <= kUnmoved ? Verdict::kShown : Verdict::kNotShown}};
  }

  void tell(const Preset& preset, const TaskResults& results, Paper& paper) const override {
    paper.report.subsection("Lemma 2: a second rectification changes nothing");
    const std::string sources = format_integer(preset.sources) + " sources";
    tell_figure(kName,
                {{rounds_panel(results, "straightness", "how much paths bend",
                               "bend / squared speed", 1e-34),
                  rounds_panel(results, "moved", "how far partners move", "moved / random partners",
                               1e-17)},
                 2},
                "What a first and a second rectification do to pairs that are optimal, rotated by "
                "120°, or random. Exact flows, N(0, *I*) to N(*m*, *S*) with *S*_{ij} = "
                "0.7^{|i−j|} and means of 2; zeros are drawn at the foot.",
                sources, "", paper);
    tell_figure(std::string(kName) + "-paths", {{paths_panel(results), euler_panel(results)}, 2},
                "What the first rectification is for. Left: paths of the flow of random pairs, and "
                "of the flow of the pairs it makes. Right: how far Euler steps miss the ends; the "
                "rectified flow needs one.",
                sources, "", paper);
    tell_statements(kName, statements(preset, results), paper);
  }
};

}  // namespace
}  // namespace lemma_2

std::unique_ptr<Topic> make_lemma_2() { return std::make_unique<lemma_2::Lemma2>(); }

}  // namespace gradvar::gaussian

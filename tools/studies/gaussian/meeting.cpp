// Do lines meet? Two random training lines: how likely they cross, and how near they come.
//
// At one time t two lines are D(t) = (1-t) a + t b apart, a = x0 - x0', b = x1 - x1'. For random
// pairs between standard normals a, b ~ N(0, 2I): the distance of the whole line through a and b
// from the origin is chi with d - 1 degrees of freedom, and the nearest point lies inside (0, 1)
// with probability P(|T_d| < sqrt d), T Student's; the two are independent. It is the end at t = 0
// when <a, b> > |a|^2, which given |a| = sqrt 2 u has probability P(Z > u), Z normal and u chi with
// d degrees of freedom; the other end is alike, and the three exclude each other. Rotated by half a
// turn in one plane all lines meet in that plane at t = 1/2, and the other d - 2 coordinates keep
// them sqrt 2 chi_{d-2} apart.
//
// As curves, whatever the times, two segments between four independent normal points of the plane
// cross with probability 1 - (2/pi) arccos(1/3): a third of that of four points in convex position
// (a random projection of the regular tetrahedron: Baryshnikov and Vitale, "Regular simplices and
// Gaussian samples", 1994).

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "autograd/random.h"
#include "flow/intervals.h"
#include "flow/quadrature.h"
#include "io/number_text.h"
#include "tools/report/number.h"
#include "tools/studies/gaussian/lines.h"
#include "tools/studies/gaussian/topic.h"

namespace gradvar::gaussian {

namespace meeting {

namespace {

using nlohmann::json;
using namespace report;

constexpr const char* kName = "gaussian-meeting";
constexpr std::array<std::int64_t, 7> kDims = {2, 3, 4, 5, 10, 20, 50};
constexpr std::array kNear = {0.01, 0.1, 0.5};  // closer than this at one time: they "meet"
constexpr std::array kQuantiles = {0.05, 0.5, 0.95};
constexpr std::array kKinds = {"random", "half-turn"};

// P(two random lines are nearest at t = 0, and closer than `near` there).
double nearest_at_start(double d, double near) {
  const Quadrature rule = gauss_legendre(64, 0, near / std::numbers::sqrt2);
  const double normaliser = (d / 2 - 1) * std::numbers::ln2 + std::lgamma(d / 2);
  double sum = 0;
  for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
    const double u = rule.nodes[i];
    const double chi_density = std::exp((d - 1) * std::log(u) - u * u / 2 - normaliser);
    sum += rule.weights[i] * chi_density * std::erfc(u / std::numbers::sqrt2) / 2;
  }
  return sum;
}

// P(two lines come closer than `near` at one time in [0, 1]).
double exact(const std::string& kind, std::int64_t dim, double near) {
  const auto d = static_cast<double>(dim);
  if (kind == "half-turn") return chi_probability(near / std::numbers::sqrt2, dim - 2);
  const double inside = 2 * student_probability(std::sqrt(d), d) - 1;
  return inside * chi_probability(near, dim - 1) + 2 * nearest_at_start(d, near);
}

double exact_crossing() { return 1 - 2 / std::numbers::pi * std::acos(1.0 / 3); }

// The other end of the line from x.
void partner(const std::string& kind, std::span<const double> x, std::span<double> y) {
  if (kind != "half-turn") return;  // drawn by itself
  std::copy(x.begin(), x.end(), y.begin());
  y[0] = -x[0];
  y[1] = -x[1];
}

json compute(const std::string& kind, std::int64_t dim, std::int64_t count) {
  const RandomStream sources(0, Purpose::kSource), targets(0, Purpose::kTarget);
  const auto d = static_cast<std::size_t>(dim);
  std::vector<double> x0(2 * d), x1(2 * d), same_time, any_time;
  std::array<std::int64_t, kNear.size()> near{};
  std::int64_t crossings = 0;
  for (std::int64_t n = 0; n < count; ++n) {
    const auto sample = static_cast<std::uint32_t>(n);
    sources.normals<double>(0, sample, x0);
    targets.normals<double>(0, sample, x1);
    const std::span from(x0), to(x1);
    for (const std::size_t which : {std::size_t{0}, d}) {
      partner(kind, from.subspan(which, d), to.subspan(which, d));
    }
    const LinePair lines{from.first(d), to.first(d), from.subspan(d), to.subspan(d)};
    const Approach approach = nearest_at_one_time(lines);
    for (std::size_t k = 0; k < kNear.size(); ++k) {
      near[k] += approach.distance < kNear[k] ? 1 : 0;
    }
    if (dim == 2) crossings += segments_cross(lines) ? 1 : 0;
    same_time.push_back(approach.distance);
    any_time.push_back(nearest_at_any_times(lines));
  }
  json results = {{"count", count}, {"near", near}, {"crossings", crossings}};
  for (auto& [name, distances] :
       {std::pair("same_time", &same_time), std::pair("any_time", &any_time)}) {
    std::sort(distances->begin(), distances->end());
    for (const double q : kQuantiles) {
      const auto at = static_cast<std::size_t>(q * static_cast<double>(distances->size() - 1));
      results[name].push_back((*distances)[at]);
    }
  }
  return results;
}

std::string id_of(const std::string& kind, std::int64_t dim) {
  return std::string(kName) + "-" + kind + "-dim-" + std::to_string(dim);
}

std::vector<double> dims() { return {kDims.begin(), kDims.end()}; }

Axis dimension_axis() {
  return {.label = "dimension *d*",
          .logarithmic = true,
          .low = 1.8,
          .high = 55,
          .ticks = {{2, "2"}, {3, "3"}, {5, "5"}, {10, "10"}, {20, "20"}, {50, "50"}}};
}

// Shares of pairs of lines that come near, exact and counted.
Panel near_panel(const TaskResults& results, const std::string& kind, const std::string& title) {
  Panel panel;
  panel.title = title;
  panel.x = dimension_axis();
  panel.y = {.label = "probability", .logarithmic = true, .low = 1e-6, .high = 2};
  for (std::size_t k = 0; k < kNear.size(); ++k) {
    const Style style = series_style(static_cast<int>(k));
    std::vector<double> law, share;
    for (const std::int64_t dim : kDims) {
      const json& r = results.at(id_of(kind, dim));
      law.push_back(exact(kind, dim, kNear[k]));
      const double s = r.at("near")[k].get<double>() / r.at("count").get<double>();
      share.push_back(s > 0 ? s : NAN);
    }
    panel.series.push_back(line("nearer than " + number_text(kNear[k]), style, dims(), law));
    panel.series.push_back(points("", style, dims(), share));
  }
  panel.legend_columns = 3;
  return panel;
}

Panel quantile_panel(const TaskResults& results, const std::string& kind,
                     const std::string& title) {
  Panel panel;
  panel.title = title;
  panel.x = dimension_axis();
  panel.y = {.label = "closest approach", .low = 0};
  const auto add = [&](const char* name, const char* label, const Style& style) {
    std::vector<double> low, middle, high;
    for (const std::int64_t dim : kDims) {
      const json& q = results.at(id_of(kind, dim)).at(name);
      low.push_back(q[0].get<double>());
      middle.push_back(q[1].get<double>());
      high.push_back(q[2].get<double>());
    }
    panel.series.push_back(band(label, style, dims(), middle, low, high, 1));
  };
  add("same_time", "at one time", {Colour::kBlue, Dash::kSolid, Marker::kCircle});
  add("any_time", "as curves, at any two times",
      {Colour::kOrange, Dash::kDashed, Marker::kTriangle});
  return panel;
}

class Meeting final : public Topic {
 public:
  [[nodiscard]] std::vector<Task> tasks(const Preset& preset) const override {
    std::vector<Task> list;
    for (const char* kind : kKinds) {
      for (const std::int64_t dim : kDims) {
        list.push_back(numbers_task(
            id_of(kind, dim), "near at any time, line-pairs=" + std::to_string(preset.line_pairs),
            100 + 10 * dim, [=] { return compute(kind, dim, preset.line_pairs); }));
      }
    }
    return list;
  }

  [[nodiscard]] std::vector<Statement> statements(const Preset&,
                                                  const TaskResults& results) const override {
    // Every count beside its law: binomial, normal intervals that hold together with 95 %.
    const auto tests = static_cast<double>(kKinds.size() * kDims.size() * kNear.size() + 1);
    int inside = 0;
    const auto agrees = [&](double p, double hits, double count) {
      const double z = student_quantile(1 - 0.025 / tests, count);
      const bool fits = std::abs(hits - count * p) <= z * std::sqrt(count * p * (1 - p)) + 1;
      inside += fits ? 1 : 0;
    };
    for (const char* kind : kKinds) {
      for (const std::int64_t dim : kDims) {
        const json& r = results.at(id_of(kind, dim));
        for (std::size_t k = 0; k < kNear.size(); ++k) {
          agrees(exact(kind, dim, kNear[k]), r.at("near")[k].get<double>(),
                 r.at("count").get<double>());
        }
      }
    }
    const json& plane = results.at(id_of("random", 2));
    const auto count = plane.at("count").get<double>();
    agrees(exact_crossing(), plane.at("crossings").get<double>(), count);
    std::string near_exact, near_measured;
    for (const std::int64_t dim : {2, 3, 5, 10}) {
      const json& r = results.at(id_of("random", dim));
      const std::string at = " in *d* = " + std::to_string(dim);
      near_exact +=
          (near_exact.empty() ? "" : ", ") + format_number(exact("random", dim, kNear[1]), 2) + at;
      near_measured += (near_measured.empty() ? "" : ", ") +
                       format_number(r.at("near")[1].get<double>() / count, 2) + at;
    }
    const bool holds = inside == static_cast<int>(tests);
    return {{"In more than two dimensions two training lines almost surely never meet",
             "random pairs as curves: cross with probability 1 − (2/π) arccos(1/3) = " +
                 exact_text(exact_crossing()) +
                 " in *d* = 2, 0 above. At one time they meet with probability 0 from *d* = 2 on, "
                 "and come nearer than 0.1 with probability " +
                 near_exact,
             format_integer(static_cast<std::int64_t>(count)) + " pairs of lines: " +
                 format_number(plane.at("crossings").get<double>() / count, 4) +
                 " cross in *d* = 2; nearer than 0.1: " + near_measured + ". " +
                 std::to_string(inside) + " of " + std::to_string(static_cast<int>(tests)) +
                 " counts inside their binomial intervals (together 95 %)",
             "Shown when all counts are inside", holds ? Verdict::kShown : Verdict::kNotShown}};
  }

  void tell(const Preset& preset, const TaskResults& results, Paper& paper) const override {
    paper.report.subsection("Do lines meet?");
    paper.report.paragraph(
        "A field has one velocity at a place and a time, so what matters is whether two lines are "
        "at one place at one time. Already in the plane that has probability zero for random "
        "pairs: what crosses there are curves, passed at different times. A rotation by half a "
        "turn is the exception, and only in the plane.");
    Figure figure{{near_panel(results, "random", "random pairs, at one time"),
                   near_panel(results, "half-turn", "half a turn in one plane, at one time"),
                   quantile_panel(results, "random", "random pairs"),
                   quantile_panel(results, "half-turn", "half a turn in one plane")},
                  2};
    tell_figure(kName, figure,
                "Two random training lines between N(0, *I*) and N(0, *I*). Above: probability "
                "that they come nearer than a distance at one time from 0 to 1; lines exact, "
                "marks counted (none where none was seen). Below: how near they come, median and "
                "5 to 95 %.",
                format_integer(preset.line_pairs) + " pairs of lines", "", paper);
    tell_statements(kName, statements(preset, results), paper);
  }
};

}  // namespace
}  // namespace meeting

std::unique_ptr<Topic> make_meeting() { return std::make_unique<meeting::Meeting>(); }

}  // namespace gradvar::gaussian

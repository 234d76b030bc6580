#include "tools/identifiability/report.h"

#include <cmath>
#include <set>

#include "io/number_text.h"
#include "tools/machine.h"
#include "tools/report/html.h"
#include "tools/report/markup.h"
#include "tools/report/number.h"

namespace gradvar {

namespace {

using namespace report;

// Noise of size 0 has no place on a logarithmic axis.
std::vector<std::size_t> drawn_levels(const IdentifiabilityCurve& curve) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < curve.sigmas.size(); ++i) {
    if (curve.sigmas[i] > 0) places.push_back(i);
  }
  return places;
}

Figure figure_over_noise(const IdentifiabilityCurve& curve) {
  std::vector<double> sigma, share, floor;
  for (const std::size_t i : drawn_levels(curve)) {
    sigma.push_back(curve.sigmas[i]);
    share.push_back(curve.at[i].information.value / curve.log_pairs());
    floor.push_back(curve.at[i].loss_floor.value);
  }
  const Axis noise{.label = "noise *σ*", .logarithmic = true};
  Panel information;
  information.title = "what a point tells";
  information.x = noise;
  information.y = {.label = "*I* / log *N*", .low = 0, .high = 1};
  information.legend = Legend::kNone;
  information.series = {line("", {Colour::kBlue, Dash::kSolid, Marker::kCircle}, sigma, share, 1)};
  information.references = {{false, 0.5, "half"}};
  Panel floors;
  floors.title = "what no field gets below";
  floors.x = noise;
  floors.y = {.label = "loss floor", .low = 0};
  floors.legend = Legend::kNone;
  floors.series = {
      line("", {Colour::kVermillion, Dash::kSolid, Marker::kTriangle}, sigma, floor, 1)};
  if (curve.half) {
    for (Panel* panel : {&information, &floors}) {
      panel->references.push_back({true, curve.half->value, ""});
    }
  }
  return {{information, floors}, 2};
}

// Five levels, from nearly all to hardly anything.
Figure figure_over_time(const IdentifiabilityCurve& curve) {
  Panel panel;
  panel.x = {.label = "time *t*", .low = curve.options.t_begin, .high = curve.options.t_end};
  panel.y = {.label = "*I* / log *N* given *t*", .low = 0, .high = 1};
  panel.legend = Legend::kRight;
  std::set<std::size_t> chosen;
  for (const double share : {0.95, 0.75, 0.5, 0.25, 0.05}) {
    std::size_t nearest = 0;
    const auto apart = [&](std::size_t i) {
      return std::abs(curve.at[i].information.value / curve.log_pairs() - share);
    };
    for (std::size_t i = 0; i < curve.at.size(); ++i) {
      if (apart(i) < apart(nearest)) nearest = i;
    }
    chosen.insert(nearest);
  }
  int style = 0;
  for (const std::size_t i : chosen) {
    std::vector<double> t, share;
    for (const PairIdentifiability::AtTime& at : curve.at[i].by_time) {
      t.push_back(at.t);
      share.push_back(at.information / curve.log_pairs());
    }
    panel.series.push_back(
        line("*σ* = " + number_text(curve.sigmas[i]), series_style(style++), t, share, 2));
  }
  return {{panel}, 1};
}

Table level_rows(const IdentifiabilityCurve& curve) {
  Table table;
  table.columns = {{"*σ*"},        {"*I*", Align::kRight, "nats"},
                   {"error"},      {"of log *N*"},
                   {"loss floor"}, {"error"}};
  for (std::size_t i = 0; i < curve.sigmas.size(); ++i) {
    const auto& [floor, information, by_time] = curve.at[i];
    table.rows.push_back({number_text(curve.sigmas[i]), format_number(information.value, 5),
                          format_number(information.standard_error, 2),
                          format_number(100 * information.value / curve.log_pairs(), 3) + " %",
                          format_number(floor.value, 5), format_number(floor.standard_error, 2)});
  }
  return table;
}

std::string half_text(const IdentifiabilityCurve& curve) {
  if (!curve.half) {
    return "No noise level was found at which half of log *N* is lost: pairs that repeat say less "
           "than that even without noise, and times next to an end of a bridge more with any.";
  }
  return "Half of log *N* is lost at *σ* = **" +
         format_plus_minus(curve.half->value, curve.half->standard_error) +
         "** ([[over-noise]]): with less noise the training points mostly name their pairs, with "
         "more they mostly do not.";
}

}  // namespace

void write_identifiability_report(const std::filesystem::path& directory,
                                  const IdentifiabilityCurve& curve, const std::string& subject,
                                  const std::string& command) {
  Report page("How identifiable is a pair?", subject);
  const auto figure = [&](const char* name, const Figure& what, const std::string& text) {
    page.figure(write_figure(what, directory / "figures", name), {text, "", "", command});
  };
  page.lead(half_text(curve));
  page.lead(
      "This is a property of the pairs and of the noise, known before any training. It bounds what "
      "a flow can learn about who is whose partner; whether a network learns it is another "
      "question: low noise does not make one memorise, and the weights have to find what the "
      "points tell.");
  page.section("Over noise");
  figure("over-noise", figure_over_noise(curve),
         "*I*(pair; *x*_{t} | *t*) = log *N* − E *H*(*w*), *w* the posterior of the pair given a "
         "training point, as a share of log *N*; and the least loss that any field has on these "
         "pairs. The vertical line is where half of log *N* is lost.");
  page.table("levels", level_rows(curve),
             {"The sum over pairs is complete and *t* is integrated by Gauss-Legendre; errors are "
              "standard errors of the noise drawn, the same for all levels.",
              "", "", command});
  page.section("Over time");
  figure("over-time", figure_over_time(curve), "The same given *t*, for some noise levels.");
  page.section("How to make this again");
  page.code(command);
  page.definitions({{"Pairs", format_integer(curve.pairs)},
                    {"Noise", curve.interpolant.kind == InterpolantKind::kBridge
                                  ? "*σ* √(*t*(1−*t*)) *z*, a bridge's"
                                  : "*σ* *z*, constant"},
                    {"Times", format_integer(curve.options.nodes) + " Gauss-Legendre nodes on [" +
                                  format_number(curve.options.t_begin, 3) + ", " +
                                  format_number(curve.options.t_end, 3) + "]"},
                    {"Draws of noise", format_integer(curve.options.replicates) +
                                           " for each pair and node, seed " +
                                           std::to_string(curve.options.seed)}});
  page.machine(describe_machine());
  page.write(directory / "report.html");
}

}  // namespace gradvar

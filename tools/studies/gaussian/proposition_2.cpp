// Proposition 2: the memorising field, integrated from training sources, returns their partners.
// And what happens when a solver asks at t = 1/2, where all lines of Counter-example 1 meet.

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/report/markup.h"
#include "tools/report/number.h"
#include "tools/studies/gaussian/memorising.h"
#include "tools/studies/training_study.h"

namespace gradvar::gaussian {

namespace proposition_2 {

namespace {

using nlohmann::json;
using namespace report;

constexpr const char* kName = "gaussian-proposition-2";
constexpr double kReturned = 1e-9;  // of the distance between random partners
constexpr double kFoot = 1e-17;     // where a zero is drawn

std::string id_of(const MemorisingCase& c) { return std::string(kName) + "-" + c.id; }

// All rows of one case whose solver does, or does not, ask at t = 1/2.
struct Tally {
  int returned = 0, refused = 0, all = 0;
  double largest = 0;
};
Tally tally(const json& rows, bool at_half) {
  Tally tally;
  for (const json& row : rows) {
    if (row.at("at_half").get<bool>() != at_half) continue;
    ++tally.all;
    if (!row.at("error").is_null()) {
      ++tally.refused;
      continue;
    }
    const auto largest = row.at("largest").get<double>();
    tally.largest = std::max(tally.largest, largest);
    tally.returned += largest <= kReturned ? 1 : 0;
  }
  return tally;
}

std::string solvers_text(int count, int all) {
  return std::to_string(count) + " of " + std::to_string(all) + " solvers";
}

Statement random_pairs(const TaskResults& results) {
  Tally sum;
  std::string settings;
  for (const MemorisingCase& c : memorising_cases()) {
    if (c.crossing) continue;
    for (const bool at_half : {false, true}) {
      const Tally t = tally(results.at(id_of(c)).at("rows"), at_half);
      sum.returned += t.returned;
      sum.all += t.all;
      sum.largest = std::max(sum.largest, t.largest);
    }
    settings += (settings.empty() ? "" : ", ") + std::string(c.label);
  }
  return {
      "For finitely many fixed pairs the memorising field takes every training source to its "
      "partner (Proposition 2)",
      "distance 0: along its own line a source is nearest to that line",
      settings + ": returned by " + std::to_string(sum.returned) + " of " +
          std::to_string(sum.all) + " solver runs, the farthest source " +
          format_number(sum.largest, 2) + " of the distance between random partners away " +
          "(returned: under " + format_number(kReturned, 1) + ")",
      "Shown when all return them, partly when some do",
      sum.returned == sum.all ? Verdict::kShown
      : sum.returned > 0      ? Verdict::kPartly
                              : Verdict::kNotShown};
}

Statement crossing_lines(const json& rows) {
  const Tally around = tally(rows, false), through = tally(rows, true);
  return {
      "On Counter-example 1 the memorising field returns the pairs too: its only tie is at "
      "*t* = 1/2",
      "0 for a solver that does not ask at 1/2; for one that does, all lines are equally near "
      "and rounding decides",
      "not at 1/2: returned by " + solvers_text(around.returned, around.all) + "; at 1/2: by " +
          solvers_text(through.returned, through.all) + ", the farthest source " +
          format_number(through.largest, 2) + " of the distance between random partners away",
      "Shown when all solvers return them, partly when some do that do not ask at 1/2",
      around.returned == around.all && through.returned == through.all ? Verdict::kShown
      : around.returned > 0                                            ? Verdict::kPartly
                                                                       : Verdict::kNotShown};
}

Statement affine_field(const json& rows) {
  const Tally around = tally(rows, false), through = tally(rows, true);
  std::string sentence;
  for (const json& row : rows) {
    if (sentence.empty() && !row.at("error").is_null() && row.at("at_half").get<bool>()) {
      sentence = row.at("error").get<std::string>();
    }
  }
  return {"The affine field of half a turn gives the pairs back, and has no value at *t* = 1/2",
          "0 around the singular time, no value at it",
          "not at 1/2: returned by " + solvers_text(around.returned, around.all) +
              "; at 1/2: refused for " + solvers_text(through.refused, through.all) +
              (sentence.empty() ? "" : ", with the words “" + literal(sentence) + "”"),
          "Shown when all return them that do not ask at 1/2 and all are refused that do, partly "
          "when some of the first return them",
          around.returned == around.all && through.refused == through.all ? Verdict::kShown
          : around.returned > 0                                           ? Verdict::kPartly
                                                                          : Verdict::kNotShown};
}

const json& rows_of(const TaskResults& results, const std::string& case_id, const char* field) {
  return results.at(std::string(kName) + "-" + case_id).at(field);
}

Panel steps_panel(const TaskResults& results) {
  Panel panel;
  panel.title = "memorising field";
  panel.x = {.label = "Euler steps", .logarithmic = true};
  panel.y = {
      .label = "to partner / random partners", .logarithmic = true, .low = kFoot, .high = 10};
  const auto add = [&](const char* id, bool at_half, const char* label, const Style& style) {
    std::vector<double> x, y;
    for (const json& row : rows_of(results, id, "rows")) {
      if (!row.at("euler").get<bool>() || row.at("at_half").get<bool>() != at_half) continue;
      x.push_back(row.at("steps").get<double>());
      y.push_back(std::max(row.at("mean").get<double>(), kFoot));
    }
    panel.series.push_back(line(label, style, x, y, 1));
  };
  add("random-2", false, "random pairs, odd", {Colour::kBlue, Dash::kSolid, Marker::kCircle});
  add("random-2", true, "random pairs, even",
      {Colour::kSkyBlue, Dash::kDotted, Marker::kOpenCircle});
  add("crossing", false, "all lines cross, odd", {Colour::kGreen, Dash::kSolid, Marker::kTriangle});
  add("crossing", true, "all lines cross, even",
      {Colour::kVermillion, Dash::kDashed, Marker::kSquare});
  panel.legend_columns = 2;
  return panel;
}

Panel paths_panel(const TaskResults& results) {
  Panel panel;
  panel.title = "all lines cross, Euler";
  panel.x.label = "first coordinate";
  panel.y.label = "second coordinate";
  panel.equal_aspect = true;
  const json& paths = results.at(std::string(kName) + "-crossing").at("paths");
  int index = 0;
  for (const auto& [key, label] : {std::pair("odd", "11 steps"), std::pair("even", "10 steps")}) {
    Series path = line(label,
                       index == 0 ? Style{Colour::kGreen, Dash::kSolid}.with_width(1.2)
                                  : Style{Colour::kVermillion, Dash::kDashed}.with_width(1.2),
                       {}, {});
    ++index;
    for (const json& one : paths.at(key)) {
      for (const json& point : one) {
        path.x.push_back(point[0].get<double>());
        path.y.push_back(point[1].get<double>());
      }
      path.x.push_back(NAN);
      path.y.push_back(NAN);
    }
    panel.series.push_back(path);
  }
  return panel;
}

Table solver_table(const TaskResults& results) {
  Table table;
  table.columns = {{"Solver", Align::kLeft},  {"Asks at 1/2", Align::kLeft},
                   {"Random pairs, *d* = 2"}, {"Random pairs, *d* = 50"},
                   {"All lines cross"},       {"Affine field, half a turn"}};
  const json& first = rows_of(results, "random-2", "rows");
  const auto cell = [](const json& row) {
    return row.at("error").is_null() ? format_number(row.at("mean").get<double>(), 2)
                                     : std::string("refused");
  };
  for (std::size_t i = 0; i < first.size(); ++i) {
    table.rows.push_back(
        {solver_label(SolverOptions::parse(first[i].at("solver").get<std::string>())),
         rows_of(results, "crossing", "rows")[i].at("at_half").get<bool>() ? "yes" : "no",
         cell(first[i]), cell(rows_of(results, "random-50", "rows")[i]),
         cell(rows_of(results, "crossing", "rows")[i]),
         cell(rows_of(results, "crossing", "affine")[i])});
  }
  return table;
}

class Proposition2 final : public Topic {
 public:
  [[nodiscard]] std::vector<Task> tasks(const Preset& preset) const override {
    std::vector<Task> list;
    for (const MemorisingCase& c : memorising_cases()) {
      list.push_back(numbers_task(id_of(c), "pairs=" + std::to_string(preset.sources), 1000,
                                  [=] { return integrate_memorising(c, preset.sources); }));
    }
    return list;
  }

  [[nodiscard]] std::vector<Statement> statements(const Preset&,
                                                  const TaskResults& results) const override {
    return {random_pairs(results), crossing_lines(rows_of(results, "crossing", "rows")),
            affine_field(rows_of(results, "crossing", "affine"))};
  }

  void tell(const Preset& preset, const TaskResults& results, Paper& paper) const override {
    paper.report.subsection("Proposition 2: the memorising field");
    paper.report.paragraph(
        "The velocity of the nearest line has zero loss on fixed pairs. Following it from a "
        "training source ends at its partner, whatever the solver, as long as no step asks where "
        "lines meet. On Counter-example 1 they all meet at *t* = 1/2: an even number of Euler "
        "steps "
        "lands there, an odd one does not.");
    const std::string pairs = format_integer(preset.sources) + " pairs";
    tell_figure(kName, {{steps_panel(results), paths_panel(results)}, 2},
                "Left: mean distance to the training partner when the memorising field is "
                "integrated with Euler steps; an even number of steps asks at *t* = 1/2; zeros are "
                "drawn at the foot. Right: paths on the pairs whose lines all cross, *T*(*x*) = "
                "*R*_{180} *x* + 5.",
                pairs, "", paper);
    paper.report.table(std::string(kName) + "-solvers", solver_table(results),
                       {"Mean distance to the training partner over the distance between random "
                        "partners, for every solver. *Refused*: the field has no value where the "
                        "solver asks, and says so.",
                        pairs, "", paper.command});
    tell_statements(kName, statements(preset, results), paper);
  }
};

}  // namespace
}  // namespace proposition_2

std::unique_ptr<Topic> make_proposition_2() {
  return std::make_unique<proposition_2::Proposition2>();
}

}  // namespace gradvar::gaussian

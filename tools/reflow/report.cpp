#include "tools/reflow/report.h"

#include <algorithm>
#include <cmath>

#include "tools/machine.h"
#include "tools/reflow/results.h"
#include "tools/report/html.h"
#include "tools/report/markup.h"
#include "tools/report/number.h"

namespace gradvar {

namespace {

using namespace report;
using nlohmann::json;

// A number over rounds with its interval, where there is one.
Series over_rounds(const std::string& label, const Style& style, const std::vector<json>& records,
                   const std::string& pointer, bool with_interval) {
  Series series = error_bars(label, style, {}, {}, {}, {}, 0.9);
  for (const json& record : records) {
    const double value = record_number(record, pointer + (with_interval ? "/mean" : ""));
    const double low = with_interval ? record_number(record, pointer + "/low") : value;
    const double high = with_interval ? record_number(record, pointer + "/high") : value;
    series.x.push_back(record.at("round").get<double>());
    series.y.push_back(value);
    series.low.push_back(std::isfinite(low) ? low : value);
    series.high.push_back(std::isfinite(high) ? high : value);
  }
  return series;
}

// Whether a number changes so much that the rounds after the first would lie on the axis.
bool goes_far(const std::vector<Series>& all) {
  double least = INFINITY, largest = 0;
  for (const Series& series : all) {
    for (std::size_t i = 0; i < series.y.size(); ++i) {
      if (!std::isfinite(series.y[i])) continue;
      least = std::min(least, series.low[i]);
      largest = std::max(largest, series.high[i]);
    }
  }
  return least > 0 && largest > 20 * least;
}

Panel panel_of(const std::string& title, const std::string& label, const std::vector<json>& records,
               std::vector<Series> series) {
  Panel panel;
  panel.title = title;
  panel.x = {.label = "round", .low = -0.3, .high = static_cast<double>(records.size()) - 0.7};
  for (std::size_t i = 0; i < records.size(); ++i) {
    panel.x.ticks.push_back({static_cast<double>(i), std::to_string(i)});
  }
  panel.y = {.label = label};
  if (goes_far(series)) {
    panel.y.logarithmic = true;
  } else {
    panel.y.low = 0;
  }
  for (std::size_t i = 0; i < series.size(); ++i) {  // side by side, not on one another
    const double aside =
        0.06 * (static_cast<double>(i) - (static_cast<double>(series.size()) - 1) / 2);
    for (double& x : series[i].x) x += aside;
  }
  panel.legend = series.size() > 1 ? Legend::kAbove : Legend::kNone;
  panel.series = std::move(series);
  return panel;
}

Figure figure_of(const std::vector<json>& records) {
  const Style blue{Colour::kBlue, Dash::kSolid, Marker::kCircle};
  const Style orange{Colour::kOrange, Dash::kSolid, Marker::kTriangle};
  const Style grey{Colour::kGrey, Dash::kSolid, Marker::kOpenSquare};
  return {{panel_of("straightness", "∫ |*v* − (*x*_{1} − *x*_{0})|²", records,
                    {over_rounds("", blue, records, "/straightness", true)}),
           panel_of("gradient variance", "tr Cov", records,
                    {over_rounds("", blue, records, "/variance", false)}),
           panel_of("memorisation", "to partner / random partners", records,
                    {over_rounds("training pairs", blue, records, "/training_error", true),
                     over_rounds("held-out pairs", orange, records, "/held_out_error", true)}),
           panel_of("quality", "sliced 2-Wasserstein", records,
                    {over_rounds("one step", orange, records, "/one_step/sliced", true),
                     over_rounds("many steps", blue, records, "/many_steps/sliced", true),
                     over_rounds("floor", grey, records, "/many_steps/sliced/floor", true)})},
          2};
}

std::string number(const json& record, const std::string& pointer) {
  const double value = record_number(record, pointer);
  return std::isfinite(value) ? format_number(value) : "–";
}

std::string with_ends(const json& record, const std::string& pointer) {
  const double low = record_number(record, pointer + "/low");
  const double high = record_number(record, pointer + "/high");
  const std::string mean = number(record, pointer + "/mean");
  if (!std::isfinite(low) || !std::isfinite(high) || low == high) return mean;
  return mean + " " + format_interval(low, high);
}

Table path_rows(const std::vector<json>& records) {
  Table table;
  table.columns = {{"round"},    {"straightness"}, {"variance"}, {"loss"},
                   {"one step"}, {"many steps"},   {"floor"}};
  for (const json& record : records) {
    table.rows.push_back({std::to_string(record.at("round").get<int>()),
                          with_ends(record, "/straightness"), number(record, "/variance"),
                          number(record, "/loss"), with_ends(record, "/one_step/sliced"),
                          with_ends(record, "/many_steps/sliced"),
                          with_ends(record, "/many_steps/sliced/floor")});
  }
  return table;
}

Table memory_rows(const std::vector<json>& records) {
  Table table;
  table.columns = {
      {"round"}, {"training error"}, {"held-out error"}, {"remembered"}, {"verdict", Align::kLeft}};
  for (const json& record : records) {
    table.rows.push_back({std::to_string(record.at("round").get<int>()),
                          with_ends(record, "/training_error"),
                          with_ends(record, "/held_out_error"), with_ends(record, "/remembered"),
                          record.at("verdict").get<std::string>()});
  }
  return table;
}

// From the first to the last, whether it is a change beyond the intervals.
std::string change(const std::vector<json>& records, const std::string& what,
                   const std::string& pointer) {
  const json &first = records.front(), &last = records.back();
  const double high = record_number(last, pointer + "/high");
  const double low = record_number(last, pointer + "/low");
  const double before_low = record_number(first, pointer + "/low");
  const double before_high = record_number(first, pointer + "/high");
  const bool known = std::isfinite(low) && std::isfinite(high) && std::isfinite(before_low) &&
                     std::isfinite(before_high);
  std::string words = known ? "changes within its interval" : "goes";
  if (high < before_low) words = "falls";
  if (low > before_high) words = "rises";
  return what + " " + words + (known ? ", from " : " from ") + with_ends(first, pointer) + " to " +
         with_ends(last, pointer);
}

}  // namespace

void write_reflow_report(const std::filesystem::path& directory, const std::vector<json>& records,
                         const std::string& run, const std::string& command) {
  Report page("Rectification, round by round", "The run " + literal(run));
  page.lead("Over " + std::to_string(records.size() - 1) +
            (records.size() == 2 ? " round: " : " rounds: ") +
            change(records, "straightness", "/straightness") + "; " +
            change(records, "the distance of one Euler step to the target", "/one_step/sliced") +
            "; " + change(records, "that of many steps", "/many_steps/sliced") + " ([[rounds]]).");
  page.lead(
      "The pairs of a round are made by the flow of the round before, so that errors of a flow are "
      "the next one's targets: straight paths to the wrong law are no gain. Hence quality beside "
      "straightness.");
  page.section("Round by round");
  page.figure(
      write_figure(figure_of(records), directory / "figures", "rounds"),
      {"Round 0 is the run itself. Straightness of the paths from training sources; gradient "
       "variance on the round's own pairs; median distance of generated points to their partners "
       "over the distance between random partners, on pairs trained on and on others of the same "
       "flow; and the sliced 2-Wasserstein distance of points from fresh sources to fresh targets, "
       "in one Euler step and in many (" +
           literal(records.front().at("solver").get<std::string>()) +
           "), with the floor, that between two samples of targets.",
       "", "bars: 95 % intervals, bootstrapped over pairs and Student's over sets of fresh points",
       command});
  page.table(
      "paths", path_rows(records),
      {"Paths and quality. Variance is the trace of the covariance of one sample's gradient: exact "
       "over the pairs and times of training, with two fixed draws of noise at each where there is "
       "noise. Where pairs were drawn anew at every step, over as many drawn once.",
       "", "mean and 95 % interval", command});
  page.table("memory", memory_rows(records),
             {"Does a round memorise its pairs: errors in units of the distance between random "
              "partners, by the rule of `gradvar diagnose`. Where held-out partners are found as "
              "well, the map was learned, which is what rectification asks for.",
              "", "median, or share, and 95 % interval over pairs", command});
  page.section("How to make this again");
  page.code(command);
  page.machine(describe_machine());
  page.write(directory / "report.html");
}

}  // namespace gradvar

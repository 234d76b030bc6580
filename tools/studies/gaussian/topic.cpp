#include "tools/studies/gaussian/topic.h"

#include <algorithm>
#include <chrono>

#include "tools/report/number.h"

namespace gradvar::gaussian {

using nlohmann::json;

Preset preset_of(const StudyOptions& options) {
  Preset preset{
      .seeds = 8, .samples = 4000, .angle_step = 20, .line_pairs = 100'000, .sources = 200};
  if (options.preset == "middle") preset.seeds = 20;
  if (options.preset == "full") {
    preset = {
        .seeds = 20, .samples = 40000, .angle_step = 5, .line_pairs = 1'000'000, .sources = 1000};
  }
  // An interval needs two batches.
  if (options.seeds > 0) preset.seeds = std::max(2, options.seeds);
  return preset;
}

std::string seeds_text(const Preset& preset) {
  return std::to_string(preset.seeds) + " batches of " + report::format_integer(preset.samples) +
         " samples";
}

std::string settings_text(const Preset& preset) {
  return "samples=" + std::to_string(preset.samples) + " seeds=" + std::to_string(preset.seeds);
}

Task numbers_task(const std::string& id, const std::string& settings, std::int64_t units,
                  std::function<json()> compute) {
  return {.id = id,
          .settings = settings,
          .units = units,
          .run = [=, compute = std::move(compute)](const std::filesystem::path&,
                                                   TaskProgress& progress) {
            const auto begin = std::chrono::steady_clock::now();
            json results = compute();
            results["seconds"] =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
            progress.advance(units);
            return results;
          }};
}

void tell_statements(const std::string& name, const std::vector<Statement>& statements,
                     Paper& paper) {
  using report::Align;
  report::Table table;
  table.columns = {{"Claim", Align::kLeft},
                   {"Exact", Align::kLeft},
                   {"Measured", Align::kLeft},
                   {"Verdict", Align::kLeft}};
  for (const Statement& s : statements) {
    table.rows.push_back({s.claim, s.exact, s.measured + ". " + s.rule, s.verdict});
  }
  paper.report.table(name + "-claims", table, {"What [[" + name + "]] says.", "", "", ""});
}

void tell_figure(const std::string& name, const report::Figure& figure, const std::string& text,
                 const std::string& how_many, const std::string& spread, Paper& paper) {
  paper.report.figure(report::write_figure(figure, paper.figures, name),
                      {text, how_many, spread, paper.command});
}

std::vector<double> grid(double first, double last, int count) {
  std::vector<double> values(count);
  for (int i = 0; i < count; ++i) {
    values[i] = first + (last - first) * static_cast<double>(i) / (count - 1);
  }
  return values;
}

std::string exact_text(double value) { return report::format_number(value, 4); }

}  // namespace gradvar::gaussian

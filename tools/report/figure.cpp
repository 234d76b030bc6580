#include "tools/report/figure.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <utility>

#include "autograd/check.h"
#include "io/atomic_file.h"
#include "io/number_text.h"
#include "tools/report/markup.h"
#include "tools/report/process.h"

namespace gradvar::report {

namespace {

using SeriesColumn = std::vector<double> Series::*;
struct NamedColumn {
  std::string_view name;
  SeriesColumn column;
};
constexpr std::array<NamedColumn, 7> kColumns = {{{"x", &Series::x},
                                                  {"y", &Series::y},
                                                  {"low", &Series::low},
                                                  {"high", &Series::high},
                                                  {"x2", &Series::x2},
                                                  {"y2", &Series::y2},
                                                  {"value", &Series::value}}};

bool uses(Kind kind, std::string_view column) {
  if (column == "x" || column == "y") return true;
  if (column == "low" || column == "high") return kind == Kind::kBand || kind == Kind::kErrorBars;
  if (column == "value") return kind == Kind::kHeatMap;
  return kind == Kind::kSegments || kind == Kind::kArrows || kind == Kind::kBars ||
         kind == Kind::kHeatMap;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out + "\"";
}

void check_figure(const Figure& figure) {
  check(!figure.panels.empty(), "figure", "there is no panel, expected at least one");
  check(figure.columns >= 1, "figure",
        "columns is " + std::to_string(figure.columns) + ", expected at least 1");
  for (const Panel& panel : figure.panels) {
    for (const Series& series : panel.series) {
      for (const NamedColumn& named : kColumns) {
        const std::size_t found = (series.*named.column).size();
        const std::size_t expected = uses(series.kind, named.name) ? series.x.size() : 0;
        check(found == expected, "figure",
              "series '" + series.label + "' has " + std::to_string(found) + " values of " +
                  std::string(named.name) + ", expected " + std::to_string(expected));
      }
    }
  }
}

Series make(Kind kind, std::string label, Style style, std::vector<double> x,
            std::vector<double> y) {
  Series series;
  series.kind = kind;
  series.label = std::move(label);
  series.style = style;
  series.x = std::move(x);
  series.y = std::move(y);
  return series;
}

// One sentence about a gnuplot that did not do it.
std::string describe(const ProgramResult& result, double timeout_seconds) {
  if (!result.started) return "gnuplot could not be started";
  if (result.timed_out) {
    return "gnuplot did not finish within " + number_text(timeout_seconds) + " seconds";
  }
  std::string text = "gnuplot ended with status " + std::to_string(result.status);
  // gnuplot shows the line, marks the place, then says what is wrong, last.
  std::string_view output = result.output;
  while (!output.empty() && (output.back() == '\n' || output.back() == ' '))
    output.remove_suffix(1);
  const std::size_t last = output.rfind('\n');
  if (last != std::string_view::npos) output.remove_prefix(last + 1);
  output.remove_prefix(std::min(output.find_first_not_of(' '), output.size()));
  return output.empty() ? text : text + ": " + std::string(output);
}

}  // namespace

Series line(std::string label, Style style, std::vector<double> x, std::vector<double> y,
            int marker_every) {
  Series series = make(Kind::kLine, std::move(label), style, std::move(x), std::move(y));
  series.marker_every = marker_every;
  return series;
}

Series band(std::string label, Style style, std::vector<double> x, std::vector<double> y,
            std::vector<double> low, std::vector<double> high, int marker_every) {
  Series series = make(Kind::kBand, std::move(label), style, std::move(x), std::move(y));
  series.low = std::move(low);
  series.high = std::move(high);
  series.marker_every = marker_every;
  return series;
}

Series points(std::string label, Style style, std::vector<double> x, std::vector<double> y,
              double marker_size) {
  Series series = make(Kind::kPoints, std::move(label), style, std::move(x), std::move(y));
  series.marker_size = marker_size;
  return series;
}

Series error_bars(std::string label, Style style, std::vector<double> x, std::vector<double> y,
                  std::vector<double> low, std::vector<double> high, double marker_size) {
  Series series = make(Kind::kErrorBars, std::move(label), style, std::move(x), std::move(y));
  series.low = std::move(low);
  series.high = std::move(high);
  series.marker_size = marker_size;
  return series;
}

Series segments(std::string label, Style style, std::vector<double> x, std::vector<double> y,
                std::vector<double> x2, std::vector<double> y2) {
  Series series = make(Kind::kSegments, std::move(label), style, std::move(x), std::move(y));
  series.x2 = std::move(x2);
  series.y2 = std::move(y2);
  return series;
}

Series arrows(std::string label, Style style, std::vector<double> x, std::vector<double> y,
              std::vector<double> x2, std::vector<double> y2) {
  Series series =
      segments(std::move(label), style, std::move(x), std::move(y), std::move(x2), std::move(y2));
  series.kind = Kind::kArrows;
  return series;
}

Series bars(std::string label, Style style, std::vector<double> x, std::vector<double> y,
            std::vector<double> x2, std::vector<double> y2) {
  Series series =
      segments(std::move(label), style, std::move(x), std::move(y), std::move(x2), std::move(y2));
  series.kind = Kind::kBars;
  return series;
}

Series heat_map(std::string label, const std::vector<double>& x_edges,
                const std::vector<double>& y_edges, const std::vector<double>& values) {
  check(x_edges.size() >= 2 && y_edges.size() >= 2 &&
            values.size() == (x_edges.size() - 1) * (y_edges.size() - 1),
        "heat_map",
        "there are " + std::to_string(values.size()) + " values for " +
            std::to_string(y_edges.size()) + " y edges and " + std::to_string(x_edges.size()) +
            " x edges; expected one for each cell between them");
  Series series;
  series.kind = Kind::kHeatMap;
  series.label = std::move(label);
  const std::size_t columns = x_edges.size() - 1;
  for (std::size_t cell = 0; cell < values.size(); ++cell) {
    const std::size_t row = cell / columns;
    const std::size_t column = cell % columns;
    series.x.push_back(x_edges[column]);
    series.x2.push_back(x_edges[column + 1]);
    series.y.push_back(y_edges[row]);
    series.y2.push_back(y_edges[row + 1]);
    series.value.push_back(values[cell]);
  }
  return series;
}

std::string figure_csv(const Figure& figure) {
  check_figure(figure);
  // Only columns that some series has.
  std::vector<NamedColumn> columns;
  for (const NamedColumn& named : kColumns) {
    for (const Panel& panel : figure.panels) {
      if (std::any_of(panel.series.begin(), panel.series.end(),
                      [&](const Series& s) { return uses(s.kind, named.name); })) {
        columns.push_back(named);
        break;
      }
    }
  }
  std::string out = "panel,series";
  for (const NamedColumn& named : columns) out.append(",").append(named.name);
  out += ",label\n";
  for (std::size_t p = 0; p < figure.panels.size(); ++p) {
    const std::vector<Series>& all = figure.panels[p].series;
    for (std::size_t s = 0; s < all.size(); ++s) {
      const std::string head = std::to_string(p + 1) + "," + std::to_string(s + 1);
      const std::string label = csv_field(plain_from_markup(all[s].label));
      for (std::size_t i = 0; i < all[s].x.size(); ++i) {
        out += head;
        for (const NamedColumn& named : columns) {
          out += ",";
          if (uses(all[s].kind, named.name)) out += number_text((all[s].*named.column)[i]);
        }
        out += "," + label + "\n";
      }
    }
  }
  return out;
}

WrittenFigure write_figure(const Figure& figure, const std::filesystem::path& directory,
                           const std::string& name, double timeout_seconds) {
  const bool good_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  check(good_name, "figure", "name is '" + name + "', expected letters, digits, - and _");
  WrittenFigure written;
  written.name = name;
  written.data = directory / (name + ".csv");
  written.script = directory / (name + ".gp");
  written.picture = directory / (name + ".svg");
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);  // write_file says what is wrong
  write_file(written.data.string(), figure_csv(figure));
  write_file(written.script.string(), figure_script(figure, name));
  // A picture of an earlier run must not stand beside this run's numbers.
  std::filesystem::remove(written.picture, ignored);

  const std::optional<std::filesystem::path> gnuplot = find_program("gnuplot");
  if (!gnuplot) {
    written.problem = "gnuplot is not installed";
    return written;
  }
  // -d: the user's own gnuplot settings do not change the report.
  const ProgramResult result =
      run_program(*gnuplot, {"-d", written.script.filename().string()}, directory, timeout_seconds);
  written.drawn = result.started && !result.timed_out && result.status == 0 &&
                  std::filesystem::exists(written.picture, ignored) &&
                  std::filesystem::file_size(written.picture, ignored) > 0;
  if (!written.drawn) {
    written.problem = describe(result, timeout_seconds);
    std::filesystem::remove(written.picture, ignored);
  }
  return written;
}

}  // namespace gradvar::report

// The gnuplot script of a figure. Every choice is written out, ranges too, so that the script can
// be read and changed by someone who has only the script and the data.

#include <algorithm>
#include <array>
#include <charconv>

#include "tools/report/figure.h"
#include "tools/report/markup.h"
#include "tools/report/number.h"
#include "tools/report/scale.h"

namespace gradvar::report {

namespace {

std::string number(double value, int digits = 6) {
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    std::chars_format::general, digits);
  return std::string(buffer.data(), result.ptr);
}

std::string label_with_unit(const Axis& axis) {
  return gnuplot_from_markup(axis.unit.empty() ? axis.label
                                               : axis.label + " \\[" + axis.unit + "\\]");
}

// "0.02", "2 × 10^{−5}": as short as it can be.
std::string tick_label(double at) {
  std::string plain = number(at);
  if (plain.find('e') == std::string::npos) return plain;
  return format_number(at, plain.find('.') == std::string::npos ? 1 : 2);
}

std::string axis_commands(const std::string& axis, const Axis& settings, const Range& range) {
  const std::string shift = axis == "x" ? " offset 0,0.5" : axis == "y" ? " offset 0.5,0" : "";
  std::string out = "set " + axis + "label " + label_with_unit(settings) + shift + "\n";
  out += "set " + axis + "range [" + number(range.low, 10) + ":" + number(range.high, 10) + "]\n";
  out += (settings.logarithmic ? "set logscale " : "unset logscale ") + axis + "\n";
  const bool decades = settings.logarithmic && range.low > 0 && range.high / range.low > 300;
  out += "set format " + axis + (decades ? " '10^{%L}'\n" : " '%.6h'\n");
  std::vector<Tick> ticks = settings.ticks;
  if (ticks.empty() && settings.logarithmic && !decades && range.low > 0) {
    for (const double at : log_ticks(range)) ticks.push_back({at, tick_label(at)});
  }
  if (ticks.empty()) return out + "set " + axis + "tics autofreq\n";
  out += "set " + axis + "tics (";
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    out += (i > 0 ? ", " : "") + gnuplot_from_markup(ticks[i].label) + " " + number(ticks[i].at);
  }
  return out + ")\n";
}

std::string line_look(const Style& style) {
  return "lc rgb '" + gnuplot_colour(style.colour, style.opacity) + "' lw " + number(style.width) +
         " dt " + std::string(gnuplot_dash(style.dash));
}

std::string point_look(const Series& series) {
  const int type = gnuplot_point(series.style.marker);
  return "pt " + std::to_string(type == 0 ? 7 : type) + " ps " + number(series.marker_size);
}

std::string title(const Series& series) {
  return series.label.empty() ? "notitle" : "title " + gnuplot_from_markup(series.label);
}

// What stands for bars in a legend.
std::string bar_sample(const Series& series) {
  return "NaN with boxes fs solid noborder lc rgb '" +
         gnuplot_colour(series.style.colour, series.style.opacity) + "' ";
}

// The plot elements of one series; `name` is the file's. Rows of other series become NaN, which
// gnuplot skips.
std::vector<std::string> elements(const Series& series, const std::string& name, std::size_t panel,
                                  std::size_t index) {
  const std::string from = "'" + name + ".csv' using (pick(" + std::to_string(panel + 1) + "," +
                           std::to_string(index + 1) + ") ? column('x') : NaN):";
  const std::string y = "(column('y'))";
  const std::string low_high = "(column('low')):(column('high'))";
  const std::string look = line_look(series.style);
  const std::string colour =
      "lc rgb '" + gnuplot_colour(series.style.colour, series.style.opacity) + "'";
  // Faint marks have a solid sample in the legend.
  const std::string sample = "NaN with lines " + line_look(series.style.with_opacity(1)) + " ";
  const bool marked = series.marker_every > 0 && series.style.marker != Marker::kNone;
  const std::string stroke = marked ? "linespoints " + look + " " + point_look(series) + " pi " +
                                          std::to_string(series.marker_every) + " "
                                    : "lines " + look + " ";
  switch (series.kind) {
    case Kind::kLine:
      return {from + y + " with " + stroke + title(series)};
    case Kind::kBand:
      return {from + low_high + " with filledcurves fs solid noborder lc rgb '" +
                  gnuplot_colour(series.style.colour, 0.18) + "' notitle",
              from + y + " with " + stroke + title(series)};
    case Kind::kPoints:
      return {from + y + " with points " + colour + " " + point_look(series) + " " + title(series)};
    case Kind::kErrorBars:
      return {from + y + ":" + low_high + " with yerrorbars " + colour + " lw " +
              number(std::min(series.style.width, 1.5)) + " " + point_look(series) + " " +
              title(series)};
    case Kind::kSegments:
    case Kind::kArrows: {
      const std::string head =
          series.kind == Kind::kArrows ? "head filled size screen 0.008,20 " : "nohead ";
      std::vector<std::string> out = {
          from + y + ":(column('x2')-column('x')):(column('y2')-column('y')) with vectors " + head +
          look + " notitle"};
      if (!series.label.empty()) out.push_back(sample + title(series));
      return out;
    }
    case Kind::kBars: {
      std::vector<std::string> out = {
          from + y + ":(column('x')):(column('x2')):(column('y')):(column('y2')) " +
          "with boxxyerror fs solid noborder " + colour + " notitle"};
      if (!series.label.empty()) out.push_back(bar_sample(series) + title(series));
      return out;
    }
    case Kind::kHeatMap:
      // Rectangles, which know logarithmic axes and uneven cells. Each reaches a little under the
      // next, or a hair of white shows between them.
      return {from + y +
              ":(column('x')):(column('x2')+0.05*(column('x2')-column('x')))"
              ":(column('y')):(column('y2')+0.05*(column('y2')-column('y'))):(column('value')) "
              "with boxxyerror fs solid noborder lc palette notitle"};
  }
  return {};
}

// A sample of the series with its label, for a legend that stands apart from the data.
std::string legend_element(const Series& series) {
  const std::string look = line_look(series.style.with_opacity(1));
  const bool marked = series.marker_every > 0 && series.style.marker != Marker::kNone;
  std::string with = marked ? "linespoints " + look + " " + point_look(series) : "lines " + look;
  if (series.kind == Kind::kPoints || series.kind == Kind::kErrorBars) {
    with = "points lc rgb '" + gnuplot_colour(series.style.colour, 1) + "' " + point_look(series);
  }
  if (series.kind == Kind::kBars) return bar_sample(series) + title(series);
  return "NaN with " + with + " " + title(series);
}

constexpr const char* kLegendLook = " Left reverse samplen 2.6 spacing 1.15 noautotitle\n";

std::string legend_commands(const Panel& panel) {
  const std::string common = kLegendLook;
  const std::string columns =
      panel.legend_columns > 0 ? " maxcols " + std::to_string(panel.legend_columns) : "";
  switch (panel.legend) {
    case Legend::kNone:
      return "unset key\n";
    case Legend::kAbove:
      return "set key above horizontal" + columns + common;
    case Legend::kRight:
      return "set key outside right top vertical" + common;
    case Legend::kTopLeft:
      return "set key inside left top vertical opaque" + common;
    case Legend::kTopRight:
      return "set key inside right top vertical opaque" + common;
    case Legend::kBottomLeft:
      return "set key inside left bottom vertical opaque" + common;
    case Legend::kBottomRight:
      return "set key inside right bottom vertical opaque" + common;
  }
  return "";
}

std::string reference_commands(const Reference& r, const Range& x, const Range& y, bool front) {
  const std::string at = number(r.at, 10);
  const std::string look = (front ? " nohead front " : " nohead back ") + line_look(r.style) + "\n";
  const bool inside =
      r.vertical ? r.at >= x.low && r.at <= x.high : r.at >= y.low && r.at <= y.high;
  if (!inside) return "";
  const std::string place = number(r.label_position);
  const std::string text = "set label " + gnuplot_from_markup(r.label) + " at ";
  const std::string look_of_text = " tc rgb '#444444' font ',12' front boxed";
  std::string out;
  if (r.vertical) {
    out = "set arrow from first " + at + ", graph 0 to first " + at + ", graph 1" + look;
    if (!r.label.empty()) {
      out +=
          text + "first " + at + ", graph " + place + " left offset 0.6,-0.4" + look_of_text + "\n";
    }
  } else {
    out = "set arrow from graph 0, first " + at + " to graph 1, first " + at + look;
    if (!r.label.empty()) {
      const std::string side = r.label_position < 0.34   ? " left"
                               : r.label_position < 0.67 ? " center"
                                                         : " right";
      out +=
          text + "graph " + place + ", first " + at + side + " offset 0,0.55" + look_of_text + "\n";
    }
  }
  return out;
}

std::string note_commands(const Note& note) {
  const char* side = note.align == Note::Align::kLeft     ? "left"
                     : note.align == Note::Align::kCentre ? "center"
                                                          : "right";
  return "set label " + gnuplot_from_markup(note.text) + " at first " + number(note.x, 10) +
         ", first " + number(note.y, 10) + " " + side + " tc rgb '" + hex(note.colour) +
         "' font ',12' front\n";
}

std::string heat_commands(const Panel& panel) {
  const Range range = heat_range(panel);
  std::string out = axis_commands("cb", panel.heat, range);
  out += panel.heat_colours == HeatColours::kSequential
             ? "set palette defined (0 '#fbfbf3', 0.3 '#a9d5ee', 0.6 '#3f97cd', 0.85 '#0b5a93', "
               "1 '#06283f')\n"
             : "set palette defined (0 '#a84600', 0.25 '#ee9a58', 0.5 '#ffffff', 0.75 '#67aedb', "
               "1 '#004f7f')\n";
  return out;
}

// What a panel takes from its figure: a legend that all panels share stands over all of them.
struct SharedLegend {
  bool shared = false;
  int columns = 1, rows = 0;
};

std::vector<std::string> labels(const Panel& panel) {
  std::vector<std::string> out;
  for (const Series& s : panel.series) {
    if (!s.label.empty() && s.kind != Kind::kHeatMap) out.push_back(s.label);
  }
  return out;
}

SharedLegend shared_legend(const Figure& figure, int width) {
  const std::vector<std::string> first = labels(figure.panels.front());
  if (figure.panels.size() < 2 || first.empty()) return {};
  for (const Panel& panel : figure.panels) {
    if (panel.legend != Legend::kAbove || labels(panel) != first) return {};
  }
  // A letter is about 7.5 pixels wide, a sample with its gaps about 70.
  std::size_t longest = 0;
  for (const std::string& label : first) {
    longest = std::max(longest, plain_from_markup(label).size());
  }
  const int count = static_cast<int>(first.size());
  const int fit = static_cast<int>(width / (7.5 * static_cast<double>(longest) + 90));
  const int columns = std::clamp(fit, 1, count);
  return {true, columns, (count + columns - 1) / columns};
}

std::string panel_commands(const Panel& panel, const std::string& name, std::size_t index,
                           const SharedLegend& legend) {
  const Range x = x_range(panel);
  const Range y = y_range(panel);
  std::string out = "\n# Panel " + std::to_string(index + 1) + "\nunset label\nunset arrow\n";
  out += panel.title.empty()
             ? "unset title\n"
             : "set title " + gnuplot_from_markup("**" + panel.title + "**") + " offset 0,-0.4\n";
  out += axis_commands("x", panel.x, x) + axis_commands("y", panel.y, y);
  out += panel.equal_aspect ? "set size ratio -1\n" : "set size noratio\n";
  if (has_heat_map(panel)) out += heat_commands(panel);
  out += legend.shared ? "unset key\n" : legend_commands(panel);
  for (const Reference& reference : panel.references) {
    out += reference_commands(reference, x, y, has_heat_map(panel));
  }
  for (const Note& note : panel.notes) out += note_commands(note);
  std::string plot;
  for (std::size_t s = 0; s < panel.series.size(); ++s) {
    for (const std::string& element : elements(panel.series[s], name, index, s)) {
      plot += (plot.empty() ? "plot \\\n  " : ", \\\n  ") + element;
    }
  }
  // An empty panel still shows its axes.
  return out + (plot.empty() ? "plot NaN notitle" : plot) + "\n";
}

// The shared legend is a plot of its own without data, as wide as the figure: gnuplot wraps a key
// at the width of the plot it belongs to.
std::string legend_plot(const Panel& panel, const SharedLegend& legend) {
  std::string out =
      "\n# Legend\nunset label\nunset arrow\nunset title\nunset border\nunset tics\n"
      "unset xlabel\nunset ylabel\nunset logscale\nunset grid\nset size noratio\n"
      "set lmargin at screen 0\nset rmargin at screen 1\n"
      "set bmargin at screen 0\nset tmargin at screen 1\n"
      "set key at screen 0.5, screen 0.995 center top horizontal maxcols " +
      std::to_string(legend.columns) + kLegendLook;
  std::string plot;
  for (const Series& series : panel.series) {
    if (series.label.empty() || series.kind == Kind::kHeatMap) continue;
    plot += (plot.empty() ? "plot [0:1] [0:1] \\\n  " : ", \\\n  ") + legend_element(series);
  }
  return out + plot + "\n";
}

}  // namespace

std::string figure_script(const Figure& figure, const std::string& name) {
  const int columns = figure.columns;
  const int count = static_cast<int>(figure.panels.size());
  const int rows = (count + columns - 1) / columns;
  const bool square = std::any_of(figure.panels.begin(), figure.panels.end(),
                                  [](const Panel& panel) { return panel.equal_aspect; });
  const int wide = columns == 1 ? 660 : columns == 2 ? 470 : 320;
  const int tall = columns == 1   ? (square ? 560 : 400)
                   : columns == 2 ? (square ? 450 : 360)
                                  : (square ? 330 : 290);
  const int width = columns * (figure.panel_width > 0 ? figure.panel_width : wide);
  const SharedLegend legend = shared_legend(figure, width);
  const int height =
      rows * (figure.panel_height > 0 ? figure.panel_height : tall) + 22 * legend.rows;
  std::string out = "# Draws " + name + ".svg from " + name + ".csv: gnuplot " + name + ".gp\n";
  out += "set terminal svg size " + std::to_string(width) + "," + std::to_string(height) +
         " enhanced font 'sans-serif,13' background 'white' linewidth 1\n";
  out += "set output '" + name + ".svg'\n";
  out +=
      "set encoding utf8\n"
      "set minussign\n"
      "set datafile separator comma\n"
      "set datafile columnheaders\n"
      "pick(p, s) = column('panel') == p && column('series') == s\n"
      "set border 3 lw 1 lc rgb '#444444'\n"
      "set tics nomirror out scale 0.6,0.3 textcolor rgb '#222222'\n"
      "set xtics offset 0,0.3\n"
      "set grid back lt 1 lc rgb '#e8e8e8' lw 0.8 dt solid\n"
      "set style fill solid noborder\n"
      "set style textbox opaque noborder margins 0.3,0.1\n";
  const bool several = count > 1;
  if (several) {
    out += "set multiplot layout " + std::to_string(rows) + "," + std::to_string(columns);
    // An empty title keeps the room that the legend needs.
    std::string room;
    for (int row = 0; row < legend.rows; ++row) room += row == 0 ? " " : "\\n ";
    out += (room.empty() ? "" : " title \"" + room + "\"") + "\n";
  }
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    out += panel_commands(figure.panels[i], name, i, legend);
  }
  if (legend.shared) out += legend_plot(figure.panels.front(), legend);
  return out + (several ? "unset multiplot\n" : "") + "unset output\n";
}

}  // namespace gradvar::report

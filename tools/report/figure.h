// figure: what a plot shows, apart from how it is drawn.
//
// A figure is a grid of panels. Panels with the same labels, all with a legend above, share one
// legend. A panel has two axes, series, lines to compare with, and notes. It
// has no title: what it shows is said in the report's caption. write_figure() leaves three files:
//
//   name.csv   the numbers, tidy: one row a point, with the panel, the series and its label
//   name.gp    a gnuplot script that reads name.csv; edit it and run `gnuplot name.gp` again
//   name.svg   the picture
//
// A missing or failing gnuplot costs the picture, never the run. All labels are markup (markup.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/report/palette.h"

namespace gradvar::report {

struct Tick {
  double at;
  std::string label;
};

// Members have defaults so that a caller may name the first few and leave out the rest.
struct Axis {
  std::string label{};
  std::string unit{};  // shown in brackets; empty for a pure number
  bool logarithmic = false;
  std::optional<double> low{}, high{};  // where unset, the data decide
  std::vector<Tick> ticks{};            // empty: chosen for the range
};

enum class Kind { kLine, kBand, kPoints, kErrorBars, kSegments, kArrows, kBars, kHeatMap };

// Which columns a kind uses, all of one length; the others are empty.
//   kLine, kPoints          x y
//   kBand, kErrorBars       x y low high    (y the mean; low and high in units of y)
//   kSegments, kArrows      x y x2 y2       (from (x, y) to (x2, y2))
//   kBars                   x y x2 y2       (boxes; (x, y) and (x2, y2) are opposite corners)
//   kHeatMap                x y x2 y2 value (cells; (x, y) and (x2, y2) are opposite corners)
// A value that is not finite leaves a gap.
struct Series {
  Kind kind = Kind::kLine;
  std::string label{};  // in the legend; empty: not in the legend
  Style style{};
  std::vector<double> x{}, y{}, low{}, high{}, x2{}, y2{}, value{};
  int marker_every = 0;      // a marker at each so many points of a line; 0: none
  double marker_size = 0.7;  // in gnuplot's units; 1 is about 8 pixels
};

[[nodiscard]] Series line(std::string label, Style style, std::vector<double> x,
                          std::vector<double> y, int marker_every = 0);
[[nodiscard]] Series band(std::string label, Style style, std::vector<double> x,
                          std::vector<double> y, std::vector<double> low, std::vector<double> high,
                          int marker_every = 0);
[[nodiscard]] Series points(std::string label, Style style, std::vector<double> x,
                            std::vector<double> y, double marker_size = 0.7);
[[nodiscard]] Series error_bars(std::string label, Style style, std::vector<double> x,
                                std::vector<double> y, std::vector<double> low,
                                std::vector<double> high, double marker_size = 0.7);
[[nodiscard]] Series segments(std::string label, Style style, std::vector<double> x,
                              std::vector<double> y, std::vector<double> x2,
                              std::vector<double> y2);
[[nodiscard]] Series arrows(std::string label, Style style, std::vector<double> x,
                            std::vector<double> y, std::vector<double> x2, std::vector<double> y2);
// Boxes from (x, y) to (x2, y2), filled.
[[nodiscard]] Series bars(std::string label, Style style, std::vector<double> x,
                          std::vector<double> y, std::vector<double> x2, std::vector<double> y2);
// Cell (row, column) lies between y_edges[row], y_edges[row + 1] and x_edges[column], ..., and has
// the colour of values[row * columns + column]. `label` names the colour bar.
// Throws std::invalid_argument unless there are (rows + 1) y edges and (columns + 1) x edges.
[[nodiscard]] Series heat_map(std::string label, const std::vector<double>& x_edges,
                              const std::vector<double>& y_edges,
                              const std::vector<double>& values);

// A line right across the panel at one value of x (vertical) or y (horizontal).
struct Reference {
  bool vertical = false;
  double at = 0;
  std::string label;  // written along the line
  Style style = role::kFloor;
  double label_position = 0.98;  // along the line: 0 at its left or lower end, 1 at the other
};

struct Note {
  double x = 0, y = 0;  // in the units of the axes
  std::string text{};
  Colour colour = Colour::kBlack;
  enum class Align { kLeft, kCentre, kRight } align = Align::kLeft;
};

enum class Legend { kNone, kAbove, kRight, kTopLeft, kTopRight, kBottomLeft, kBottomRight };
// Light to dark, for sizes; or vermillion-white-blue, for signs, centred on zero.
enum class HeatColours { kSequential, kDiverging };

struct Panel {
  std::string title{};  // short, to tell panels apart: "*d* = 3"; empty for a single panel
  Axis x{}, y{};
  Axis heat{};  // scale and range of the colours of a heat map; label and unit come from here too
  std::vector<Series> series{};
  std::vector<Reference> references{};
  std::vector<Note> notes{};
  Legend legend = Legend::kAbove;
  int legend_columns = 0;     // of a legend above the panel; 0: as many as fit
  bool equal_aspect = false;  // one unit of x as long as one of y, for points in the plane
  HeatColours heat_colours = HeatColours::kSequential;
};

struct Figure {
  std::vector<Panel> panels{};  // row by row
  int columns = 1;
  // Pixels; 0 chooses by the number of columns. Over 46rem (736) wide it stands out of the text.
  int panel_width = 0, panel_height = 0;
};

struct WrittenFigure {
  std::string name{};
  std::filesystem::path data{}, script{}, picture{};
  bool drawn = false;
  std::string problem{};  // why it was not drawn, one sentence
};

// Throws std::invalid_argument when a series' columns do not fit its kind or one another, when the
// figure has no panel, when `name` is not made of letters, digits, - and _, or when a file cannot
// be written (io/atomic_file.h). Makes the directory when it is missing.
[[nodiscard]] WrittenFigure write_figure(const Figure& figure,
                                         const std::filesystem::path& directory,
                                         const std::string& name, double timeout_seconds = 60);

// The two texts write_figure() writes, for tests and for other writers.
[[nodiscard]] std::string figure_csv(const Figure& figure);
[[nodiscard]] std::string figure_script(const Figure& figure, const std::string& name);

}  // namespace gradvar::report

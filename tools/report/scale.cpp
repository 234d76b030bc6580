#include "tools/report/scale.h"

#include <algorithm>
#include <cmath>

namespace gradvar::report {

namespace {

void include(Range& range, double value, bool logarithmic) {
  if (!std::isfinite(value) || (logarithmic && value <= 0)) return;
  range.low = std::min(range.low, value);
  range.high = std::max(range.high, value);
}

void include(Range& range, const std::vector<double>& values, bool logarithmic) {
  for (const double value : values) include(range, value, logarithmic);
}

// `room` is the share of the range left free at either side.
Range settle(Range range, const Axis& axis, double room) {
  const bool logarithmic = axis.logarithmic;
  if (range.low > range.high) {
    range = logarithmic ? Range{1, 10} : Range{0, 1};
  } else if (range.low == range.high) {
    const double half = range.low == 0 ? 0.5 : 0.5 * std::abs(range.low);
    range = logarithmic ? Range{range.low / 3, range.low * 3}
                        : Range{range.low - half, range.high + half};
  } else if (logarithmic) {
    const double factor = std::pow(range.high / range.low, room);
    range = {range.low / factor, range.high * factor};
  } else {
    const double more = room * (range.high - range.low);
    // A size that starts at zero is shown from zero.
    range = {range.low == 0 ? 0 : range.low - more, range.high + more};
  }
  if (axis.low) range.low = *axis.low;
  if (axis.high) range.high = *axis.high;
  return range;
}

bool only_lines(const Panel& panel) {
  return std::all_of(panel.series.begin(), panel.series.end(), [](const Series& s) {
    return s.kind == Kind::kLine || s.kind == Kind::kBand;
  });
}

}  // namespace

bool has_heat_map(const Panel& panel) {
  return std::any_of(panel.series.begin(), panel.series.end(),
                     [](const Series& s) { return s.kind == Kind::kHeatMap; });
}

Range x_range(const Panel& panel) {
  const bool logarithmic = panel.x.logarithmic;
  Range range;
  for (const Series& s : panel.series) {
    include(range, s.x, logarithmic);
    include(range, s.x2, logarithmic);
  }
  for (const Reference& r : panel.references) {
    if (r.vertical) include(range, r.at, logarithmic);
  }
  for (const Note& n : panel.notes) include(range, n.x, logarithmic);
  // Lines run from edge to edge, cells fill the panel; marks must not be cut.
  return settle(range, panel.x, has_heat_map(panel) || only_lines(panel) ? 0 : 0.04);
}

Range y_range(const Panel& panel) {
  const bool logarithmic = panel.y.logarithmic;
  Range range;
  for (const Series& s : panel.series) {
    include(range, s.y, logarithmic);
    include(range, s.y2, logarithmic);
    include(range, s.low, logarithmic);
    include(range, s.high, logarithmic);
  }
  for (const Reference& r : panel.references) {
    if (!r.vertical) include(range, r.at, logarithmic);
  }
  for (const Note& n : panel.notes) include(range, n.y, logarithmic);
  return settle(range, panel.y, has_heat_map(panel) ? 0 : 0.05);
}

Range heat_range(const Panel& panel) {
  Range range;
  for (const Series& s : panel.series) include(range, s.value, panel.heat.logarithmic);
  range = settle(range, panel.heat, 0);
  if (panel.heat_colours == HeatColours::kDiverging && !panel.heat.low && !panel.heat.high) {
    const double most = std::max(std::abs(range.low), std::abs(range.high));
    range = {-most, most};
  }
  return range;
}

std::vector<double> log_ticks(const Range& range) {
  // The narrower the range, the denser the ticks.
  const std::vector<double> steps = range.high / range.low < 8
                                        ? std::vector<double>{1, 1.5, 2, 3, 4, 5, 6, 8}
                                        : std::vector<double>{1, 2, 5};
  std::vector<double> ticks;
  const int first = static_cast<int>(std::floor(std::log10(range.low)));
  const int last = static_cast<int>(std::ceil(std::log10(range.high)));
  for (int decade = first; decade <= last; ++decade) {
    for (const double step : steps) {
      const double at = step * std::pow(10.0, decade);
      if (at >= range.low * (1 - 1e-9) && at <= range.high * (1 + 1e-9)) ticks.push_back(at);
    }
  }
  return ticks;
}

double clear_position(const Panel& panel, double at) {
  const Range x = x_range(panel), y = y_range(panel);
  const auto place = [](const Axis& axis, const Range& range, double value) {
    return axis.logarithmic ? std::log(value / range.low) / std::log(range.high / range.low)
                            : (value - range.low) / (range.high - range.low);
  };
  // The label's box, as parts of the panel: this wide, and from the line up to this height.
  constexpr double kWidth = 0.36, kHeight = 0.1, kNear = 0.03;
  const double bottom = place(panel.y, y, at), top = bottom + kHeight;
  // How far the series are from the box between left and right, at most kNear.
  const auto room = [&](double left, double right) {
    double least = kNear;
    for (const Series& series : panel.series) {
      const bool band = !series.low.empty();
      for (std::size_t i = 0; i + 1 < series.x.size(); ++i) {
        const double begin = place(panel.x, x, series.x[i]);
        const double end = place(panel.x, x, series.x[i + 1]);
        const double from = std::max(begin, left), to = std::min(end, right);
        if (!(from <= to)) continue;
        for (const double where : {from, (from + to) / 2, to}) {
          const double part = end > begin ? (where - begin) / (end - begin) : 0;
          const auto height = [&](const std::vector<double>& values) {
            const double here = place(panel.y, y, values[i]);
            return here + part * (place(panel.y, y, values[i + 1]) - here);
          };
          const double low = height(band ? series.low : series.y);
          const double high = height(band ? series.high : series.y);
          least = std::min(least, std::max({low - top, bottom - high, 0.0}));
        }
      }
    }
    return least;
  };
  double best = 0.98, most = -1;
  for (const double position : {0.98, 0.85, 0.72, 0.6, 0.5, 0.4, 0.28, 0.15, 0.02}) {
    // As gnuplot.cpp aligns a label there.
    const double left = position < 0.34   ? position
                        : position < 0.67 ? position - kWidth / 2
                                          : position - kWidth;
    const double found = room(left, left + kWidth);
    if (found > most) best = position, most = found;
  }
  return best;
}

}  // namespace gradvar::report

// scale: what part of the numbers a panel shows, and where its ticks stand.
//
// Ranges are settled here, not by gnuplot, so that reference lines and notes count, and so that the
// script says in full what it shows.
#pragma once

#include <limits>
#include <vector>

#include "tools/report/figure.h"

namespace gradvar::report {

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
};

// Data, reference lines and notes, with a little room; what the axis asks for goes before. An axis
// without any number that it can show has [0, 1], or [1, 10] when logarithmic.
[[nodiscard]] Range x_range(const Panel& panel);
[[nodiscard]] Range y_range(const Panel& panel);
// The values of a panel's heat maps; symmetric about zero for diverging colours.
[[nodiscard]] Range heat_range(const Panel& panel);

[[nodiscard]] bool has_heat_map(const Panel& panel);

// Where along the horizontal reference at `at` a label of some fourteen letters is furthest from
// the panel's lines and bands: for Reference::label_position. The right end where nothing is near.
[[nodiscard]] double clear_position(const Panel& panel, double at);

// Ticks of a logarithmic axis that spans less than two decades, where powers of ten are too few.
// REQUIRES: 0 < low < high.
[[nodiscard]] std::vector<double> log_ticks(const Range& range);

}  // namespace gradvar::report

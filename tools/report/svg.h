// svg: make a picture part of a page.
//
// A page with several gnuplot pictures would hold the same ids many times (gnuplot_plot_1, gpPt6),
// and a marker of the third figure would be drawn with the shapes of the first. So every id and
// every reference to one gets the figure's name before it.
#pragma once

#include <string>
#include <string_view>

namespace gradvar::report {

// The <svg> element alone: no XML prologue, comments, <title> or <desc>; ids prefixed by
// `prefix` + "-"; `description` for readers that do not see it. The size stays as an attribute and
// the style sheet may shrink it.
// Throws std::invalid_argument when there is no <svg> element, or when the picture carries a
// script, which no picture of ours does.
[[nodiscard]] std::string inline_svg(std::string_view svg, std::string_view prefix,
                                     std::string_view description);

}  // namespace gradvar::report

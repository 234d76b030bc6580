#include "tools/report/palette.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace gradvar::report {

Style Style::with_width(double pixels) const {
  Style style = *this;
  style.width = pixels;
  return style;
}

Style Style::with_opacity(double value) const {
  Style style = *this;
  style.opacity = value;
  return style;
}

Style Style::with_marker(Marker value) const {
  Style style = *this;
  style.marker = value;
  return style;
}

Style Style::with_dash(Dash value) const {
  Style style = *this;
  style.dash = value;
  return style;
}

Style noise_style(double sigma) {
  if (sigma == 0) return role::kNoNoise;
  return sigma <= 0.05 ? role::kNoise : role::kStrongNoise;
}

Style series_style(int index) {
  static constexpr std::array<Style, 14> kStyles = {{
      {Colour::kBlue, Dash::kSolid, Marker::kCircle},
      {Colour::kVermillion, Dash::kDashed, Marker::kTriangle},
      {Colour::kGreen, Dash::kDashDotted, Marker::kSquare},
      {Colour::kOrange, Dash::kLong, Marker::kDiamond},
      {Colour::kPurple, Dash::kDotted, Marker::kOpenCircle},
      {Colour::kSkyBlue, Dash::kSolid, Marker::kOpenSquare},
      {Colour::kBlack, Dash::kDashed, Marker::kCircle},
      {Colour::kGrey, Dash::kDashDotted, Marker::kTriangle},
      {Colour::kBlue, Dash::kDotted, Marker::kOpenSquare},
      {Colour::kVermillion, Dash::kLong, Marker::kOpenCircle},
      {Colour::kGreen, Dash::kSolid, Marker::kDiamond},
      {Colour::kOrange, Dash::kDashed, Marker::kCircle},
      {Colour::kPurple, Dash::kDashDotted, Marker::kTriangle},
      {Colour::kBlack, Dash::kDotted, Marker::kSquare},
  }};
  const int count = static_cast<int>(kStyles.size());
  return kStyles[static_cast<std::size_t>(((index % count) + count) % count)];
}

std::string hex(Colour colour) {
  switch (colour) {
    case Colour::kBlack:
      return "#000000";
    case Colour::kOrange:
      return "#e69f00";
    case Colour::kSkyBlue:
      return "#56b4e9";
    case Colour::kGreen:
      return "#009e73";
    case Colour::kYellow:
      return "#f0e442";
    case Colour::kBlue:
      return "#0072b2";
    case Colour::kVermillion:
      return "#d55e00";
    case Colour::kPurple:
      return "#cc79a7";
    case Colour::kGrey:
      return "#808080";
  }
  return "#000000";
}

std::string gnuplot_colour(Colour colour, double opacity) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  const double clear = 1 - std::clamp(opacity, 0.0, 1.0);
  const std::size_t level = static_cast<std::size_t>(std::lround(255 * clear));
  std::string text = "#";
  text += kDigits[level / 16];
  text += kDigits[level % 16];
  return text + hex(colour).substr(1);
}

std::string_view gnuplot_dash(Dash dash) {
  switch (dash) {
    case Dash::kSolid:
      return "solid";
    case Dash::kDashed:
      return "(8,4)";
    case Dash::kDotted:
      return "(2,4)";
    case Dash::kDashDotted:
      return "(10,4,2,4)";
    case Dash::kLong:
      return "(16,5)";
  }
  return "solid";
}

int gnuplot_point(Marker marker) {
  switch (marker) {
    case Marker::kNone:
      return 0;
    case Marker::kCircle:
      return 7;
    case Marker::kTriangle:
      return 9;
    case Marker::kSquare:
      return 5;
    case Marker::kDiamond:
      return 13;
    case Marker::kOpenCircle:
      return 6;
    case Marker::kOpenSquare:
      return 4;
  }
  return 0;
}

}  // namespace gradvar::report

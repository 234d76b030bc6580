// palette: the colours, dashes and markers of every figure, in one place.
//
// Colours are those of Okabe and Ito ("Color Universal Design", 2008), which readers with any form
// of colour blindness can tell apart. A style also differs in dash and marker, so that a figure
// still reads when printed in grey. A role, say "trained without noise", has one style everywhere:
// a reader learns it in the first figure and keeps it to the last.
#pragma once

#include <string>
#include <string_view>

namespace gradvar::report {

enum class Colour {
  kBlack,
  kOrange,
  kSkyBlue,
  kGreen,
  kYellow,
  kBlue,
  kVermillion,
  kPurple,
  kGrey
};
enum class Dash { kSolid, kDashed, kDotted, kDashDotted, kLong };
enum class Marker { kNone, kCircle, kTriangle, kSquare, kDiamond, kOpenCircle, kOpenSquare };

// How a series looks. Widths are in pixels at the size the figure is shown; opacity is in [0, 1].
struct Style {
  Colour colour = Colour::kBlack;
  Dash dash = Dash::kSolid;
  Marker marker = Marker::kNone;
  double width = 2;
  double opacity = 1;

  // The same role, drawn thinner or fainter.
  [[nodiscard]] Style with_width(double pixels) const;
  [[nodiscard]] Style with_opacity(double value) const;
  [[nodiscard]] Style with_marker(Marker value) const;
  [[nodiscard]] Style with_dash(Dash value) const;
};

// Roles. `kNoNoise` is sigma = 0 in every figure, `kNoise` the paper's sigma = 0.05.
namespace role {
inline constexpr Style kNoNoise{Colour::kBlue, Dash::kSolid, Marker::kCircle};
inline constexpr Style kNoise{Colour::kVermillion, Dash::kDashed, Marker::kTriangle};
inline constexpr Style kStrongNoise{Colour::kPurple, Dash::kDashDotted, Marker::kSquare};
inline constexpr Style kOptimalField{Colour::kGreen, Dash::kSolid, Marker::kDiamond};
inline constexpr Style kPairOptimalField{Colour::kOrange, Dash::kLong, Marker::kOpenSquare};
inline constexpr Style kSource{Colour::kSkyBlue, Dash::kSolid, Marker::kOpenCircle};
inline constexpr Style kTarget{Colour::kBlack, Dash::kSolid, Marker::kDiamond};
inline constexpr Style kExact{Colour::kBlack, Dash::kSolid, Marker::kNone};
// The best a perfect sampler could score, and other lines to compare with.
inline constexpr Style kFloor{Colour::kGrey, Dash::kDotted, Marker::kNone};
}  // namespace role

// The style of a noise level: kNoNoise at 0, kNoise up to and at 0.05, kStrongNoise above.
[[nodiscard]] Style noise_style(double sigma);
// A style for series that have no role: fourteen (index modulo 14), of which the first eight differ
// in colour, the others in colour and marker together.
[[nodiscard]] Style series_style(int index);

// "#0072b2".
[[nodiscard]] std::string hex(Colour colour);
// gnuplot's "#aarrggbb", where aa is the transparency: 00 opaque, ff unseen.
[[nodiscard]] std::string gnuplot_colour(Colour colour, double opacity = 1);
// gnuplot's dash type: "solid" or "(8,4)".
[[nodiscard]] std::string_view gnuplot_dash(Dash dash);
// gnuplot's point type; 0 for none.
[[nodiscard]] int gnuplot_point(Marker marker);

}  // namespace gradvar::report

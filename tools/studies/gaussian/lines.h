// lines: two straight lines from sources to targets, and how near they come.
#pragma once

#include <cstdint>
#include <span>

namespace gradvar::gaussian {

// From p to q and from r to s, each reached at t = 1 at constant speed.
struct LinePair {
  std::span<const double> p, q, r, s;
};

struct Approach {
  double distance;
  bool inside;  // at a time in (0, 1), not at an end
};
// Least distance at one time.
[[nodiscard]] Approach nearest_at_one_time(const LinePair& lines);
// Least distance of the two segments as sets, each at a time of its own (Ericson, "Real-time
// collision detection", 2004, section 5.1.9).
[[nodiscard]] double nearest_at_any_times(const LinePair& lines);
// Whether two segments of the plane cross.
[[nodiscard]] bool segments_cross(const LinePair& lines);

// P(|z| < r) for z ~ N(0, I) in so many dimensions; 1 in none. By the series of the incomplete
// gamma function; to about 1e-13 of itself.
[[nodiscard]] double chi_probability(double r, std::int64_t dimensions);

}  // namespace gradvar::gaussian

// rectification: exact flows between Gaussians, what they make of their pairs, and what the flow of
// the new pairs makes of those.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace gradvar::gaussian {

enum class StartingPairs { kOptimal, kRotated, kRandom };

// Euler steps whose ends are compared with those of the adaptive solver.
inline constexpr std::array<std::int64_t, 7> kEulerSteps = {1, 2, 5, 10, 20, 50, 100};

// From N(0, I) to N(2, S), S_ij = 0.7^|i-j|; rotated by 120 degrees in all planes. For "first" and
// "second" rectification
//   straightness   how much paths bend, over the squared speed
//   moved          mean distance from old to new partners over that between random partners
//   euler          mean distance from the ends by so many Euler steps, over the same
//   paths          {x, y}, null between paths; in the plane only
// and "map_change", the largest change in the matrix of the flow's map from first to second.
[[nodiscard]] nlohmann::json rectify_twice(StartingPairs pairs, std::int64_t dim,
                                           std::int64_t sources);

}  // namespace gradvar::gaussian

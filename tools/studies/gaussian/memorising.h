// memorising: the memorising field and the affine field of half a turn, integrated from training
// sources by every solver.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "tools/studies/gaussian/topic.h"

namespace gradvar::gaussian {

struct MemorisingCase {
  const char* id;
  const char* label;
  std::int64_t dim;
  bool crossing;  // Counter-example 1 instead of random pairs
};
[[nodiscard]] const std::vector<MemorisingCase>& memorising_cases();

// From N(0, I). For every solver a row of "rows":
//   solver, euler, steps
//   at_half   whether it asked for a velocity within 1e-9 of t = 1/2
//   mean, largest   distance to the training partner over that between random partners
//   error           what it said instead; null
// With crossing lines "affine" has the same rows for the affine field of half a turn, and "paths"
// some paths of the memorising field by 11 ("odd") and 10 ("even") Euler steps.
[[nodiscard]] nlohmann::json integrate_memorising(const MemorisingCase& c, std::int64_t pairs);

}  // namespace gradvar::gaussian

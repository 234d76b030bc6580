// estimate: a number that was drawn, and how far off it may be.
#pragma once

#include <span>

namespace gradvar {

// The standard error is that of the draws alone; 0 where nothing was drawn.
struct Estimate {
  double value = 0, standard_error = 0;
};

// The mean of replicates that are independent and alike, so that their spread is its error; 0 for
// one.
[[nodiscard]] Estimate estimate_of(std::span<const double> replicates);

}  // namespace gradvar

// rank_correlation: do two numbers of the same things rise together (Spearman's rho).
#pragma once

#include <span>

namespace gradvar {

// Pearson's correlation of the ranks; equal values share the mean of their ranks. In [-1, 1]; NaN
// when all values of one are equal. Throws std::invalid_argument unless there are as many of a as
// of b, 2 or more, all finite.
[[nodiscard]] double rank_correlation(std::span<const double> a, std::span<const double> b);

}  // namespace gradvar

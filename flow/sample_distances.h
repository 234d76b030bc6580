// sample_distances: distances between two laws seen through samples, beside mmd.h.
#pragma once

#include <cstdint>

#include "autograd/lanes.h"
#include "autograd/tensor.h"

namespace gradvar {

// 2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely and Rizzo, "Energy statistics", 2013), as the
// V-statistic: means over all pairs, i = j among them. 0 for identical samples, never negative but
// for rounding. x [n, ...], y [m, ...], n, m >= 1. Throws std::invalid_argument otherwise.
[[nodiscard]] double energy_distance(const Tensor<double>& x, const Tensor<double>& y,
                                     LanePool* pool = nullptr);

// The 2-Wasserstein distance between two samples of equal size, exactly, by assignment: the root of
// the least mean |x_i - y_p(i)|^2 over permutations p. Takes n^2 numbers and up to n^3 time.
// Between two samples of one law it is not 0 but falls as n^(-1/d): report it beside that floor. x,
// y [n, ...], n >= 1. Throws std::invalid_argument otherwise.
[[nodiscard]] double wasserstein(const Tensor<double>& x, const Tensor<double>& y,
                                 LanePool* pool = nullptr);

// The root of the mean over random directions of the squared 2-Wasserstein distance between the
// projected samples (Bonneel et al., "Sliced and Radon Wasserstein barycenters of measures", 2015).
// On a line that distance is exact, for samples of different sizes too. Directions are uniform on
// the sphere, fixed by the seed. x [n, ...], y [m, ...], n, m >= 1, directions >= 1. Throws
// std::invalid_argument otherwise.
[[nodiscard]] double sliced_wasserstein(const Tensor<double>& x, const Tensor<double>& y,
                                        std::int64_t directions = 256, std::uint64_t seed = 0,
                                        LanePool* pool = nullptr);

}  // namespace gradvar

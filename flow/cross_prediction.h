// cross_prediction: how well do the other pairs tell a pair's target from its source?
//
// Kernel ridge regression of x1 on x0, with each pair left out in turn: for pairs of a smooth map
// the error is small, for random pairs it is the distance of a target to the mean of targets, and
// what lies between is how much of the coupling is a rule. No model and no training in it. With the
// Gaussian kernel K, centred targets Y and G = (K + lambda I)^-1 the prediction without pair i is
// off by exactly
//
//   Y_i - f_{-i}(x0_i) = (G Y)_i / G_ii
//
// (leave-one-out by the inverse's diagonal; Wahba, "Spline models for observational data", 1990,
// 4.2), so one eigendecomposition a bandwidth serves every lambda. Bandwidths are 1/2, 1, 2, 4 and
// 8 median distances between sources (8 is nearly a linear map), lambda goes from 1e-6 N to N; the
// choice with the smallest mean squared error is taken, which makes errors a little too small.
#pragma once

#include <vector>

#include "autograd/lanes.h"
#include "flow/pairs.h"

namespace gradvar {

inline constexpr std::int64_t kMostPredicted = 1000;  // pairs; the work grows as its cube

struct CrossPrediction {
  std::vector<double> errors;  // Euclidean, of the first kMostPredicted pairs
  double explained = 0;        // 1 - mean squared error over that of the mean of the others
};

// Throws std::invalid_argument unless there are 3 pairs or more, finite, and not all at one source.
[[nodiscard]] CrossPrediction predict_across(const Pairs& pairs, LanePool* pool = nullptr);

}  // namespace gradvar

// identifiability_curve: from every point naming its pair to none: I(pair; x_t | t) over noise
// levels, and the level at which half of log N is lost.
//
// Below that level a training set says mostly who is whose partner, above it mostly not; where
// it lies depends on how far the lines of the pairs are from one another, so on dimension, number
// of pairs and spread (pair_identifiability.h). It is a property of the pairs: whether a network
// follows it is another question.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "flow/pair_identifiability.h"

namespace gradvar {

struct IdentifiabilityCurve {
  std::int64_t pairs = 0;
  Interpolant interpolant{};  // constant noise, or a bridge's; sigma has no meaning
  IdentifiabilityOptions options{};
  std::vector<double> sigmas{};           // ascending
  std::vector<PairIdentifiability> at{};  // one a sigma
  // Where I is half of log N, found apart from the levels above, for the noise that was drawn. The
  // standard error is that of I over its slope. Nothing where pairs repeat so often that even
  // without noise less than half is known.
  std::optional<Estimate> half{};

  [[nodiscard]] double log_pairs() const;
};

// So many levels, evenly apart in the logarithm, from where nearly all is known to where hardly
// anything is, by a rough look between the options' two times. Throws as measure_curve does.
[[nodiscard]] std::vector<double> usual_levels(const Tensor<double>& x0, const Tensor<double>& x1,
                                               const Interpolant& interpolant,
                                               const IdentifiabilityOptions& options, int count,
                                               LanePool* pool = nullptr);

// At `sigmas`, or the 25 usual levels when there are none. The linear interpolant stands for
// constant noise. Throws as measure_identifiability does, for an interpolant without noise, for
// fewer than 2 pairs, and when all pairs are one line.
[[nodiscard]] IdentifiabilityCurve measure_curve(const Tensor<double>& x0, const Tensor<double>& x1,
                                                 const Interpolant& interpolant,
                                                 std::vector<double> sigmas,
                                                 const IdentifiabilityOptions& options,
                                                 LanePool* pool = nullptr,
                                                 const IdentifiabilityTick& tick = {});

}  // namespace gradvar

// loss_floor: how far the loss of a field on finitely many pairs lies above the least there is.
//
//   E |u - v(x, t)|^2  =  E sum_i w_i |u_i - v*(x, t)|^2  +  E |v(x, t) - v*(x, t)|^2
//         loss         =              floor               +          excess
//
// with w the posterior of the pair and v* its mean target (pair_fields.h): v* is a conditional
// expectation, so the split is exact and no field goes below the floor. The excess is measured as
// it stands, not as a difference of two larger numbers. Without noise a point names its pair at all
// but isolated times: the floor is 0 and the excess is the loss.
#pragma once

#include <cstdint>

#include "flow/estimate.h"
#include "flow/pair_fields.h"

namespace gradvar {

// Replicates are independent and alike: in each every pair is taken at `times` times, one in each
// of as many equal parts of [t_begin, t_end], with noise of its own. Their spread is the standard
// error of all that was drawn: times, noise and, where not all are taken, pairs.
struct LossFloorOptions {
  int times = 16;
  int replicates = 8;
  double t_begin = 0, t_end = 1;
  // Products to spend on posteriors, which cost N d a point. Beyond them a replicate takes as many
  // pairs, at random, as they allow, and at least one.
  double most_products = 2e9;
  std::uint64_t seed = 0;
};

struct LossFloor {
  Estimate floor, excess;
  std::int64_t points = 0;  // at which both were taken
};

// x0, x1 [N, sample...]. The same numbers for any number of threads. Throws std::invalid_argument
// as PairPosterior does, for options outside their range, when the pairs do not fit the field, and
// for the full bridge up to t = 0 or 1, where its target is infinite.
template <class Real>
[[nodiscard]] LossFloor measure_loss_floor(const Field<Real>& field, const Tensor<double>& x0,
                                           const Tensor<double>& x1, const Interpolant& interpolant,
                                           const LossFloorOptions& options, LanePool& pool);

}  // namespace gradvar

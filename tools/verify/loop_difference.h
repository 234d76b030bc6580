// loop_difference: every statistic of a batch against the loop over its samples.
//
// Each sample runs alone, and mean, variance, norms and Gram matrix are made of those
// gradients in f64 by the plainest loops. The library's answers come from the whole batch at once,
// in the precision asked for.
#pragma once

#include "autograd/gradcheck.h"

namespace gradvar {

struct LoopSetup {
  std::int64_t batch = 11;
  int lanes = 1;
  bool weighted = false;  // weights from 0 to 2, with a 0 among them
};

// The worst of: the per-sample gradients themselves, the mean (by the sum's and by the moments'
// road), the variance of every element, the norms and the Gram matrix. A case without parameters is
// taken with an offset on each input (GradcheckData).
template <class Real>
[[nodiscard]] Difference loop_difference(const GradcheckCase& of, const LoopSetup& setup);

}  // namespace gradvar

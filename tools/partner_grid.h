// partner_grid: what a flow makes of its training sources, as a picture.
//
// A pair is a row of small images: source | where the flow takes it | training partner | optimal
// partner (left out where optimal partners are not known). Pairs stand two in a line of the grid.
// A flow that memorises has the second like the third, one that generalises need not.
#pragma once

#include <cstdint>
#include <string>

#include "autograd/tensor.h"
#include "tools/problem.h"
#include "tools/training_run.h"

namespace gradvar {

// The first pairs of a run and where its flow takes their sources. Images are rows [count, ...].
struct FollowedPairs {
  Tensor<double> sources, generated, partners;
  Tensor<double> optimal;  // empty where not known
};

// Throws std::invalid_argument when there are fewer pairs than `count`, and Stopped as
// TrainingRun::evaluate does.
template <class Real>
[[nodiscard]] FollowedPairs follow_pairs(const Problem& problem, const Field<Real>& field,
                                         const SolverOptions& solver, std::int64_t count);

// "source | generated | training partner | optimal partner".
[[nodiscard]] std::string describe_columns(const FollowedPairs& pairs);

// Throws std::invalid_argument "--pairs: ..." when so many pairs of the problem make no picture, or
// one too large: before they are followed.
void check_partner_grid(const Problem& problem, std::int64_t count);
// Throws std::invalid_argument when a row is not a square image, or the path cannot be written.
void write_partner_grid(const std::string& path, const FollowedPairs& pairs);

}  // namespace gradvar

// mlp_reference: the MLP of nn/mlp.h for one sample, by plain loops in f64, as its formula stands
// there: what the test of the layer and `gradvar verify` compare with.
#pragma once

#include <span>
#include <vector>

#include "nn/mlp.h"

namespace gradvar {

// v(x, t), x [dim]. p holds weight [out,in] and bias [out] of each layer in turn, in the order of
// the model's parameters.
[[nodiscard]] std::vector<double> plain_mlp(const MlpOptions& options, std::vector<double> x,
                                            double t, std::span<const std::vector<double>> p);

}  // namespace gradvar

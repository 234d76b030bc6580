// model_cases: each variety of network as a GradcheckCase, as autograd/op_cases.h has the ops.
//
// To add a model: its cases here, with a plain loop for its forward where one can be written down.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "autograd/gradcheck.h"
#include "nn/model.h"

namespace gradvar {

// Any model, in both precisions, on x [sample...] and t [1]. Weights are drawn anew with variance
// 1 / fan-in, so those of the models do not matter.
[[nodiscard]] GradcheckCase model_case(std::string name, std::shared_ptr<const Model<float>> f32,
                                       std::shared_ptr<const Model<double>> f64,
                                       GradcheckReference reference = nullptr);

// Small MLPs: each activation, no hidden layer, sinusoidal time, tied layers; small U-Nets.
[[nodiscard]] std::vector<GradcheckCase> model_cases();

}  // namespace gradvar

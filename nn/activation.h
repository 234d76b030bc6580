// activation: the element-wise function between two layers, chosen by name.
#pragma once

#include <string>
#include <string_view>

#include "autograd/tape.h"

namespace gradvar {

enum class Activation { selu, silu, relu, tanh, gelu };

// "selu", "silu", "relu", "tanh", "gelu".
[[nodiscard]] std::string_view activation_name(Activation activation);
// Throws std::invalid_argument listing the names when there is none like it.
[[nodiscard]] Activation parse_activation(std::string_view name);

// y = f(x), any shape. The formulas stand in autograd/ops.h.
template <class Real>
[[nodiscard]] Value activate(Tape<Real>& tape, Value x, Activation activation);

}  // namespace gradvar

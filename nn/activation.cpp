#include "nn/activation.h"

#include <array>

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

constexpr std::array kActivations = {Activation::selu, Activation::silu, Activation::relu,
                                     Activation::tanh, Activation::gelu};

}  // namespace

std::string_view activation_name(Activation activation) {
  switch (activation) {
    case Activation::selu:
      return "selu";
    case Activation::silu:
      return "silu";
    case Activation::relu:
      return "relu";
    case Activation::tanh:
      return "tanh";
    case Activation::gelu:
      return "gelu";
  }
  fail("activation",
       "there is no activation number " + std::to_string(static_cast<int>(activation)));
}

Activation parse_activation(std::string_view name) {
  std::string names;
  for (const Activation activation : kActivations) {
    if (activation_name(activation) == name) return activation;
    names += (names.empty() ? "" : ", ") + std::string(activation_name(activation));
  }
  fail("activation", "the name is '" + std::string(name) + "', expected one of: " + names);
}

template <class Real>
Value activate(Tape<Real>& tape, Value x, Activation activation) {
  switch (activation) {
    case Activation::selu:
      return selu(tape, x);
    case Activation::silu:
      return silu(tape, x);
    case Activation::relu:
      return relu(tape, x);
    case Activation::tanh:
      return tanh(tape, x);
    case Activation::gelu:
      return gelu(tape, x);
  }
  fail("activation",
       "there is no activation number " + std::to_string(static_cast<int>(activation)));
}

template Value activate(Tape<float>&, Value, Activation);
template Value activate(Tape<double>&, Value, Activation);

}  // namespace gradvar

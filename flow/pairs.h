// pairs: who belongs to whom.
#pragma once

#include "autograd/tensor.h"

namespace gradvar {

// Row n of x0 is the source of row n of x1. Both [N, sample...].
struct Pairs {
  Tensor<double> x0, x1;
};

// Fixed pairs are kept through training: memorisation needs them. Resampled pairs are new at every
// step.
enum class Pairing { kFixed, kResampled };

}  // namespace gradvar

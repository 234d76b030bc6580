// ops: the catalogue. One op a line, with its formula; the file of the same name under ops/ holds
// the shapes, the backward rule, the per-sample rule and the traps.
//
// To add one: its file, its lines here, a line in CMakeLists.txt, a test.
//
//   B batch   T positions   I, O features in and out   ... any further axes of a sample
#pragma once

#include <cstdint>
#include <span>

#include "autograd/tape.h"

namespace gradvar {

// y = x W^T + b            x [B,...,I]  W [O,I]  b [O]  y [B,...,O]
template <class Real>
Value dense(Tape<Real>& tape, Value x, ParameterId weight, ParameterId bias);
// y = x / (1 + e^-x)       any shape
template <class Real>
Value silu(Tape<Real>& tape, Value x);
// l_n = sum_i (y_ni - target_ni)^2      y, target [B,...]  l [B]
template <class Real>
Value squared_error(Tape<Real>& tape, Value y, Value target);

}  // namespace gradvar

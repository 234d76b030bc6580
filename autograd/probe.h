// probe: do the samples of a batch really not touch each other?
//
// Op::separable() is a promise; this is the test. One row's loss is seeded and walked back, and
// every adjoint on the tape and every per-sample gradient must be exactly 0 in all other rows: a
// single bit elsewhere means that a row has reached into another. It works on any function that
// records losses on a tape, trusts no op, and costs one forward and backward for each row seeded.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "autograd/tape.h"

namespace gradvar {

struct ProbeResult {
  bool separable = true;
  // When not: the loss of row `seeded` depends on row `offending` of `where`, the first one found.
  std::int64_t seeded = -1;
  std::int64_t offending = -1;
  std::string where;  // "the adjoint of value 3, made by silu", "the gradient of net.0.weight"
  // One sentence, for people.
  [[nodiscard]] std::string to_string() const;
};

// `record` records the losses [B] on an empty tape; it is called once for each row. Data recorded
// with Tape::variable is probed too, data recorded with Tape::input has no adjoint to look at.
template <class Real>
[[nodiscard]] ProbeResult probe_separability(const ParameterSet<Real>& parameters,
                                             const std::function<Value(Tape<Real>&)>& record);

}  // namespace gradvar

// op: one differentiable operation on a tape.
//
// Row n of every output depends on row n of the inputs and on the parameters, on nothing else. Each
// op has its own file under ops/, whose header comment gives the formula, the shapes, what is
// saved, the backward rule, the per-sample rule and the traps; then come forward, backward and
// per_sample, in that order. docs/architecture.md, "Adding an op", walks through one.
#pragma once

#include <cstdint>
#include <string_view>

namespace gradvar {

template <class Real>
class Tape;
template <class Real>
class FactorBook;

// A handle to a value on a tape. Only the tape that made it can read it.
struct Value {
  std::int32_t index = -1;
};

// Ops live in the tape's arena and must be trivially destructible: handles and pointers into the
// arena, no containers.
template <class Real>
class Op {
 public:
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Fill the output, whose memory is there and uninitialised.
  virtual void forward(Tape<Real>& tape) = 0;
  // Add (+=) to the adjoints of those inputs that want one. The output's adjoint is complete.
  virtual void backward(Tape<Real>& tape) = 0;
  // Hand over one factor for each parameter use. Called after backward, so that what backward
  // left in the arena can be used.
  virtual void per_sample(Tape<Real>&, FactorBook<Real>&) {}

  // False for an op that mixes rows (batch statistics, for instance). None of ours does; one from
  // outside must say so, and per-sample statistics through it are refused by name.
  [[nodiscard]] virtual bool separable() const { return true; }

  Value output;  // set by Tape::record

 protected:
  Op() = default;
  Op(const Op&) = default;
  Op& operator=(const Op&) = default;
  ~Op() = default;
};

}  // namespace gradvar

// model: a velocity field with parameters, v(x, t).
//
// All a flow asks of a network: named parameters in one block, and a forward that records itself on
// a tape. A model owns its parameters and nothing else; it keeps no state between calls, so lanes
// can record it at the same time on their own tapes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "autograd/parameters.h"
#include "autograd/tape.h"

namespace gradvar {

template <class Real>
class Model {
 public:
  virtual ~Model() = default;

  // The shape of one sample x, without the batch: {2}, or {3, 32, 32}.
  [[nodiscard]] virtual Shape sample_shape() const = 0;
  // x [B, sample...], t [B,1]; returns the velocity, shaped like x.
  // Throws std::invalid_argument when x or t does not fit.
  [[nodiscard]] virtual Value forward(Tape<Real>& tape, Value x, Value t) const = 0;
  // The spec that makes this model again, every key written out:
  // "mlp:dim=2,width=64,depth=3,activation=selu,time=column".
  [[nodiscard]] virtual std::string spec() const = 0;
  // Fresh weights by the model's own rule; the same seed gives the same weights on any machine.
  virtual void initialise(std::uint64_t seed) = 0;

  [[nodiscard]] ParameterSet<Real>& parameters() { return parameters_; }
  [[nodiscard]] const ParameterSet<Real>& parameters() const { return parameters_; }

 protected:
  ParameterSet<Real> parameters_;
};

}  // namespace gradvar

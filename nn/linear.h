// linear: y = x W^T + b with the names and the fresh weights of PyTorch's nn.Linear.
//
//   Linear<float> layer(parameters, "net.0", 3, 64);   // net.0.weight [64,3], net.0.bias [64]
//   Value y = layer.forward(tape, x);                  // x [B,...,3], y [B,...,64]
//
// A layer holds the handles of its parameters, not the parameters: it can be copied freely, and a
// copy used twice on a tape shares its weights.
#pragma once

#include <cstdint>
#include <string>

#include "autograd/parameters.h"
#include "autograd/tape.h"

namespace gradvar {

template <class Real>
class Linear {
 public:
  // Adds "<prefix>.weight" [out,in] and "<prefix>.bias" [out], both zero, to the set. Throws
  // std::invalid_argument unless in and out are 1 or more and the names are free.
  Linear(ParameterSet<Real>& parameters, const std::string& prefix, std::int64_t in,
         std::int64_t out);

  // x [B,...,in] to y [B,...,out]; the op is dense.
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x) const;
  // nn.Linear's default: weight and bias from U(-1/sqrt(in), 1/sqrt(in)). Each parameter has a
  // stream of its own, counted by its index in the set.
  void initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const;

  [[nodiscard]] std::int64_t in() const { return in_; }
  [[nodiscard]] std::int64_t out() const { return out_; }
  [[nodiscard]] ParameterId weight() const { return weight_; }
  [[nodiscard]] ParameterId bias() const { return bias_; }

 private:
  std::int64_t in_, out_;
  ParameterId weight_, bias_;
};

// Fills one parameter from U(-bound, bound), stream (seed, kInitialisation, parameter index). Drawn
// in f64 and then rounded, so that f32 and f64 models of one seed start from the same weights.
template <class Real>
void fill_uniform(ParameterSet<Real>& parameters, ParameterId parameter, double bound,
                  std::uint64_t seed);

}  // namespace gradvar

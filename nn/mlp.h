// mlp: v(x, t) by a multilayer perceptron.
//
//   h_0 = [x, t]      h_k = f(W_k h_(k-1) + b_k), k = 1 .. depth      v = W h_depth + b
//
// With the defaults this is the MLP of the torchcfm package, time_varying: time is the last input
// column, SELU between layers, and the parameters are net.0.weight [w,dim+1], net.0.bias,
// net.2.weight [w,w], ... net.6.weight [dim,w], net.6.bias. (Odd numbers are the activations.)
//
// With time=sinusoidal the column t is replaced by its sinusoidal embedding of width time-dim. Its
// angles are 1000 t times frequencies from 1 down to 1/10000, as for a diffusion model of 1000
// steps: t itself, in [0,1], would turn none of the sinusoids further than one radian.
//
// With tied=true the square hidden layers are one layer, net.2, used depth - 1 times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nn/activation.h"
#include "nn/linear.h"
#include "nn/model.h"

namespace gradvar {

enum class TimeInput { column, sinusoidal };

struct MlpOptions {
  std::int64_t dim = 0;  // coordinates of a sample; there is no default
  std::int64_t width = 64;
  std::int64_t depth = 3;  // hidden layers; 0 is an affine map of [x, t]
  Activation activation = Activation::selu;
  TimeInput time = TimeInput::column;
  std::int64_t time_dim = 64;  // width of the sinusoidal embedding
  bool tied = false;

  // Throws std::invalid_argument unless dim, width >= 1, depth >= 0, time_dim is even and >= 2 for
  // a sinusoidal embedding, and depth >= 2 for tied layers.
  void validate() const;
  // "mlp:dim=2,width=64,depth=3,activation=selu,time=column"; then ",time-dim=64" when time is
  // sinusoidal and ",tied=true" when layers are tied.
  [[nodiscard]] std::string spec() const;
  // The reverse. Every key but dim may be left out. Throws std::invalid_argument.
  [[nodiscard]] static MlpOptions parse(std::string_view spec);
};

template <class Real>
class Mlp final : public Model<Real> {
 public:
  // All weights zero until initialise() or a weights file fills them.
  explicit Mlp(const MlpOptions& options);

  [[nodiscard]] Shape sample_shape() const override { return {options_.dim}; }
  // x [B,dim], t [B,1]; returns v [B,dim].
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x, Value t) const override;
  [[nodiscard]] std::string spec() const override { return options_.spec(); }
  void initialise(std::uint64_t seed) override;

  [[nodiscard]] const MlpOptions& options() const { return options_; }

 private:
  MlpOptions options_;
  std::vector<Linear<Real>> layers_;  // in order of use; tied layers stand there once a use
};

}  // namespace gradvar

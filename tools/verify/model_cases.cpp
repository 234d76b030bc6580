#include "tools/verify/model_cases.h"

#include <cmath>
#include <utility>

#include "nn/mlp.h"
#include "nn/mlp_reference.h"
#include "nn/unet.h"

namespace gradvar {

namespace {

GradcheckCase mlp_case(const std::string& name, const MlpOptions& options) {
  GradcheckCase mlp = model_case(
      "mlp, " + name, std::make_shared<Mlp<float>>(options), std::make_shared<Mlp<double>>(options),
      [options](auto x, auto p) { return plain_mlp(options, x[0], x[1][0], p); });
  const bool kinked =
      options.activation == Activation::relu || options.activation == Activation::selu;
  if (kinked && options.depth > 0) mlp.step = 1e-5;
  if (options.time == TimeInput::sinusoidal) mlp.step = 1e-6;  // angles are 1000 t
  return mlp;
}

template <class Real>
GradcheckRecorder<Real> recorder(std::shared_ptr<const Model<Real>> model) {
  // The case's parameters are the model's, in its order, so its handles fit.
  return [model](Tape<Real>& tape, std::span<const Value> x, std::span<const ParameterId>) {
    return model->forward(tape, x[0], x[1]);
  };
}

}  // namespace

GradcheckCase model_case(std::string name, std::shared_ptr<const Model<float>> f32,
                         std::shared_ptr<const Model<double>> f64, GradcheckReference reference) {
  GradcheckCase made{
      .name = std::move(name),
      .inputs = {{.name = "x", .sample = f64->sample_shape()}, {.name = "t", .sample = {1}}},
      .parameters = {},
      .record_f32 = recorder<float>(f32),
      .record_f64 = recorder<double>(f64),
      .reference = std::move(reference)};
  for (const ParameterInfo& info : f64->parameters().layout().infos()) {
    const double fan_in = static_cast<double>(info.shape.row_size());
    made.parameters.push_back(
        {.name = info.name, .shape = info.shape, .scale = 1 / std::sqrt(fan_in)});
  }
  return made;
}

std::vector<GradcheckCase> model_cases() {
  std::vector<GradcheckCase> cases = {mlp_case("no hidden layer", {.dim = 3, .depth = 0})};
  for (const Activation kind :
       {Activation::selu, Activation::silu, Activation::relu, Activation::tanh, Activation::gelu}) {
    cases.push_back(mlp_case(std::string(activation_name(kind)),
                             {.dim = 2, .width = 9, .depth = 3, .activation = kind}));
  }
  cases.push_back(
      mlp_case("tied layers",
               {.dim = 2, .width = 9, .depth = 4, .activation = Activation::tanh, .tied = true}));
  cases.push_back(mlp_case("sinusoidal time", {.dim = 2,
                                               .width = 9,
                                               .depth = 2,
                                               .activation = Activation::silu,
                                               .time = TimeInput::sinusoidal,
                                               .time_dim = 10}));
  // As small as a U-Net gets with all its parts: no plain loop says what comes out.
  UNetOptions unet{
      .size = 4, .colors = 1, .channels = 2, .mult = {1, 1}, .attention = {2}, .groups = 1};
  const auto unet_case = [&](const char* name) {
    cases.push_back(model_case(name, std::make_shared<UNet<float>>(unet),
                               std::make_shared<UNet<double>>(unet)));
  };
  unet_case("unet");
  unet.scale_shift = true;
  unet.heads = 2;
  unet_case("unet, scale-shift, two heads");
  return cases;
}

}  // namespace gradvar

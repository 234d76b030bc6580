// gradvar velocity: v(x, t) of a weights file, for other programs.
//
//   in    x [B,...]   t [B]
//   out   v [B,...]

#include <memory>
#include <string>

#include "flow/field.h"
#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "nn/weights.h"
#include "tools/batch_file.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"

namespace gradvar::commands {

namespace {

struct Options {
  std::string model, weights, batch, out;
  RuntimeOptions runtime;
};

template <class Real>
void run(const Options& options) {
  const SafetensorsFile file = SafetensorsFile::read(options.batch);
  allow_only(file, {"x", "t"});
  const Tensor<Real> x = finite_tensor<Real>(file, "x");
  const Tensor<Real> t = finite_tensor<Real>(file, "t");
  if (x.shape().rank() < 2) {
    refuse_file(options.batch, "the tensor 'x' is " + x.shape().to_string() + ", expected Bxd");
  }
  if (!(t.shape() == Shape{x.rows()})) {
    refuse_file(options.batch, "the tensor 't' is " + t.shape().to_string() + ", expected " +
                                   Shape{x.rows()}.to_string() + " to go with x");
  }
  const std::unique_ptr<Model<Real>> model =
      make_model<Real>("--model", options.model, x.shape().sample());
  load_weights(options.weights, model->parameters());
  LanePool pool(resolve_threads(options.runtime.threads, options.runtime.lanes));
  Tensor<Real> v(x.shape());
  NetworkField<Real>(*model, pool).velocity(x.values(), t.values(), x.rows(), v.values());
  SafetensorsWriter out;
  out.add("v", v);
  out.set_metadata("model", model->spec());
  out.write(options.out);
}

}  // namespace

void add_velocity(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("velocity", "The field v(x, t) at the points of a file, to a file");
  command->add_option("--model", options->model, "mlp:width=64,depth=3,...")->required();
  command->add_option("--weights", options->weights, "safetensors")->required();
  command->add_option("--batch", options->batch, "safetensors: x, t")->required();
  command->add_option("--out", options->out, "safetensors to write")->required();
  add_runtime_options(*command, options->runtime);
  command->callback([options] {
    with_precision(options->runtime.precision, [&](auto real) { run<decltype(real)>(*options); });
  });
}

}  // namespace gradvar::commands

// gradvar velocity: v(x, t) of a weights file, for other programs.
//
//   in    x [B,...]   t [B]
//   out   v [B,...]

#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "flow/field.h"
#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "nn/weights.h"
#include "tools/batch_file.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/file_guard.h"
#include "tools/json_text.h"
#include "tools/run_config.h"

namespace gradvar::commands {

namespace {

struct VelocityCommand {
  std::string model, weights, batch, out, precision = "f32";
  std::int64_t threads = 0;
  OutputOptions output;
};

template <class Real>
void run(const VelocityCommand& options) {
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
  LanePool pool(resolve_threads(options.threads, kMostThreads));
  check_writable("--out", options.out, Inputs().file(options.weights).file(options.batch));
  Tensor<Real> v(x.shape());
  NetworkField<Real>(*model, pool).velocity(x.values(), t.values(), x.rows(), v.values());
  for (std::int64_t i = 0; i < v.size(); ++i) {
    if (std::isfinite(v[i])) continue;
    throw std::runtime_error("the velocity of sample " + std::to_string(i / v.row_size()) +
                             " is not finite; nothing was written");
  }
  SafetensorsWriter out;
  out.add("v", v);
  out.set_metadata("model", model->spec());
  out.write(options.out);
  if (options.output.json) {
    std::cout << json_text(nlohmann::json{{"points", x.rows()}, {"out", options.out}}) << '\n';
  } else if (!options.output.quiet) {
    std::cout << x.rows() << " velocities to " << options.out << '\n';
  }
}

}  // namespace

void add_velocity(CLI::App& app) {
  auto options = std::make_shared<VelocityCommand>();
  CLI::App* command =
      app.add_subcommand("velocity", "The field v(x, t) at the points of a file, to a file");
  command->footer(
      "Reads x [B,d] and t [B], writes v [B,d].\n"
      "Example\n"
      "  gradvar velocity --model mlp:width=64 --weights weights.safetensors \\\n"
      "    --batch points.safetensors --out velocity.safetensors");
  add_text(*command, "--model", options->model, "SPEC", "the network, mlp:width=64,depth=3")
      ->required();
  add_text(*command, "--weights", options->weights, "FILE", "its weights, safetensors")->required();
  add_text(*command, "--batch", options->batch, "FILE", "safetensors with x and t")->required();
  add_text(*command, "--out", options->out, "FILE", "safetensors to write")->required();
  add_threads(*command, options->threads);
  add_precision(*command, options->precision);
  add_output_options(*command, options->output);
  command->callback([options] {
    with_precision(options->precision, [&](auto real) { run<decltype(real)>(*options); });
  });
}

}  // namespace gradvar::commands

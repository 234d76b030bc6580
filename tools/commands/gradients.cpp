// gradvar gradients: the door for other programs. A weights file and a batch file in, exact
// per-sample statistics of the loss gradient out.
//
//   loss [B]   norms [B] (squared)   gram [B,B]   mean/<parameter>   variance/<parameter>
//   per_sample/<parameter> [B,...]
//
// The loss of a sample is |u_t - v(x_t,t)|^2, summed over its coordinates. Mean and variance are
// weighted when the batch has weights; loss, norms, Gram and per-sample gradients never are.

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "autograd/collectors/gram.h"
#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/collectors/sum.h"
#include "autograd/engine.h"
#include "flow/objective.h"
#include "io/safetensors.h"
#include "io/spec.h"
#include "nn/weights.h"
#include "tools/batch_file.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/file_guard.h"
#include "tools/json_text.h"
#include "tools/limits.h"

namespace gradvar::commands {

namespace {

const std::vector<std::string> kStatistics = {"mean", "variance", "norms", "gram", "per-sample"};

struct GradientsCommand {
  std::string model, weights, batch, interpolant = "linear", out;
  std::string statistics = "mean,variance,norms", variance = "unbiased";
  RuntimeOptions runtime;
  OutputOptions output;
};

std::vector<std::string> wanted(const std::string& text) {
  std::vector<std::string> names;
  std::string name;
  for (const char c : text + ",") {
    if (c != ',') {
      name += c;
      continue;
    }
    if (std::find(kStatistics.begin(), kStatistics.end(), name) == kStatistics.end()) {
      throw std::invalid_argument("--statistics: '" + name + "' is unknown, expected some of " +
                                  list_of(kStatistics));
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw std::invalid_argument("--statistics: '" + name + "' is given twice");
    }
    names.push_back(name);
    name.clear();
  }
  return names;
}

template <class Real>
class Gradients {
 public:
  explicit Gradients(const GradientsCommand& options)
      : options_(options),
        statistics_(wanted(options.statistics)),
        interpolant_(make_interpolant("--interpolant", options.interpolant)),
        batch_(read_batch<Real>(options.batch, interpolant_)),
        model_(make_model<Real>("--model", options.model, batch_.x0.shape().sample())) {
    load_weights(options.weights, model_->parameters());
    check_writable("--out", options.out, Inputs().file(options.weights).file(options.batch));
    check_size();
  }

  void run() {
    LanePool pool(resolve_threads(options_.runtime.threads, options_.runtime.lanes));
    Engine<Real> engine(model_->parameters(), pool, static_cast<int>(options_.runtime.lanes));
    std::vector<Collector<Real>*> collectors;
    if (asks("variance")) {
      collectors.push_back(&moments_);
    } else if (asks("mean")) {
      collectors.push_back(&sum_);
    }
    if (asks("norms")) collectors.push_back(&norms_);
    if (asks("gram")) collectors.push_back(&gram_);
    if (asks("per-sample")) collectors.push_back(&per_sample_);
    const std::int64_t samples = batch_.x0.rows();
    Tensor<Real> losses(Shape{samples});
    engine.run(
        samples, [&](Tape<Real>& tape, const LaneRows<Real>& rows) { return record(tape, rows); },
        collectors, losses.values(), batch_.weight.values());

    check_finite(engine, losses);

    check_statistics();
    SafetensorsWriter out;
    out.add("loss", losses);
    write_moments(out);
    if (asks("norms")) add_doubles(out, "norms", Shape{samples}, norms_.squared_norms());
    if (asks("gram")) {
      add_doubles(out, "gram", Shape{samples, samples}, gram_.gram().values());
    }
    if (asks("per-sample")) write_per_sample(out);
    out.set_metadata("model", model_->spec());
    out.set_metadata("interpolant", interpolant_.spec());
    out.set_metadata("variance", options_.variance);
    out.write(options_.out);
    say_so(losses);
  }

 private:
  void say_so(const Tensor<Real>& losses) const {
    if (options_.output.json) {
      double mean = 0;
      for (const Real loss : losses.values()) mean += static_cast<double>(loss);
      std::cout << json_text(
                       nlohmann::json{{"samples", losses.size()},
                                      {"mean_loss", mean / static_cast<double>(losses.size())},
                                      {"statistics", statistics_},
                                      {"out", options_.out}})
                << '\n';
    } else if (!options_.output.quiet) {
      std::cout << "gradients of " << losses.size() << " samples to " << options_.out << '\n';
    }
  }

  // What grows with the square of the batch, and with batch times parameters.
  void check_size() const {
    const auto samples = static_cast<double>(batch_.x0.rows());
    const std::string count = std::to_string(batch_.x0.rows());
    if (asks("gram")) {
      check_memory("--statistics gram:", count + "x" + count + " products of gradients",
                   (sizeof(double) + 2 * sizeof(Real)) * samples * samples);
    }
    if (asks("per-sample")) {
      const auto parameters = static_cast<double>(model_->parameters().layout().parameter_count());
      check_memory("--statistics per-sample:", count + " gradients",
                   3 * sizeof(Real) * samples * parameters);
    }
    if (asks("variance") && options_.variance == "unbiased" && batch_.x0.rows() < 2) {
      throw std::invalid_argument(
          "--variance unbiased needs two samples or more, and the batch holds one: ask for "
          "--variance population");
    }
  }

  static void check_finite(const Engine<Real>& engine, const Tensor<Real>& losses) {
    for (std::int64_t n = 0; n < losses.size(); ++n) {
      if (std::isfinite(losses[n])) continue;
      const std::string where = engine.first_nonfinite();
      throw std::runtime_error("the loss of sample " + std::to_string(n) + " is not finite" +
                               (where.empty() ? "" : ", first in " + where) +
                               "; nothing was written");
    }
  }

  // Losses may be finite where their gradients, or the squares of those, are not.
  void check_statistics() const {
    const auto finite = [](const auto& values) {
      return std::all_of(values.begin(), values.end(), [](auto x) { return std::isfinite(x); });
    };
    const auto refuse = [](const std::string& what) {
      throw std::runtime_error(what +
                               " is not finite, though the losses are: a number is too large "
                               "for this precision; nothing was written");
    };
    if (asks("variance")) {
      if (!finite(std::as_const(moments_).mean())) refuse("the mean gradient");
      if (!finite(moments_.squared_deviations())) refuse("a variance");
    } else if (asks("mean") && !finite(std::as_const(sum_).mean())) {
      refuse("the mean gradient");
    }
    if (asks("norms") && !finite(norms_.squared_norms())) refuse("a squared norm");
    if (asks("gram") && !finite(gram_.gram().values())) refuse("the Gram matrix");
  }

  [[nodiscard]] bool asks(const std::string& name) const {
    return std::find(statistics_.begin(), statistics_.end(), name) != statistics_.end();
  }

  Value record(Tape<Real>& tape, const LaneRows<Real>& rows) const {
    const std::int64_t d = batch_.x0.row_size();
    const auto part = [&](const Tensor<Real>& all) {
      return all.size() == 0 ? std::span<const Real>{}
                             : all.values().subspan(rows.begin * d, rows.count * d);
    };
    return flow_losses(tape, *model_, interpolant_,
                       FlowRows<Real>{.x0 = part(batch_.x0),
                                      .x1 = part(batch_.x1),
                                      .t = batch_.t.values().subspan(rows.begin, rows.count),
                                      .z = part(batch_.z)},
                       rows.count);
  }

  void write_moments(SafetensorsWriter& out) const {
    if (!asks("mean") && !asks("variance")) return;
    const ParameterLayout& layout = model_->parameters().layout();
    const std::span<const Real> mean =
        asks("variance") ? std::as_const(moments_).mean() : std::as_const(sum_).mean();
    for (int k = 0; k < layout.count(); ++k) {
      const ParameterInfo& info = layout.infos()[k];
      if (asks("mean")) {
        out.add("mean/" + info.name, info.shape, layout.slice(mean, ParameterId{k}));
      }
      if (!asks("variance")) continue;
      const double divisor = moments_.weights().divisor(
          options_.variance == "unbiased" ? Estimator::kUnbiased : Estimator::kPopulation);
      Tensor<Real> variance(info.shape,
                            layout.slice(moments_.squared_deviations(), ParameterId{k}));
      for (Real& value : variance.values()) {
        value = static_cast<Real>(static_cast<double>(value) / divisor);
      }
      out.add("variance/" + info.name, variance);
    }
  }

  void write_per_sample(SafetensorsWriter& out) const {
    const ParameterLayout& layout = model_->parameters().layout();
    const std::int64_t samples = batch_.x0.rows();
    for (int k = 0; k < layout.count(); ++k) {
      const ParameterInfo& info = layout.infos()[k];
      std::vector<std::int64_t> axes = {samples};
      for (int i = 0; i < info.shape.rank(); ++i) axes.push_back(info.shape[i]);
      Tensor<Real> all{Shape(std::span<const std::int64_t>(axes))};
      for (std::int64_t n = 0; n < samples; ++n) {
        const std::span<const Real> one = per_sample_.gradient(n, ParameterId{k});
        std::copy(one.begin(), one.end(), all.row(n).begin());
      }
      out.add("per_sample/" + info.name, all);
    }
  }

  // Norms and Gram are f64 inside; the file holds the precision that was asked for.
  static void add_doubles(SafetensorsWriter& out, const std::string& name, const Shape& shape,
                          std::span<const double> values) {
    Tensor<Real> rounded(shape);
    for (std::int64_t i = 0; i < rounded.size(); ++i) rounded[i] = static_cast<Real>(values[i]);
    out.add(name, rounded);
  }

  const GradientsCommand& options_;
  std::vector<std::string> statistics_;
  Interpolant interpolant_;
  BatchFile<Real> batch_;
  std::unique_ptr<Model<Real>> model_;
  SumCollector<Real> sum_;
  MomentsCollector<Real> moments_;
  NormsCollector<Real> norms_;
  GramCollector<Real> gram_;
  PerSampleCollector<Real> per_sample_;
};

}  // namespace

void add_gradients(CLI::App& app) {
  auto options = std::make_shared<GradientsCommand>();
  CLI::App* command = app.add_subcommand(
      "gradients", "Exact per-sample gradient statistics of a batch file, to a file");
  command->footer(
      "Reads x0, x1 [B,d], t [B], z [B,d] when the interpolant has noise, weight [B] if there.\n"
      "Writes loss [B]; norms [B], squared; gram [B,B]; mean/, variance/ and per_sample/ of every\n"
      "parameter. The loss of a sample is the squared error summed over its coordinates. Weights\n"
      "count in mean and variance only.\n"
      "Example\n"
      "  gradvar gradients --model mlp:width=64 --weights weights.safetensors \\\n"
      "    --batch batch.safetensors --interpolant constant:sigma=0.05 \\\n"
      "    --statistics mean,variance,norms --out gradients.safetensors");
  add_text(*command, "--model", options->model, "SPEC", "the network, mlp:width=64,depth=3")
      ->required();
  add_text(*command, "--weights", options->weights, "FILE", "its weights, safetensors")->required();
  add_text(*command, "--batch", options->batch, "FILE", "safetensors, as below")->required();
  add_text(*command, "--interpolant", options->interpolant, "SPEC",
           "linear, trigonometric, constant:sigma=0.05, bridge:sigma=0.05");
  add_text(*command, "--statistics", options->statistics, "LIST",
           "some of " + list_of(kStatistics));
  add_choice(*command, "--variance", options->variance, {"unbiased", "population"},
             "divide by N - 1 or by N");
  add_text(*command, "--out", options->out, "FILE", "safetensors to write")->required();
  add_runtime_options(*command, options->runtime);
  add_output_options(*command, options->output);
  command->callback([options] {
    with_precision(options->runtime.precision,
                   [&](auto real) { Gradients<decltype(real)>(*options).run(); });
  });
}

}  // namespace gradvar::commands

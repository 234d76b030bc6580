#include "tools/run_flow.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <utility>

#include "flow/field.h"
#include "nn/checkpoint.h"
#include "nn/weights.h"
#include "tools/choices.h"
#include "tools/commands/options.h"
#include "tools/pairs_file.h"
#include "tools/saved_run.h"
#include "tools/watched_field.h"

namespace gradvar {

namespace {

template <class Real>
class RunFlowOf final : public RunFlow {
 public:
  RunFlowOf(const RunConfig& config, const CheckpointEntry& checkpoint, std::int64_t threads)
      : config_(config),
        step_(checkpoint.step),
        pool_(resolve_threads(threads, kMostThreads)),
        model_(make_model<Real>("--model", config.model,
                                make_distribution("--source", config.source)->sample_shape())) {
    (void)read_checkpoint(checkpoint.path);  // checks it
    const std::filesystem::path average = checkpoint.path / "ema.safetensors";
    load_weights(
        std::filesystem::exists(average) ? average : checkpoint.path / "weights.safetensors",
        model_->parameters());
  }

  Tensor<double> follow(const Tensor<double>& x, double t0, double t1, const SolverOptions& solver,
                        Progress* progress, const std::string& when_stopped) override {
    const NetworkField<Real> field(*model_, pool_);
    const auto along = [&](const Field<Real>& v) {
      return convert<double>(solve<Real>(v, solver, convert<Real>(x), t0, t1).end);
    };
    if (progress == nullptr) return along(field);
    return along(WatchedField<Real>(field, *progress, when_stopped));
  }

  [[nodiscard]] const RunConfig& config() const override { return config_; }
  [[nodiscard]] std::string model() const override { return model_->spec(); }
  [[nodiscard]] Shape sample_shape() const override { return model_->sample_shape(); }
  [[nodiscard]] std::int64_t step() const override { return step_; }
  [[nodiscard]] std::string weights_fingerprint() const override {
    const std::span<const Real> flat = std::as_const(*model_).parameters().flat();
    Tensor<double> weights(Shape{static_cast<std::int64_t>(flat.size())});
    std::copy(flat.begin(), flat.end(), weights.data());
    return fingerprint(weights);
  }

 private:
  RunConfig config_;
  std::int64_t step_;
  LanePool pool_;
  std::unique_ptr<Model<Real>> model_;
};

}  // namespace

std::unique_ptr<RunFlow> RunFlow::read(const std::string& directory, const std::string& option,
                                       std::int64_t threads) {
  const RunConfig config = saved_config(directory, option);
  const CheckpointEntry newest = newest_checkpoint(directory, option);
  std::unique_ptr<RunFlow> flow;
  with_precision(config.precision, [&](auto real) {
    flow = std::make_unique<RunFlowOf<decltype(real)>>(config, newest, threads);
  });
  return flow;
}

}  // namespace gradvar

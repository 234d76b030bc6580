#include "tools/flow_coupling.h"

#include <filesystem>
#include <stdexcept>
#include <utility>

#include "io/number_text.h"
#include "io/safetensors.h"
#include "nn/checkpoint_directory.h"
#include "tools/choices.h"
#include "tools/saved_run.h"

namespace gradvar {

namespace {

namespace fs = std::filesystem;

constexpr const char* kOption = "--coupling";

}  // namespace

std::string FlowCouplingOptions::spec() const {
  return SpecWriter("flow")
      .word("run", run)
      .word("direction", direction == FlowDirection::kForwards ? "forwards" : "backwards")
      .word("solver", solver.spec())
      .text();
}

FlowCouplingOptions FlowCouplingOptions::parse(SpecReader& spec) {
  spec.require("run");
  FlowCouplingOptions options{.run = spec.word("run", "")};
  if (spec.choice("direction", "forwards", {"forwards", "backwards"}) == "backwards") {
    options.direction = FlowDirection::kBackwards;
  }
  options.solver = SolverOptions::parse(spec.word("solver", options.solver.spec()));
  spec.done();
  return options;
}

FlowCoupling::FlowCoupling(FlowCouplingOptions options, FlowUse use)
    : options_(std::move(options)), use_(std::move(use)) {}

Tensor<double> FlowCoupling::follow(const Tensor<double>& x, double t0, double t1) const {
  const std::lock_guard<std::mutex> lock(reading_);
  if (!flow_) flow_ = RunFlow::read(options_.run, kOption, use_.threads);
  if (!(x.shape().sample() == flow_->sample_shape())) {
    throw std::invalid_argument(std::string(kOption) + ": a sample of the run '" + options_.run +
                                "' is " + flow_->sample_shape().to_string() +
                                ", one of the pairs " + x.shape().sample().to_string());
  }
  return flow_->follow(x, t0, t1, options_.solver, use_.progress, use_.when_stopped);
}

Tensor<double> FlowCoupling::partners(const Tensor<double>& x0, Tensor<double>,
                                      const RandomStream&) const {
  return follow(x0, 0, 1);
}

Tensor<double> FlowCoupling::sources(const Tensor<double>& x1) const { return follow(x1, 1, 0); }

bool FlowCoupling::at_hand() const {
  return fs::exists(fs::path(options_.run) / "run.toml") && latest_checkpoint(options_.run);
}

std::map<std::string, std::string> FlowCoupling::provenance() const {
  const std::lock_guard<std::mutex> lock(reading_);
  if (!flow_) return {};
  return {{"round", std::to_string(round_of(options_.run) + 1)},
          {"flow-step", std::to_string(flow_->step())},
          {"flow-model", flow_->model()},
          {"flow-weights", flow_->weights_fingerprint()},
          {"flow-coupling", flow_->config().coupling}};
}

void adopt_flow(RunConfig& config, const std::function<bool(const std::string&)>& given) {
  for_option(kOption, [&] {
    SpecReader spec(config.coupling);
    if (spec.name() != "flow") return;
    const std::string directory = FlowCouplingOptions::parse(spec).run;
    const RunConfig run = saved_config(directory, "the flow");
    if (!given("source")) config.source = run.source;
    if (!given("target")) config.target = run.target;
    if (!given("pairs")) config.pairs = run.pairs;
    if (!given("seed")) config.seed = seed_of_next_round(directory, run);
  });
}

std::uint64_t seed_of_next_round(const std::string& directory, const RunConfig& run) {
  return run.seed + static_cast<std::uint64_t>(round_of(directory)) + 1;
}

int round_of(const std::string& run) {
  const fs::path path = fs::path(run) / "pairs.safetensors";
  if (!fs::exists(path)) return 0;
  const auto metadata = SafetensorsFile::read(path.string()).metadata();
  const auto round = metadata.find("round");
  if (round == metadata.end()) return 0;
  return static_cast<int>(number_from_text(round->second).value_or(0));
}

}  // namespace gradvar

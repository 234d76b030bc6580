// flow_coupling: pairs that a trained flow makes: rectification (ReFlow; Liu, Gong and Liu, "Flow
// straight and fast", 2022).
//
//   flow:run=DIR,direction=forwards,solver="euler:steps=100"
//
//   forwards    x0 drawn from the source, x1 where the flow takes it from t = 0 to 1
//   backwards   x1 drawn from the target, x0 where the flow comes from, t = 1 to 0
//
// Its pairs are those of a deterministic map, whatever the run was trained on. Rounds are runs on
// such pairs, one after the other. The run is read when partners are first asked for: a run whose
// pairs are in a file needs no more of the one that made them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "flow/coupling.h"
#include "flow/solver.h"
#include "io/spec.h"
#include "tools/progress.h"
#include "tools/run_config.h"
#include "tools/run_flow.h"

namespace gradvar {

enum class FlowDirection { kForwards, kBackwards };

struct FlowCouplingOptions {
  std::string run;
  FlowDirection direction = FlowDirection::kForwards;
  SolverOptions solver{.method = SolverMethod::dopri5};

  [[nodiscard]] std::string spec() const;
  // Throws std::invalid_argument.
  [[nodiscard]] static FlowCouplingOptions parse(SpecReader& spec);
};

// How flows are followed, and partners within sets looked for; never changes a number.
struct FlowUse {
  std::int64_t threads = 0;
  Progress* progress = nullptr;  // not owned; then a signal ends it by Stopped(when_stopped)
  std::string when_stopped{};
};

class FlowCoupling final : public Coupling {
 public:
  explicit FlowCoupling(FlowCouplingOptions options, FlowUse use = {});

  [[nodiscard]] std::string spec() const override { return options_.spec(); }
  // These two throw std::invalid_argument "--coupling: ..." as RunFlow::read does, and when samples
  // of the run have another shape.
  [[nodiscard]] Tensor<double> partners(const Tensor<double>& x0, Tensor<double> targets,
                                        const RandomStream& stream) const override;
  [[nodiscard]] Tensor<double> sources(const Tensor<double>& x1) const override;
  [[nodiscard]] bool from_targets() const override {
    return options_.direction == FlowDirection::kBackwards;
  }
  [[nodiscard]] bool uses_targets() const override { return from_targets(); }
  // A flow is followed by one caller at a time: not while a step is being trained.
  [[nodiscard]] bool row_by_row() const override { return false; }
  [[nodiscard]] bool sources_once() const override { return true; }
  [[nodiscard]] bool at_hand() const override;
  // round, flow-step, flow-model, flow-weights (a fingerprint) and flow-coupling, what the flow
  // itself was trained on; once it has been followed.
  [[nodiscard]] std::map<std::string, std::string> provenance() const override;

 private:
  [[nodiscard]] Tensor<double> follow(const Tensor<double>& x, double t0, double t1) const;

  FlowCouplingOptions options_;
  FlowUse use_;
  mutable std::mutex reading_;
  mutable std::unique_ptr<RunFlow> flow_;
};

// Fills in what the user left out beside --coupling flow:run=DIR: source, target and number of
// pairs are the run's, and the seed is seed_of_next_round. Nothing for other couplings.
void adopt_flow(RunConfig& config, const std::function<bool(const std::string&)>& given);

// How many flows stand behind a run's pairs, one on the pairs of the other: 0 for a run on pairs of
// another kind. Known to runs that are finished.
[[nodiscard]] int round_of(const std::string& run);

// The run's seed and one more for each flow behind its pairs and for itself: sources that no flow
// before it has seen, also where pairs went from run to run through files and every run has the
// same seed. (A file of points as source holds what it holds.)
[[nodiscard]] std::uint64_t seed_of_next_round(const std::string& directory, const RunConfig& run);

}  // namespace gradvar

// run_flow: the flow that a saved run learned, without the pairs it learned from: those may be
// many, or be made by another run's flow in turn.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "autograd/tensor.h"
#include "flow/solver.h"
#include "tools/progress.h"
#include "tools/run_config.h"

namespace gradvar {

class RunFlow {
 public:
  virtual ~RunFlow() = default;

  // With the weights of the newest checkpoint, their average when the run keeps one (--ema), in the
  // run's precision. Throws std::invalid_argument "OPTION: ..." when there is no run, no checkpoint
  // yet, or it is damaged.
  [[nodiscard]] static std::unique_ptr<RunFlow> read(const std::string& directory,
                                                     const std::string& option,
                                                     std::int64_t threads);

  // From x at time t0 to time t1, backwards when t1 < t0. With a progress, in rows of the field's
  // evaluations, a signal ends it by Stopped(when_stopped).
  [[nodiscard]] virtual Tensor<double> follow(const Tensor<double>& x, double t0, double t1,
                                              const SolverOptions& solver, Progress* progress,
                                              const std::string& when_stopped) = 0;
  [[nodiscard]] virtual const RunConfig& config() const = 0;
  [[nodiscard]] virtual std::string model() const = 0;  // spec
  [[nodiscard]] virtual Shape sample_shape() const = 0;
  [[nodiscard]] virtual std::int64_t step() const = 0;                // of the checkpoint
  [[nodiscard]] virtual std::string weights_fingerprint() const = 0;  // tools/pairs_file.h
};

}  // namespace gradvar

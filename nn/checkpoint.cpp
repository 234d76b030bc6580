#include "nn/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "autograd/check.h"
#include "io/directory_swap.h"
#include "nn/checkpoint_state.h"
#include "nn/weights.h"

namespace gradvar {

namespace fs = std::filesystem;

namespace {

constexpr const char* kWeights = "weights.safetensors";
constexpr const char* kOptimizer = "optimizer.safetensors";
constexpr const char* kEma = "ema.safetensors";

template <class Real>
std::string precision_name() {
  return sizeof(Real) == 4 ? "f32" : "f64";
}

template <class Real>
void save_optimizer(const fs::path& path, const Optimizer<Real>& optimizer) {
  std::vector<NamedBlock<const Real>> blocks;
  for (const OptimizerState<Real>& state : optimizer.states()) {
    blocks.push_back({state.name + "/", state.values.values()});
  }
  save_blocks<Real>(
      path, optimizer.layout(), blocks,
      {{"optimizer", optimizer.spec()}, {"steps", std::to_string(optimizer.steps())}});
}

template <class Real>
void save_ema(const fs::path& path, const Ema<Real>& ema) {
  const NamedBlock<const Real> block{"", ema.values()};
  save_blocks<Real>(path, ema.layout(), {&block, 1}, {{"updates", std::to_string(ema.updates())}});
}

// A count out of a file's metadata.
std::int64_t count_in(const fs::path& checkpoint, const char* file,
                      const std::map<std::string, std::string>& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  std::int64_t count = -1;
  if (found != metadata.end()) {
    const std::string& text = found->second;
    std::from_chars(text.data(), text.data() + text.size(), count);
  }
  if (count < 0) refuse_checkpoint(checkpoint, std::string(file) + " does not say its " + key);
  return count;
}

template <class Real>
void copy(const Tensor<Real>& from, std::span<Real> to) {
  std::copy(from.values().begin(), from.values().end(), to.begin());
}

}  // namespace

template <class Real>
fs::path save_checkpoint(const fs::path& run, const CheckpointState& state,
                         const ParameterSet<Real>& parameters, const Optimizer<Real>& optimizer,
                         const Ema<Real>* ema, int keep) {
  const fs::path goal = checkpoint_path(run, state.step);
  check(keep >= 1, "checkpoint",
        "keep is " + std::to_string(keep) + " checkpoints, expected 1 or more");
  check(ema == nullptr || !ema->swapped(), "checkpoint",
        "the average is swapped in: swap it out before saving");
  check_specs(state);
  remove_unfinished_checkpoints(run);

  const fs::path temporary = temporary_directory(goal.string());
  std::vector<std::string> files = {kWeights, kOptimizer};
  save_weights(temporary / kWeights, parameters);
  save_optimizer(temporary / kOptimizer, optimizer);
  if (ema != nullptr) {
    save_ema(temporary / kEma, *ema);
    files.emplace_back(kEma);
  }
  CheckpointState written = state;
  written.precision = precision_name<Real>();
  write_checkpoint_state(temporary, written, files);
  replace_directory(temporary.string(), goal.string());

  prune_checkpoints(run, state.step, keep);
  return goal;
}

CheckpointState read_checkpoint(const fs::path& checkpoint) {
  return read_checkpoint_state(checkpoint).state;
}

template <class Real>
CheckpointState load_checkpoint(const fs::path& checkpoint, ParameterSet<Real>& parameters,
                                Optimizer<Real>& optimizer, Ema<Real>* ema) {
  const CheckpointContents contents = read_checkpoint_state(checkpoint);
  check(contents.state.precision == precision_name<Real>(), "checkpoint",
        "'" + checkpoint.string() + "' holds " + contents.state.precision + " numbers, this run " +
            precision_name<Real>() + ": going on exactly needs the same precision");
  check(ema == nullptr || !ema->swapped(), "checkpoint",
        "the average is swapped in: swap it out before loading");
  check(ema == nullptr ||
            std::find(contents.files.begin(), contents.files.end(), kEma) != contents.files.end(),
        "checkpoint",
        "'" + checkpoint.string() + "' holds no moving average, and this run keeps one");

  // Everything is read before anything is changed.
  const ParameterLayout& layout = parameters.layout();
  const Shape flat{layout.padded_size()};
  Tensor<Real> weights(flat), average(flat);
  std::vector<Tensor<Real>> states(optimizer.states().size(), Tensor<Real>(flat));
  std::vector<NamedBlock<Real>> blocks = {{"", weights.values()}};
  load_blocks<Real>(checkpoint / kWeights, layout, blocks);
  blocks.clear();
  for (std::size_t i = 0; i < states.size(); ++i) {
    blocks.push_back({optimizer.states()[i].name + "/", states[i].values()});
  }
  const std::int64_t steps =
      count_in(checkpoint, kOptimizer,
               load_blocks<Real>(checkpoint / kOptimizer, optimizer.layout(), blocks), "steps");
  std::int64_t updates = 0;
  if (ema != nullptr) {
    blocks = {{"", average.values()}};
    updates = count_in(checkpoint, kEma,
                       load_blocks<Real>(checkpoint / kEma, ema->layout(), blocks), "updates");
  }

  copy(weights, parameters.flat());
  for (std::size_t i = 0; i < states.size(); ++i) {
    copy(states[i], optimizer.states()[i].values.values());
  }
  optimizer.set_steps(steps);
  if (ema != nullptr) {
    copy(average, ema->values());
    ema->set_updates(updates);
  }
  return contents.state;
}

template fs::path save_checkpoint(const fs::path&, const CheckpointState&,
                                  const ParameterSet<float>&, const Optimizer<float>&,
                                  const Ema<float>*, int);
template fs::path save_checkpoint(const fs::path&, const CheckpointState&,
                                  const ParameterSet<double>&, const Optimizer<double>&,
                                  const Ema<double>*, int);
template CheckpointState load_checkpoint(const fs::path&, ParameterSet<float>&, Optimizer<float>&,
                                         Ema<float>*);
template CheckpointState load_checkpoint(const fs::path&, ParameterSet<double>&, Optimizer<double>&,
                                         Ema<double>*);

}  // namespace gradvar

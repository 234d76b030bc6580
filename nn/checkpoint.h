// checkpoint: everything a run needs to go on as if it had never stopped.
//
//   <run>/checkpoints/step-00000100/
//     weights.safetensors      the parameters
//     optimizer.safetensors    the optimiser's states, "exp_avg/net.0.weight"; its step count in
//     the
//                              metadata
//     ema.safetensors          the average, under the parameters' names, when there is one
//     state.txt                step, seed, precision, specs; size and hash of each file; a hash of
//                              itself
//
// Random numbers are counter-based, so step and seed are all there is to know about them. Loading
// restores every bit. The directory appears whole or not at all; the hashes (FNV-1a, 64 bits) find
// what disks and people do to it afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "nn/checkpoint_directory.h"
#include "nn/ema.h"
#include "nn/optimizer.h"

namespace gradvar {

struct CheckpointState {
  std::int64_t step = 0;
  std::uint64_t seed = 0;
  // What was run, by name: {"model", "mlp:dim=2,..."}, {"optimizer", "adam:..."}. Kept as they are;
  // whether they suit the run that loads them is for that run to decide.
  std::map<std::string, std::string> specs = {};
  std::string precision = {};  // "f32" or "f64"; filled by reading, ignored by saving
};

// Writes the checkpoint of state.step, clears what crashes left, and then keeps the newest `keep`
// up to this one. `ema` may be null. Returns where it is. Throws std::invalid_argument when a spec
// cannot stand in a line of text, when the average is swapped in or keep < 1 (nothing is written
// then), or when the run directory cannot be written; std::runtime_error when the disk fails.
template <class Real>
std::filesystem::path save_checkpoint(const std::filesystem::path& run,
                                      const CheckpointState& state,
                                      const ParameterSet<Real>& parameters,
                                      const Optimizer<Real>& optimizer, const Ema<Real>* ema,
                                      int keep);

// Checks the hashes of all files and returns the state: what to build before loading. Throws
// std::invalid_argument naming the checkpoint and what is wrong with it.
[[nodiscard]] CheckpointState read_checkpoint(const std::filesystem::path& checkpoint);

// Checks, and restores parameters, optimiser and, unless it is null, the average. Throws
// std::invalid_argument, with everything as it was, when the checkpoint is damaged, does not fit,
// is of the other precision, or has no average when one is wanted.
template <class Real>
CheckpointState load_checkpoint(const std::filesystem::path& checkpoint,
                                ParameterSet<Real>& parameters, Optimizer<Real>& optimizer,
                                Ema<Real>* ema);

}  // namespace gradvar

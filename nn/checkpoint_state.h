// checkpoint_state: the text file that says what a checkpoint is and what its files must be.
//
//   gradvar checkpoint 1
//   precision f32
//   step 100
//   seed 7
//   spec model mlp:dim=2,width=64,depth=3,activation=selu,time=column
//   file weights.safetensors 36432 9c3f1a5be2087d44         (bytes, FNV-1a of them)
//   hash 5d1c0b3a7788e912                                   (of the lines above)
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nn/checkpoint.h"

namespace gradvar {

// Throws std::invalid_argument when a spec's name is empty or has spaces, or its text has line
// breaks.
void check_specs(const CheckpointState& state);
// Writes state.txt for a directory in which the named files already stand.
void write_checkpoint_state(const std::filesystem::path& directory, const CheckpointState& state,
                            const std::vector<std::string>& files);

struct CheckpointContents {
  CheckpointState state;
  std::vector<std::string> files;
};
// Reads state.txt, and checks every file against it. Throws std::invalid_argument
// "[checkpoint] '<path>' is damaged: ...".
[[nodiscard]] CheckpointContents read_checkpoint_state(const std::filesystem::path& directory);

// "[checkpoint] '<path>' is damaged: <what>".
[[noreturn]] void refuse_checkpoint(const std::filesystem::path& checkpoint,
                                    const std::string& what);

}  // namespace gradvar

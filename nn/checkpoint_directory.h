// checkpoint_directory: where a run keeps its checkpoints.
//
//   <run>/checkpoints/step-00000100/          a checkpoint, named by its step
//   <run>/checkpoints/step-00000100.tmp-.../  one being written, or what a crash left of it
//
// A checkpoint gets its name when it is whole and on the disk (io/directory_swap.h). Deleting goes
// the other way round: it loses its name first and is removed then. So whatever has a name of the
// first form was once whole, and other names are never taken for checkpoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace gradvar {

struct CheckpointEntry {
  std::int64_t step = 0;
  std::filesystem::path path;
};

// The checkpoints of a run, by rising step; none when the run or its directory is not there.
// Whether they are sound shows when they are loaded.
[[nodiscard]] std::vector<CheckpointEntry> list_checkpoints(const std::filesystem::path& run);
// The one with the highest step. When it turns out damaged, falling back to an earlier one of the
// list is the caller's decision.
[[nodiscard]] std::optional<CheckpointEntry> latest_checkpoint(const std::filesystem::path& run);

// "<run>/checkpoints/step-00000100".
[[nodiscard]] std::filesystem::path checkpoint_path(const std::filesystem::path& run,
                                                    std::int64_t step);

// Removes what crashes left behind. Not while another process writes checkpoints of this run.
void remove_unfinished_checkpoints(const std::filesystem::path& run);
// Keeps the newest `keep` (1 or more) among those up to `step`, and deletes the ones before them.
// Checkpoints of later steps, from a run that was set back, are left alone.
void prune_checkpoints(const std::filesystem::path& run, std::int64_t step, int keep);

}  // namespace gradvar

// run_directory: whose directory is it: a new run's, a run's that goes on, or somebody else's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "tools/run_config.h"

namespace gradvar {

// Throws std::invalid_argument "--out: ..." when a run's files are there already, or the path is
// something other than a directory. A run that ended before its first checkpoint, by a loss that is
// not finite, say, has nothing to go on from and may be replaced.
void check_new_run(const std::filesystem::path& directory);

// For commands whose directory holds what they wrote and nothing else. Throws std::invalid_argument
// "--out: 'DIR' holds 'notes.txt', expected a new directory, or one that gradvar COMMAND wrote" for
// the first name that is not `ours`; a directory that is not there is fine.
void check_nothing_foreign(const std::string& option, const std::filesystem::path& directory,
                           const std::string& command,
                           const std::function<bool(const std::string& name)>& ours);

// run.toml of the run to go on with. Throws std::invalid_argument "--resume: ..." when there is
// none.
[[nodiscard]] RunConfig resumable_config(const std::filesystem::path& directory);

// Holds a run's directory, which it makes, for one process at a time. The system lets go of it when
// the process ends, however it ends.
class RunLock {
 public:
  RunLock() = default;
  // Throws std::invalid_argument when the directory cannot be made, cannot be written, or another
  // process holds it.
  explicit RunLock(const std::filesystem::path& directory);
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;
  ~RunLock();

 private:
  int descriptor_ = -1;
};

// Where --samples-every puts its pictures, DIR/samples/step-000500.png.
[[nodiscard]] std::filesystem::path picture_path(const std::filesystem::path& directory,
                                                 std::uint64_t step);
// Makes DIR/samples, before training. Throws std::invalid_argument "--samples-every: ..." when it
// cannot be made or written.
void make_picture_directory(const std::filesystem::path& directory);

// Removes the logs and pictures of a run that check_new_run lets a new one replace. While the lock
// is held.
void remove_abandoned_run(const std::filesystem::path& directory);

// Removes the pieces of a run's files that a killed process left, "loss.csv.tmp-...". While the
// lock is held: another process may be writing them.
void remove_unfinished_files(const std::filesystem::path& directory);

// The text as one word of a shell's command line: in quotes where it needs them.
[[nodiscard]] std::string shell_word(const std::string& text);

}  // namespace gradvar

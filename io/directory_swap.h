// directory_swap: a directory that appears whole.
//
// A checkpoint is several files that belong together. They are written into a temporary directory
// beside the goal, flushed, and the directory takes the goal's name in one step:
//
//   const std::string temporary = temporary_directory("run/checkpoint");
//   ... write files into it ...
//   replace_directory(temporary, "run/checkpoint");
//
// A crash at any instant leaves the old directory or the new one whole. Where the system can
// exchange two names (Linux: ext4, xfs, btrfs, tmpfs, overlay) the goal is never absent. Elsewhere
// there is an instant in which the old one is called goal + ".old" and nothing is called goal;
// recover_directory(), which a reader calls first, undoes that.
#pragma once

#include <string>

namespace gradvar {

// Makes an empty directory goal + ".tmp-..." and returns its path. A missing parent directory is
// made too. Throws std::invalid_argument when it cannot be made.
[[nodiscard]] std::string temporary_directory(const std::string& goal);

// Flushes everything in `temporary` and gives it the name `goal`; what had that name is removed.
// Throws std::invalid_argument when `goal` exists and is not a directory, std::runtime_error when
// the disk fails; the old directory is then still there.
void replace_directory(const std::string& temporary, const std::string& goal);

// The same by two renames, for file systems that cannot exchange names.
void replace_directory_in_two_steps(const std::string& temporary, const std::string& goal);

// If a crash between the two renames left goal + ".old" and no goal, gives it its name back.
void recover_directory(const std::string& goal);

}  // namespace gradvar

// atomic_file: whole files in and out.
//
// A file is written beside its goal, flushed to the disk and renamed into place, so that a crash at
// any instant leaves the old file or the new one, never a piece. Errors about a path that the user
// gave are std::invalid_argument and read as one sentence:
//   cannot write 'x/y.npy': No such file or directory
// A disk that fails half-way (full, gone) is a DiskError with the same words.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gradvar {

// A path that was fine to begin with, and then the disk refused.
class DiskError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws std::invalid_argument("<path>: <what>"), the form of every complaint about what is inside
// a file.
[[noreturn]] void refuse_file(std::string_view path, std::string_view what);

// The bytes of a regular file or a pipe. Throws std::invalid_argument when it is missing, is a
// directory, or cannot be read.
[[nodiscard]] std::string read_file(const std::string& path);

// Writes the pieces one after another as the whole new content of `path`. A symbolic link is
// followed. Throws std::invalid_argument when the directory is missing or closed to us, or when
// `path` is something other than a regular file (renaming over a device would destroy it).
void write_file(const std::string& path, std::span<const std::string_view> pieces);
void write_file(const std::string& path, std::string_view bytes);

// Flushes a file or a directory (that is, the names in it) to the disk.
// Throws DiskError when the disk refuses.
void flush_to_disk(const std::string& path);

}  // namespace gradvar

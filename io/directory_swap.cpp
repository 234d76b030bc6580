#include "io/directory_swap.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

#include "io/atomic_file.h"

namespace gradvar {

namespace fs = std::filesystem;

namespace {

std::string swap_sentence(const std::string& path, std::string_view why) {
  return "cannot write '" + path + "': " + std::string(why);
}

std::string parent_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

// "run/checkpoint/" names the same directory as "run/checkpoint", but not the same neighbours.
std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

void rename_or_throw(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    throw DiskError(swap_sentence(to, std::strerror(errno)));
  }
}

void remove_or_throw(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw DiskError("cannot remove '" + path + "': " + error.message());
}

// Swaps the names of two directories at once; false where that does not exist.
bool exchange([[maybe_unused]] const std::string& a, [[maybe_unused]] const std::string& b) {
#ifdef RENAME_EXCHANGE
  return ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
#else
  return false;
#endif
}

// Flushes the files before the names that lead to them. Checks the goal, too.
void prepare(const std::string& temporary, const std::string& goal) {
  if (fs::exists(goal) && !fs::is_directory(goal)) {
    throw std::invalid_argument(swap_sentence(goal, "it exists and is not a directory"));
  }
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(temporary)) {
    flush_to_disk(entry.path().string());
  }
  flush_to_disk(temporary);
}

}  // namespace

std::string temporary_directory(const std::string& raw_goal) {
  const std::string goal = without_trailing_slash(raw_goal);
  std::error_code error;
  fs::create_directories(parent_of(goal), error);
  if (error) throw std::invalid_argument(swap_sentence(goal, error.message()));
  for (int attempt = 0;; ++attempt) {
    std::string path = goal + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
    if (fs::create_directory(path, error)) return path;
    if (error) throw std::invalid_argument(swap_sentence(goal, error.message()));
  }
}

void replace_directory(const std::string& temporary, const std::string& raw_goal) {
  const std::string goal = without_trailing_slash(raw_goal);
  prepare(temporary, goal);
  if (!fs::exists(goal)) {
    rename_or_throw(temporary, goal);
    flush_to_disk(parent_of(goal));
  } else if (exchange(temporary, goal)) {
    flush_to_disk(parent_of(goal));
    remove_or_throw(temporary);  // holds the old one now
  } else {
    replace_directory_in_two_steps(temporary, goal);
  }
}

void replace_directory_in_two_steps(const std::string& temporary, const std::string& raw_goal) {
  const std::string goal = without_trailing_slash(raw_goal);
  const std::string old = goal + ".old";
  prepare(temporary, goal);
  recover_directory(goal);
  if (fs::exists(goal)) {
    remove_or_throw(old);  // a leftover of a crash after the second rename
    rename_or_throw(goal, old);
  }
  rename_or_throw(temporary, goal);
  flush_to_disk(parent_of(goal));
  remove_or_throw(old);
}

void recover_directory(const std::string& raw_goal) {
  const std::string goal = without_trailing_slash(raw_goal);
  if (fs::exists(goal) || !fs::is_directory(goal + ".old")) return;
  rename_or_throw(goal + ".old", goal);
  flush_to_disk(parent_of(goal));
}

}  // namespace gradvar

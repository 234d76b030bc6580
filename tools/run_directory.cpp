#include "tools/run_directory.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <string_view>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace gradvar {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const char* option, const fs::path& directory, const std::string& what) {
  throw std::invalid_argument(std::string(option) + ": '" + directory.string() + "' " + what);
}

// What a run writes beside run.toml.
constexpr std::array<const char*, 8> kFiles = {
    "loss.csv",        "monitor.csv",       "monitor_time.csv", "weights.safetensors",
    "ema.safetensors", "pairs.safetensors", "summary.json",     "checkpoints"};

}  // namespace

void check_new_run(const fs::path& directory) {
  std::error_code error;
  if (fs::exists(directory, error) && !fs::is_directory(directory, error)) {
    refuse("--out", directory, "is not a directory");
  }
  if (fs::exists(directory / "run.toml", error)) {
    refuse("--out", directory,
           "already holds a run; give --resume to go on with it, or another directory");
  }
  for (const char* name : kFiles) {
    if (fs::exists(directory / name, error)) {
      refuse("--out", directory,
             "already holds '" + std::string(name) + "', which a run would write over");
    }
  }
}

RunConfig resumable_config(const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(directory / "run.toml", error)) {
    refuse("--resume", directory, "holds no run.toml to go on from");
  }
  RunConfig config;
  read_run_toml(directory / "run.toml", config);
  return config;
}

RunLock::RunLock(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) refuse("--out", directory, "cannot be made: " + error.message());
  descriptor_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) {
    refuse("--out", directory, "cannot be opened: " + std::string(std::strerror(errno)));
  }
  // A file system without locks is no reason to refuse.
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(std::exchange(descriptor_, -1));
    refuse("--out", directory, "is being written by another gradvar");
  }
}

RunLock::RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void remove_unfinished_files(const fs::path& directory) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    const std::string whole = name.substr(0, name.find(".tmp-"));
    const bool ours =
        whole == "run.toml" || std::find(kFiles.begin(), kFiles.end(), whole) != kFiles.end();
    if (whole != name && ours) fs::remove(entry.path(), error);
  }
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace gradvar

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

[[noreturn]] void refuse(const std::string& option, const fs::path& directory,
                         const std::string& what) {
  throw std::invalid_argument(option + ": '" + directory.string() + "' " + what);
}

// What a run writes beside run.toml: logs from its first step on, results from its first
// checkpoint.
constexpr std::array<const char*, 4> kLogs = {"loss.csv", "monitor.csv", "monitor_time.csv",
                                              "monitor_spectrum.csv"};
constexpr std::array<const char*, 5> kResults = {
    "checkpoints", "weights.safetensors", "ema.safetensors", "pairs.safetensors", "summary.json"};

constexpr const char* kPictures = "samples";
constexpr std::string_view kPictureStart = "step-", kPictureEnd = ".png";

bool is_picture_name(std::string_view name) {
  if (!name.starts_with(kPictureStart) || !name.ends_with(kPictureEnd)) return false;
  if (name.size() <= kPictureStart.size() + kPictureEnd.size()) return false;
  name.remove_prefix(kPictureStart.size());
  name.remove_suffix(kPictureEnd.size());
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Removes the files of a directory whose names are `ours`.
void remove_files(const fs::path& directory, const std::function<bool(const std::string&)>& ours) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (ours(entry->path().filename().string())) fs::remove(entry->path(), ignored);
  }
}

template <class Names>
const char* first_in(const fs::path& directory, const Names& names) {
  std::error_code error;
  for (const char* name : names) {
    if (fs::exists(directory / name, error)) return name;
  }
  return nullptr;
}

// Begun, and ended before there was anything to go on from.
bool abandoned(const fs::path& directory) {
  std::error_code error;
  return fs::exists(directory / "run.toml", error) && fs::exists(directory / "loss.csv", error) &&
         first_in(directory, kResults) == nullptr;
}

}  // namespace

void check_new_run(const fs::path& directory) {
  std::error_code error;
  if (fs::exists(directory, error) && !fs::is_directory(directory, error)) {
    refuse("--out", directory, "is not a directory");
  }
  if (abandoned(directory)) return;
  if (fs::exists(directory / "run.toml", error)) {
    refuse("--out", directory,
           "already holds a run; give --resume to go on with it, or another directory");
  }
  const char* name = first_in(directory, kLogs);
  if (name == nullptr) name = first_in(directory, kResults);
  if (name == nullptr) return;
  refuse("--out", directory,
         "already holds '" + std::string(name) + "', which a run would write over");
}

void check_nothing_foreign(const std::string& option, const fs::path& directory,
                           const std::string& command,
                           const std::function<bool(const std::string& name)>& ours) {
  std::error_code error;
  std::string first;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (!ours(name) && (first.empty() || name < first)) first = name;
  }
  if (first.empty()) return;
  refuse(
      option, directory,
      "holds '" + first + "', expected a new directory, or one that gradvar " + command + " wrote");
}

void remove_abandoned_run(const fs::path& directory) {
  if (!abandoned(directory)) return;
  std::error_code error;
  for (const char* name : kLogs) fs::remove(directory / name, error);
  remove_files(directory / kPictures, is_picture_name);
  fs::remove(directory / kPictures, error);  // where nothing else is in it
}

fs::path picture_path(const fs::path& directory, std::uint64_t step) {
  const std::string digits = std::to_string(step);
  return directory / kPictures /
         (std::string(kPictureStart) + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') +
          digits + std::string(kPictureEnd));
}

void make_picture_directory(const fs::path& directory) {
  const fs::path pictures = directory / kPictures;
  std::error_code error;
  if (fs::exists(pictures, error) && !fs::is_directory(pictures, error)) {
    refuse("--samples-every", pictures, "is not a directory");
  }
  fs::create_directory(pictures, error);
  if (error) refuse("--samples-every", pictures, "cannot be made: " + error.message());
  if (::access(pictures.c_str(), W_OK) != 0) {
    refuse("--samples-every", pictures, "cannot be written: " + std::string(std::strerror(errno)));
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
  const auto whole = [](const std::string& name) { return name.substr(0, name.find(".tmp-")); };
  remove_files(directory, [&](const std::string& name) {
    const std::string goal = whole(name);
    const auto among = [&](const auto& names) {
      return std::find(names.begin(), names.end(), goal) != names.end();
    };
    return goal != name && (goal == "run.toml" || among(kLogs) || among(kResults));
  });
  remove_files(directory / kPictures, [&](const std::string& name) {
    return whole(name) != name && is_picture_name(whole(name));
  });
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

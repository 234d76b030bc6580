#include "io/atomic_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace gradvar {

namespace fs = std::filesystem;

namespace {

std::string sentence(std::string_view verb, const std::string& path, std::string_view why) {
  return "cannot " + std::string(verb) + " '" + path + "': " + std::string(why);
}

// Owns a file descriptor for the length of a scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

// The file that is written before it takes its goal's name. It is removed again unless it is
// renamed away, so that a failed write leaves nothing behind.
class TemporaryFile {
 public:
  // The process id keeps programs apart, the counter keeps threads and leftovers apart.
  explicit TemporaryFile(const std::string& goal) : goal_(goal) {
    int number = -1;
    for (int attempt = 0; number < 0; ++attempt) {
      path_ = goal + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
      number = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (number < 0 && errno != EEXIST) {
        throw std::invalid_argument(sentence("write", goal_, std::strerror(errno)));
      }
    }
    number_ = number;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (number_ >= 0) ::close(number_);
    if (!renamed_) ::unlink(path_.c_str());
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(number_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_here();
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void publish() {
    if (::fsync(number_) != 0) fail_here();
    const int closed = ::close(number_);
    number_ = -1;
    if (closed != 0) fail_here();
    if (::rename(path_.c_str(), goal_.c_str()) != 0) fail_here();
    renamed_ = true;
    const fs::path parent = fs::path(goal_).parent_path();
    flush_to_disk(parent.empty() ? "." : parent.string());
  }

 private:
  [[noreturn]] void fail_here() const {
    throw DiskError(sentence("write", goal_, std::strerror(errno)));
  }

  std::string goal_;
  std::string path_;
  int number_ = -1;
  bool renamed_ = false;
};

// The file a chain of symbolic links ends at; it need not exist yet.
std::string follow_links(const std::string& path) {
  std::error_code error;
  if (!fs::is_symlink(path, error)) return path;
  const fs::path target = fs::weakly_canonical(path, error);
  if (error) throw std::invalid_argument(sentence("write", path, error.message()));
  return target.string();
}

}  // namespace

void refuse_file(std::string_view path, std::string_view what) {
  throw std::invalid_argument(std::string(path) + ": " + std::string(what));
}

std::string read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) {
    throw std::invalid_argument(sentence("read", path, std::strerror(errno)));
  }
  if (S_ISDIR(status.st_mode))
    throw std::invalid_argument(sentence("read", path, "Is a directory"));
  // A device may have no end, as /dev/zero; a terminal, read as a file of numbers, is a slip.
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
    throw std::invalid_argument(
        sentence("read", path, "Is a device, expected a regular file or a pipe"));
  }
  constexpr std::size_t kChunk = 1 << 16;
  std::string bytes;
  // One byte more than the size, so that the end of a regular file is seen without growing.
  if (status.st_size > 0) bytes.resize(static_cast<std::size_t>(status.st_size) + 1);
  std::size_t filled = 0;
  while (true) {
    if (filled == bytes.size()) bytes.resize(bytes.size() * 2 + kChunk);
    const ssize_t count = ::read(file.number(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::invalid_argument(sentence("read", path, std::strerror(errno)));
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

void write_file(const std::string& path, std::span<const std::string_view> pieces) {
  const std::string goal = follow_links(path);
  struct stat status {};
  if (::stat(goal.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    const bool directory = S_ISDIR(status.st_mode);
    throw std::invalid_argument(
        sentence("write", path, directory ? "Is a directory" : "Not a regular file"));
  }
  TemporaryFile file(goal);
  for (const std::string_view piece : pieces) file.write(piece);
  file.publish();
}

void write_file(const std::string& path, std::string_view bytes) {
  write_file(path, std::span<const std::string_view>(&bytes, 1));
}

void flush_to_disk(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // EINVAL: a file system that has nothing to flush for this kind of file.
  if (file.number() < 0 || (::fsync(file.number()) != 0 && errno != EINVAL)) {
    throw DiskError(sentence("write", path, std::strerror(errno)));
  }
}

}  // namespace gradvar

#include "tools/report/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string_view>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace gradvar::report {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMostOutput = 4096;

int milliseconds_until(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1000));
}

// Reads until the other end closes or the time is up; false when the time is up.
bool read_until(int pipe, Clock::time_point end, std::string& output) {
  std::array<char, 1024> buffer{};
  while (true) {
    if (Clock::now() >= end) return false;
    pollfd waiting{pipe, POLLIN, 0};
    const int ready = poll(&waiting, 1, std::max(milliseconds_until(end), 1));
    if (ready <= 0) continue;  // nothing yet, or a signal: look at the time again
    const ssize_t count = read(pipe, buffer.data(), buffer.size());
    if (count == 0) return true;
    if (count < 0) {
      if (errno == EINTR) continue;
      return true;
    }
    const std::size_t room = kMostOutput - std::min(output.size(), kMostOutput);
    output.append(buffer.data(), std::min(static_cast<std::size_t>(count), room));
  }
}

// Waits for the child, which may have closed its output and still run; false when the time is up.
bool wait_until(pid_t child, Clock::time_point end, int& status) {
  while (true) {
    const pid_t done = waitpid(child, &status, WNOHANG);
    if (done == child) return true;
    if (done < 0 && errno != EINTR) return true;
    if (Clock::now() >= end) return false;
    poll(nullptr, 0, std::clamp(milliseconds_until(end), 1, 5));
  }
}

}  // namespace

std::optional<std::filesystem::path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::filesystem::path candidate = std::filesystem::path(rest.substr(0, end)) / name;
    std::error_code ignored;
    if (end > 0 && access(candidate.c_str(), X_OK) == 0 &&
        std::filesystem::is_regular_file(candidate, ignored)) {
      return std::filesystem::absolute(candidate, ignored);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

ProgramResult run_program(const std::filesystem::path& program,
                          const std::vector<std::string>& arguments,
                          const std::filesystem::path& directory, double timeout_seconds) {
  ProgramResult result;
  // Everything the child needs is made before fork: between fork and exec only calls that are safe
  // after a fork of a process with threads.
  std::vector<std::string> words = {program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string where = directory.empty() ? "." : directory.string();

  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return result;
  const pid_t child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    return result;
  }
  if (child == 0) {
    const int nothing = open("/dev/null", O_RDONLY);
    const bool ready = nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
                       dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(ends[1], STDERR_FILENO) >= 0 &&
                       chdir(where.c_str()) == 0;
    if (ready) execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  result.started = true;
  const Clock::time_point end =
      Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(1000 * timeout_seconds));
  int status = 0;
  result.timed_out = !read_until(ends[0], end, result.output) || !wait_until(child, end, status);
  close(ends[0]);
  if (result.timed_out) {
    kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }
  if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.status = 128 + WTERMSIG(status);
  return result;
}

}  // namespace gradvar::report

#include "program.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace gradvar::testing {

namespace {

std::string read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  bool quoted = false, open = false;
  for (const char c : text) {
    if (c == '\'') {
      quoted = !quoted;
      if (!open) words.emplace_back();
      open = true;
    } else if (c == ' ' && !quoted) {
      open = false;
    } else {
      if (!open) words.emplace_back();
      open = true;
      words.back() += c;
    }
  }
  return words;
}

void redirect(int descriptor, const fs::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file < 0 || ::dup2(file, descriptor) < 0) _exit(126);
}

}  // namespace

ScratchDirectory::ScratchDirectory() {
  std::string pattern =
      (fs::temp_directory_path() / "gradvar-test-").string() + std::string(6, 'X');
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
  path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code error;
  fs::remove_all(path_, error);
}

void ScratchDirectory::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name, std::ios::binary) << text;
}

std::string ScratchDirectory::read(const std::string& name) const {
  return read_whole(path_ / name);
}

std::vector<std::string> ScratchDirectory::names() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path_)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Running::Running(const ScratchDirectory& scratch, const std::string& words,
                 const RunOptions& options) {
  static int number = 0;
  // Beside the scratch directory, so that a test can say what the program left in it.
  const std::string base = scratch.root().string() + ".run-" + std::to_string(number++);
  out_ = base + ".out";
  err_ = base + ".err";
  if (!options.out_to.empty()) {
    out_ = options.out_to;
    out_is_ours_ = false;
  }
  std::vector<std::string> list = split_words(words);
  list.insert(list.begin(), "gradvar");
  std::vector<char*> argv;
  for (std::string& word : list) argv.push_back(word.data());
  argv.push_back(nullptr);
  process_ = ::fork();
  if (process_ != 0) return;
  redirect(STDOUT_FILENO, out_);
  redirect(STDERR_FILENO, err_);
  if (::chdir(scratch.root().c_str()) != 0) _exit(126);
  if (options.file_limit >= 0) {
    const auto bytes = static_cast<rlim_t>(options.file_limit);
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ::execv(GRADVAR_PROGRAM, argv.data());
  _exit(126);
}

Running::~Running() {
  if (process_ > 0) {
    signal(SIGKILL);
    finish();
  }
}

bool Running::wait_for_lines(const fs::path& file, int lines) {
  while (true) {
    const std::string text = read_whole(file);
    if (std::count(text.begin(), text.end(), '\n') >= lines) return true;
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid != 0) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void Running::signal(int number) const { ::kill(process_, number); }

Outcome Running::finish() {
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = -1;
  Outcome outcome;
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.err = read_whole(err_);
  fs::remove(err_);
  if (out_is_ours_) {
    outcome.out = read_whole(out_);
    fs::remove(out_);
  }
  return outcome;
}

Outcome run_gradvar(const ScratchDirectory& scratch, const std::string& words,
                    const RunOptions& options) {
  return Running(scratch, words, options).finish();
}

}  // namespace gradvar::testing

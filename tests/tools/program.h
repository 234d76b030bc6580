// program: runs the real gradvar, as a user's shell would, in a scratch directory of its own.
//
//   ScratchDirectory scratch;
//   const Outcome outcome = run_gradvar(scratch, "train --steps 2 --out run");
//   EXPECT_EQ(outcome.status, 0) << outcome.err;
//
// GRADVAR_PROGRAM is the path of the program, set by CMake.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace gradvar::testing {

namespace fs = std::filesystem;

// Made on construction, removed with everything in it at the end.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] fs::path path(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const fs::path& root() const { return path_; }
  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const { return fs::exists(path_ / name); }
  // Names of files and directories at the top, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  fs::path path_;
};

struct Outcome {
  int status = -1;  // 128 + the signal when one ended it
  std::string out, err;
};

struct RunOptions {
  std::int64_t file_limit = -1;  // bytes a file may grow to: a full disk, to the program
  std::string out_to = {};       // where standard output goes instead, "/dev/full"
};

// Words are parted at spaces; one in single quotes keeps its own.
Outcome run_gradvar(const ScratchDirectory& scratch, const std::string& words,
                    const RunOptions& options = {});

// A program under way, for signals.
class Running {
 public:
  Running(const ScratchDirectory& scratch, const std::string& words,
          const RunOptions& options = {});
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  // Waits until the file holds so many lines; false when the program ended first.
  [[nodiscard]] bool wait_for_lines(const fs::path& file, int lines);
  void signal(int number) const;
  // Where standard error goes until the end.
  [[nodiscard]] const fs::path& error_file() const { return err_; }
  // Waits for the end.
  Outcome finish();

 private:
  pid_t process_ = -1;
  fs::path out_, err_;
  bool out_is_ours_ = true;
};

}  // namespace gradvar::testing

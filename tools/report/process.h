// process: run another program without a shell, and never wait for it longer than asked.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gradvar::report {

// The first executable file of that name in $PATH; nothing when there is none.
[[nodiscard]] std::optional<std::filesystem::path> find_program(const std::string& name);

struct ProgramResult {
  bool started = false;
  bool timed_out = false;
  int status = -1;     // exit status; 128 + signal when a signal ended it
  std::string output;  // the first 4 kB of what it wrote to its standard output and error
};

// Runs `program` with `arguments` in `directory`, its standard input empty, and waits. After
// `timeout_seconds` it is killed. Safe to call from several threads.
[[nodiscard]] ProgramResult run_program(const std::filesystem::path& program,
                                        const std::vector<std::string>& arguments,
                                        const std::filesystem::path& directory,
                                        double timeout_seconds);

}  // namespace gradvar::report

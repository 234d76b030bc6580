// machine: what a number was made on, to be written next to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gradvar {

struct Machine {
  std::string processor;        // "Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz"
  double cores = 1;             // that this process may use; a container's share may be a fraction
  std::uint64_t memory = 0;     // bytes this process may use
  std::string system;           // "Debian GNU/Linux 12 (bookworm), Linux 6.1.0, x86_64"
  std::string compiler;         // "g++ 12.2.0"
  std::string build;            // "Release (-O3 -DNDEBUG)"
  std::string openblas;         // "OpenBLAS 0.3.21"
  std::string openblas_core;    // the kernels it chose: "SkylakeX"
  std::string gradvar_version;  // "0.1.0"

  // Each fact with its name, for a table.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> items() const;
  // All in one line, for a log or a caption.
  [[nodiscard]] std::string line() const;
};

// Asks the system. What it does not say is "unknown" or 0; never throws.
[[nodiscard]] Machine describe_machine();

// The parts that read the system's files, given their text.
// The "model name" of /proc/cpuinfo; empty when it has none (many ARM systems).
[[nodiscard]] std::string processor_name(std::string_view cpuinfo);
// Bytes from the MemTotal line of /proc/meminfo; 0 when it has none.
[[nodiscard]] std::uint64_t total_memory(std::string_view meminfo);
// PRETTY_NAME of /etc/os-release without quotes; empty when it has none.
[[nodiscard]] std::string system_name(std::string_view os_release);
// Cores that a cgroup's cpu.max ("200000 100000") allows; 0 for "max", no limit.
[[nodiscard]] double core_limit(std::string_view cpu_max);
// "OpenBLAS 0.3.21" from the long text OpenBLAS says about its build.
[[nodiscard]] std::string short_openblas(std::string_view version);

}  // namespace gradvar

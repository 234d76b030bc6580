#include "tools/machine.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <sys/utsname.h>
#include <thread>

#include "autograd/blas.h"
#include "tools/report/number.h"

namespace gradvar {

namespace {

// Files under /proc have no size, so they are read to their end.
std::string text_of(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\"\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\"\r\n") + 1 - begin);
}

// What stands behind `key` and `separator` on the first line that begins with the key.
std::string_view value_of(std::string_view text, std::string_view key, char separator) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t split = line.find(separator);
    if (split != std::string_view::npos && trimmed(line.substr(0, split)) == key) {
      return trimmed(line.substr(split + 1));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

// The number a text begins with; 0 when it begins with none.
std::uint64_t leading_number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

double available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  double cores = std::max(1u, std::thread::hardware_concurrency());
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
  const double limit = core_limit(text_of("/sys/fs/cgroup/cpu.max"));
  return limit > 0 ? std::min(cores, limit) : cores;
}

std::uint64_t available_memory() {
  const std::uint64_t memory = total_memory(text_of("/proc/meminfo"));
  const std::uint64_t limit = leading_number(text_of("/sys/fs/cgroup/memory.max"));
  return limit > 0 && limit < memory ? limit : memory;
}

std::string compiler_name() {
#if defined(__clang__)
  return "clang++ " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__) +
         "." + std::to_string(__clang_patchlevel__);
#elif defined(__GNUC__)
  return "g++ " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__) + "." +
         std::to_string(__GNUC_PATCHLEVEL__);
#else
  return "unknown";
#endif
}

std::string or_unknown(const std::string& text) { return text.empty() ? "unknown" : text; }

// "4", or "1.5" for a container's share.
std::string cores_text(double cores) {
  const auto whole = static_cast<std::int64_t>(cores);
  return static_cast<double>(whole) == cores ? std::to_string(whole)
                                             : report::format_number(cores, 2);
}

std::string memory_text(std::uint64_t bytes) {
  return bytes == 0 ? "unknown" : report::format_bytes(bytes);
}

}  // namespace

std::string processor_name(std::string_view cpuinfo) {
  return std::string(value_of(cpuinfo, "model name", ':'));
}

std::uint64_t total_memory(std::string_view meminfo) {
  return 1024 * leading_number(value_of(meminfo, "MemTotal", ':'));
}

std::string system_name(std::string_view os_release) {
  return std::string(value_of(os_release, "PRETTY_NAME", '='));
}

double core_limit(std::string_view cpu_max) {
  const std::size_t split = cpu_max.find(' ');
  if (split == std::string_view::npos) return 0;
  const auto quota = static_cast<double>(leading_number(cpu_max));
  const auto period = static_cast<double>(leading_number(cpu_max.substr(split + 1)));
  return period > 0 ? quota / period : 0;
}

std::string short_openblas(std::string_view version) {
  // The name and the number; what follows are build options.
  const std::size_t name = version.find(' ');
  if (name == std::string_view::npos) return std::string(version);
  return std::string(version.substr(0, version.find(' ', name + 1)));
}

Machine describe_machine() {
  Machine machine;
  utsname system{};
  const bool known = uname(&system) == 0;
  machine.processor = processor_name(text_of("/proc/cpuinfo"));
  if (machine.processor.empty() && known) machine.processor = system.machine;
  machine.processor = or_unknown(machine.processor);
  machine.cores = available_cores();
  machine.memory = available_memory();
  machine.system = or_unknown(system_name(text_of("/etc/os-release")));
  if (known) {
    machine.system +=
        std::string(", ") + system.sysname + " " + system.release + ", " + system.machine;
  }
  machine.compiler = compiler_name();
  machine.build = GRADVAR_BUILD;
  machine.openblas = or_unknown(short_openblas(blas::version()));
  machine.openblas_core = or_unknown(blas::core_name());
  machine.gradvar_version = GRADVAR_VERSION;
  return machine;
}

std::vector<std::pair<std::string, std::string>> Machine::items() const {
  return {{"Processor", processor},
          {"Cores available", cores_text(cores)},
          {"Memory available", memory_text(memory)},
          {"System", system},
          {"Compiler", compiler},
          {"Build", build},
          {"Linear algebra", openblas + ", " + openblas_core + " kernels"},
          {"gradvar", gradvar_version}};
}

std::string Machine::line() const {
  return "gradvar " + gradvar_version + "; " + processor + "; " + cores_text(cores) +
         (cores == 1 ? " core; " : " cores; ") + memory_text(memory) + "; " + system + "; " +
         compiler + "; " + build + "; " + openblas + " (" + openblas_core + ")";
}

}  // namespace gradvar

#include "tools/commands/options.h"

#include <algorithm>

#include "tools/machine.h"

namespace gradvar {

void add_runtime_options(CLI::App& command, RuntimeOptions& options) {
  command.add_option("--threads", options.threads, "threads, 0 to choose; never changes a number")
      ->check(CLI::Range(0, 1024));
  command.add_option("--lanes", options.lanes, "pieces a batch is cut into")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_option("--precision", options.precision, "f32 or f64")
      ->check(CLI::IsMember({"f32", "f64"}))
      ->capture_default_str();
}

void add_output_options(CLI::App& command, OutputOptions& options) {
  command.add_flag("--quiet", options.quiet, "say nothing but results and errors");
  command.add_flag("--json", options.json,
                   "results as one JSON document, progress as JSON lines on standard error");
}

int resolve_threads(std::int64_t threads, std::int64_t lanes) {
  if (threads > 0) return static_cast<int>(threads);
  const auto cores = static_cast<std::int64_t>(describe_machine().cores);
  return static_cast<int>(std::clamp<std::int64_t>(cores, 1, lanes));
}

}  // namespace gradvar

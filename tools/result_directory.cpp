#include "tools/result_directory.h"

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "io/directory_swap.h"
#include "tools/commands/options.h"

namespace gradvar {

namespace {

namespace fs = std::filesystem;

fs::path without_slash(const std::string& directory) {
  const fs::path path(directory);
  return path.filename().empty() ? path.parent_path() : path;
}

}  // namespace

void check_result_directory(const std::string& option, const std::string& directory,
                            const ResultKind& kind) {
  const fs::path path = without_slash(directory);
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (fs::exists(path, error)) {
      throw std::invalid_argument(option + ": '" + directory + "' is a file, expected a directory");
    }
    check_writable(option, path.string());
    return;
  }
  const bool ours = fs::exists(path / kind.sign, error) || fs::is_empty(path, error);
  std::vector<std::string> foreign;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (ours && std::find(kind.names.begin(), kind.names.end(), name) != kind.names.end()) continue;
    foreign.push_back(name);
  }
  if (!foreign.empty()) {
    const std::string name = *std::min_element(foreign.begin(), foreign.end());
    throw std::invalid_argument(option + ": '" + directory + "' holds '" + name +
                                "', expected a new directory, or one that " + kind.command +
                                " wrote");
  }
}

void write_result_directory(const std::string& directory,
                            const std::function<void(const fs::path&)>& write) {
  const fs::path goal = without_slash(directory);
  const fs::path temporary = temporary_directory(goal.string());
  try {
    write(temporary);
    replace_directory(temporary.string(), goal.string());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
}

}  // namespace gradvar

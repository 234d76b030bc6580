#include "tools/result_directory.h"

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "io/directory_swap.h"
#include "tools/file_guard.h"
#include "tools/run_directory.h"

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
  check_nothing_foreign(option, directory, kind.command, [&](const std::string& name) {
    return ours && std::find(kind.names.begin(), kind.names.end(), name) != kind.names.end();
  });
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

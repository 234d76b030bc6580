#include "tools/file_guard.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <unistd.h>

#include "data/image_set.h"
#include "io/spec.h"
#include "tools/image_folder.h"
#include "tools/spec_numbers.h"

namespace gradvar {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse_goal(const std::string& option, const std::string& path,
                              const std::string& why) {
  throw std::invalid_argument(option + ": cannot write '" + path + "': " + why);
}

fs::path folder_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

bool same_place(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error);
}

// Whether writing `path` changes what reading the images of `folder` gives.
bool among_images(const fs::path& path, const std::string& folder) {
  if (names_image(path) && same_place(folder_of(path), folder)) return true;
  std::error_code error;
  // A file is written where its links end (io/atomic_file.h).
  const fs::path goal = fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : path;
  if (names_image(goal) && same_place(folder_of(goal), folder)) return true;
  // An image of the folder may itself be a link to elsewhere.
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code none;
    if (entry->is_symlink(none) && names_image(entry->path()) && same_place(entry->path(), goal)) {
      return true;
    }
  }
  return false;
}

}  // namespace

Inputs& Inputs::file(const std::string& path) {
  if (!path.empty()) files_.push_back(path);
  return *this;
}

Inputs& Inputs::spec(const std::string& text) {
  if (text.empty()) return *this;
  try {
    SpecReader spec(text);
    const std::string& name = spec.name();
    if (name == "csv" || name == "npy" || name == "safetensors") return file(spec.positional(""));
    const std::string directory = spec.word("dir", "");
    if (names_image_folder(spec)) {
      if (!directory.empty()) image_folders_.push_back(directory);
    } else if (name == "cifar10") {
      for (int batch = 1; batch <= 5; ++batch) {
        file((fs::path(directory) / ("data_batch_" + std::to_string(batch) + ".bin")).string());
      }
    } else if (name == "mnist") {
      file(spec.word("file", ""));
    } else if (name == "flow") {
      run_files(spec.word("run", ""));
    } else {
      for (const char* key : {"mean", "covariance", "matrix", "offset"}) {
        const std::string value = spec.word(key, "");
        if (is_numbers_file(value)) file(value);
      }
    }
  } catch (const std::invalid_argument&) {
  }
  return *this;
}

Inputs& Inputs::run_files(const std::string& directory) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code none;
    if (entry->is_regular_file(none)) file(entry->path().string());
  }
  return *this;
}

Inputs& Inputs::run(const std::string& directory, const RunConfig& config) {
  return run_files(directory)
      .spec(config.source)
      .spec(config.target)
      .spec(config.coupling)
      .file(config.pairs_file);
}

void check_not_read(const std::string& option, const std::string& path, const Inputs& inputs) {
  for (const std::string& input : inputs.files()) {
    if (same_place(path, input)) refuse_goal(option, path, "it is what is read here");
  }
  for (const std::string& folder : inputs.image_folders()) {
    if (!among_images(path, folder)) continue;
    refuse_goal(option, path,
                "every image of the folder '" + folder + "' is read here, and it would be one");
  }
}

void check_writable(const std::string& option, const std::string& path, const Inputs& inputs) {
  const auto refuse = [&](const char* why) { refuse_goal(option, path, why); };
  std::error_code error;
  if (fs::is_directory(path, error)) refuse("Is a directory");
  if (fs::exists(path, error) && !fs::is_regular_file(path, error)) refuse("Not a regular file");
  check_not_read(option, path, inputs);
  const fs::path parent = folder_of(path);
  if (!fs::exists(parent, error)) refuse("No such file or directory");
  if (!fs::is_directory(parent, error)) refuse("Not a directory");
  if (::access(parent.c_str(), W_OK) != 0) refuse(std::strerror(errno));
}

}  // namespace gradvar

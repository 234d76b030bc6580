// file_guard: what a command reads is never written over.
#pragma once

#include <string>
#include <vector>

#include "tools/run_config.h"

namespace gradvar {

// What a command reads. The methods may be chained.
class Inputs {
 public:
  // One file; an empty path is none.
  Inputs& file(const std::string& path);
  // The files behind a law or a coupling as spelled on the command line: csv:PATH, mnist:file=PATH,
  // every image of images:dir=PATH, the run of flow:run=DIR, matrices. A spec that cannot be read
  // has none: it is refused where it is made.
  Inputs& spec(const std::string& text);
  // The files of a run's directory, its checkpoints' not among them.
  Inputs& run_files(const std::string& directory);
  // The same, and what the run was made from.
  Inputs& run(const std::string& directory, const RunConfig& config);

  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }
  // Directories of which every image is read, those yet to come too.
  [[nodiscard]] const std::vector<std::string>& image_folders() const { return image_folders_; }

 private:
  std::vector<std::string> files_, image_folders_;
};

// Throws std::invalid_argument "--out: cannot write ..." when the path is one of the inputs or
// would be read as one. Paths are the same when they lead to the same place.
void check_not_read(const std::string& option, const std::string& path, const Inputs& inputs);

// Looks at a goal before long work begins. Throws std::invalid_argument "--out: cannot write ..."
// when it is a directory or no regular file, is read, or its own directory is missing or closed to
// us.
void check_writable(const std::string& option, const std::string& path, const Inputs& inputs = {});

}  // namespace gradvar

// result_directory: a directory of results that appears whole or not at all, and replaces an
// earlier one of its kind but nothing else.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gradvar {

struct ResultKind {
  std::string command;             // that writes it: "variance"
  std::string sign;                // a file that tells it: "by_pair.csv"
  std::vector<std::string> names;  // all files and directories it may hold
};

// Before long work begins. Throws std::invalid_argument "--out: ..." when the path is a file, when
// its parent is missing, or when it holds anything other than an earlier result of this kind.
void check_result_directory(const std::string& option, const std::string& directory,
                            const ResultKind& kind);

// Calls write with a directory beside the goal and puts that there in one step. When write throws,
// nothing has changed.
void write_result_directory(const std::string& directory,
                            const std::function<void(const std::filesystem::path&)>& write);

}  // namespace gradvar

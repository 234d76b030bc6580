// command_line: what was typed, checked word by word before it is parsed, so that a slip of the
// finger is answered with what was meant.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace gradvar {

// Checks the words behind the program's name: the command exists, so do its options, none is given
// twice unless it takes several values, each has its value, and no word is left over. Throws
// std::invalid_argument with one sentence. Nothing is checked when help or the version is asked
// for.
void check_words(const CLI::App& app, const std::vector<std::string>& words);

// The nearest of the candidates by edit distance, or nothing when none is near enough to be meant.
[[nodiscard]] std::string nearest(const std::string& word,
                                  const std::vector<std::string>& candidates);

}  // namespace gradvar

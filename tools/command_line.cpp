#include "tools/command_line.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "io/spec.h"

namespace gradvar {

namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string meant = nearest(word, candidates);
  return meant.empty() ? "" : ", did you mean '" + meant + "'?";
}

// An option's name, "--out", when the word is one: values never begin with two dashes.
std::string option_name(const std::string& word) {
  return word.starts_with("--") ? word.substr(0, word.find('=')) : "";
}

// The words behind a command's name, front to back.
class CommandWords {
 public:
  CommandWords(const CLI::App& command, std::span<const std::string> words)
      : command_(command), words_(words) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) names_.push_back("--" + name);
      positionals_ = positionals_ || option->get_positional();
    }
  }

  void check() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      const std::string name = option_name(word);
      if (!name.empty()) {
        check_option(name, word);
      } else if (!word.starts_with('-') && !positionals_) {
        throw std::invalid_argument("unexpected '" + word + "': 'gradvar " + command_.get_name() +
                                    "' takes options only");
      } else if (word.starts_with('-') && command_.get_option_no_throw(word) == nullptr) {
        refuse_unknown(word);
      }
    }
  }

 private:
  [[noreturn]] void refuse_unknown(const std::string& name) const {
    const std::string hint = did_you_mean(name, names_);
    throw std::invalid_argument("unknown option '" + name + "'" + hint + (hint.empty() ? ":" : "") +
                                " 'gradvar " + command_.get_name() + " --help' lists them");
  }

  void check_option(const std::string& name, const std::string& word) {
    const CLI::Option* option = command_.get_option_no_throw(name);
    if (option == nullptr) refuse_unknown(name);
    const bool several = option->get_expected_max() > 1;
    if (!several && std::find(seen_.begin(), seen_.end(), name) != seen_.end()) {
      throw std::invalid_argument(name + " is given twice");
    }
    seen_.push_back(name);
    if (option->get_items_expected_max() == 0) {
      if (word != name) throw std::invalid_argument(name + " takes no value, found '" + word + "'");
      return;
    }
    if (word == name + "=") throw std::invalid_argument(name + " needs a value");
    if (word != name) return;
    if (at_ == words_.size()) throw std::invalid_argument(name + " needs a value");
    if (!option_name(words_[at_]).empty() || words_[at_].empty()) {
      throw std::invalid_argument(name + " needs a value, found '" + words_[at_] + "'");
    }
    ++at_;
    while (several && at_ < words_.size() && !words_[at_].starts_with('-')) ++at_;
  }

  const CLI::App& command_;
  std::span<const std::string> words_;
  std::size_t at_ = 0;
  std::vector<std::string> names_, seen_;
  bool positionals_ = false;
};

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = 2 + word.size() / 4;  // more changes than this are another word
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

void check_words(const CLI::App& app, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h") return;
  }
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (words.empty()) {
    throw std::invalid_argument("expected a command, one of " + list_of(names) +
                                "; 'gradvar --help' says what they do");
  }
  const std::string& first = words.front();
  if (first == "--version") return;
  if (first.starts_with('-')) {
    throw std::invalid_argument("unknown option '" + first +
                                "' before the command, expected --help, --version or a command");
  }
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() != first) continue;
    CommandWords(*command, std::span(words).subspan(1)).check();
    return;
  }
  const std::string hint = did_you_mean(first, names);
  throw std::invalid_argument("unknown command '" + first + "'" + hint +
                              (hint.empty() ? ", expected one of " : " The commands are ") +
                              list_of(names));
}

}  // namespace gradvar

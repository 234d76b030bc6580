#include "tools/commands/options.h"

// CLI11 wants these two somewhere in every program that links it.
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include "io/number_text.h"
#include "io/spec.h"
#include "tools/machine.h"
#include "tools/run_config.h"
#include "tools/run_directory.h"

namespace gradvar {

CLI::Option* add_whole(CLI::App& command, const std::string& name, std::int64_t value,
                       std::int64_t least, std::int64_t most, const std::string& help,
                       std::function<void(std::int64_t)> set) {
  return command
      .add_option_function<std::string>(
          name,
          [=, set = std::move(set)](const std::string& text) {
            set(parse_whole(name, text, least, most));
          },
          help)
      ->type_name("N")
      ->default_str(std::to_string(value));
}

CLI::Option* add_number(CLI::App& command, const std::string& name, double& value,
                        std::function<bool(double)> accepts, const std::string& expected,
                        const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [=, &value, accepts = std::move(accepts)](const std::string& text) {
            const std::optional<double> number = number_from_text(text);
            if (!number || !accepts(*number)) {
              throw std::invalid_argument(name + " is '" + text + "', expected " + expected);
            }
            value = *number;
          },
          help)
      ->type_name("X")
      ->default_str(number_text(value));
}

CLI::Option* add_choice(CLI::App& command, const std::string& name, std::string& value,
                        const std::vector<std::string>& words, const std::string& help) {
  std::string kind;
  for (const std::string& word : words) kind += (kind.empty() ? "" : "|") + word;
  return command
      .add_option_function<std::string>(
          name,
          [name, words, &value](const std::string& text) {
            if (std::find(words.begin(), words.end(), text) == words.end()) {
              throw std::invalid_argument(
                  name + " is '" + text + "', expected " +
                  (words.size() == 2 ? words[0] + " or " + words[1] : "one of " + list_of(words)));
            }
            value = text;
          },
          help)
      ->type_name(kind)
      ->default_str(value);
}

CLI::Option* add_text(CLI::App& command, const std::string& name, std::string& value,
                      const std::string& kind, const std::string& help) {
  return command.add_option(name, value, help)->type_name(kind)->default_str(value);
}

void add_threads(CLI::App& command, std::int64_t& threads) {
  add_whole(command, "--threads", threads, 0, kMostThreads, "0 to choose; never changes a number");
}

void add_lanes(CLI::App& command, std::int64_t& lanes) {
  add_whole(command, "--lanes", lanes, 1, kMostLanes,
            "pieces a batch is cut into; part of the last digits");
}

void add_precision(CLI::App& command, std::string& precision) {
  add_choice(command, "--precision", precision, {"f32", "f64"}, "of the model and of the results");
}

void add_runtime_options(CLI::App& command, RuntimeOptions& options) {
  add_threads(command, options.threads);
  add_lanes(command, options.lanes);
  add_precision(command, options.precision);
}

void add_output_options(CLI::App& command, OutputOptions& options) {
  command.add_flag("--quiet", options.quiet, "say nothing but errors and the JSON asked for");
  command.add_flag("--json", options.json,
                   "results as one JSON document, progress as JSON lines on standard error");
}

void only_with(const CLI::App& command, const std::string& option, bool fits,
               const std::string& with) {
  if (command.count(option) == 0 || fits) return;
  throw std::invalid_argument(option + " goes with " + with);
}

int resolve_threads(std::int64_t threads, std::int64_t lanes) {
  if (threads > 0) return static_cast<int>(threads);
  const auto cores = static_cast<std::int64_t>(describe_machine().cores);
  return static_cast<int>(std::clamp<std::int64_t>(cores, 1, lanes));
}

std::vector<double> number_list(const std::string& option, const std::string& text) {
  std::vector<double> numbers;
  for (std::size_t at = 0; at <= text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::optional<double> number = number_from_text(text.substr(at, end - at));
    if (!number || !(*number >= 0) || !std::isfinite(*number)) {
      throw std::invalid_argument(option + " is '" + text +
                                  "', expected numbers of 0 or more, 0,0.05,0.2");
    }
    numbers.push_back(*number);
    at = end + 1;
  }
  return numbers;
}

std::string given_words(const CLI::App& command) {
  std::string text = "gradvar " + command.get_name();
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || name == "--threads" || name == "--json" || name == "--quiet") {
      continue;
    }
    text += " " + name;
    if (option->get_items_expected_max() == 0) continue;  // a flag
    for (const std::string& value : option->results()) text += " " + shell_word(value);
  }
  return text;
}

// Nodes of a rule need room between two numbers.
constexpr double kShortestTime = 1e-9;

TimeInterval time_interval(const std::string& option, const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::optional<double> begin = number_from_text(text.substr(0, colon));
  const std::optional<double> end =
      colon == std::string::npos ? std::nullopt : number_from_text(text.substr(colon + 1));
  if (!begin || !end || !(*begin >= 0 && *begin < *end && *end <= 1)) {
    throw std::invalid_argument(option + " is '" + text +
                                "', expected T0:T1 with 0 <= T0 < T1 <= 1");
  }
  if (*end - *begin < kShortestTime) {
    throw std::invalid_argument(option + " is '" + text + "', " + number_text(*end - *begin) +
                                " long, expected " + number_text(kShortestTime) + " or longer");
  }
  return {*begin, *end};
}

}  // namespace gradvar

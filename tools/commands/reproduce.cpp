// gradvar reproduce: the studies. Trains what is missing in DIR, then writes DIR/report.html.
//
// Stopped by Ctrl-C, it keeps finished runs and the checkpoints of those under way, which are also
// written every few minutes; the same command goes on.

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "io/atomic_file.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/exit_status.h"
#include "tools/run_directory.h"
#include "tools/studies/compose.h"
#include "tools/studies/cost.h"

namespace gradvar::commands {

namespace {

namespace fs = std::filesystem;

struct ReproduceCommand {
  std::vector<std::string> subjects;
  StudyOptions study;
  std::string out;
  std::int64_t threads = 0;
  OutputOptions output;
};

void check_directory(const std::string& out, const Reproduction& asked) {
  if (!fs::exists(fs::path(out) / "reproduce.json")) {
    // Without its reproduce.json nothing is this command's, but for what a lock leaves.
    check_nothing_foreign("--out", out, "reproduce",
                          [](const std::string& name) { return name.starts_with('.'); });
    return;
  }
  const Reproduction there = read_reproduction(out);
  if (there.command() == asked.command()) return;
  throw std::invalid_argument("--out: '" + out + "' holds the results of another command, '" +
                              there.command() + "'; give that one, or another directory");
}

void run(const ReproduceCommand& options) {
  const Reproduction reproduction = check_reproduction(options.subjects, options.study);
  check_directory(options.out, reproduction);
  const ProgressMode mode = options.output.progress();
  std::vector<Task> tasks;
  for (const std::unique_ptr<Study>& study : chosen_studies(reproduction)) {
    std::vector<Task> own = study->tasks(reproduction.options);
    const auto is_missing = [&](const Task& task) {
      return finished_results(task, options.out).is_null();
    };
    if (std::any_of(own.begin(), own.end(), is_missing)) study->check(reproduction.options, mode);
    for (Task& task : own) tasks.push_back(std::move(task));
  }
  const RunLock lock(options.out);
  write_reproduction(options.out, reproduction);
  try {
    const int threads = resolve_threads(options.threads, static_cast<std::int64_t>(tasks.size()));
    const bool quick = reproduction.options.preset == "quick";
    const Cost cost = expected_cost(tasks, options.out, quick ? 0.05 : 0.5);
    if (!quick) announce_cost(cost, threads, mode);
    (void)run_tasks(tasks, options.out, threads, mode, cost.each);
  } catch (const Stopped& stopped) {
    throw Stopped(stopped.status, "stopped; go on with: " + reproduction.command() + " --out " +
                                      shell_word(options.out));
  }
  compose_report(options.out, reproduction);
  if (options.output.json) {
    std::cout << read_file((fs::path(options.out) / "summary.json").string());
  } else if (!options.output.quiet) {
    std::cout << "The report: " << options.out << "/report.html\n";
  }
}

}  // namespace

void add_reproduce(CLI::App& app) {
  auto options = std::make_shared<ReproduceCommand>();
  CLI::App* command = app.add_subcommand(
      "reproduce", "Run the paper's studies and write a report of what they say");
  std::string subjects, standard;
  for (const std::unique_ptr<Study>& study : studies()) {
    subjects +=
        "  " + study->name() + "  " + study->question() + "\n    " + study->presets() + "\n";
    if (study->in_default_set()) standard += (standard.empty() ? "" : ", ") + study->name();
  }
  command->footer(
      "Subjects, with what their presets cost on two cores:\n" + subjects +
      "Before middle or full begins, its cost is estimated by short trials of its steps and "
      "printed.\n"
      "A stopped run goes on with the same command.\n"
      "Examples:\n"
      "  gradvar reproduce counterexample --preset quick --out runs/quick\n"
      "  gradvar reproduce images --preset full --images celeba:dir=PATH,size=64 --out "
      "runs/celeba\n");
  command->add_option("subjects", options->subjects, "which studies; without any: " + standard);
  add_choice(
      *command, "--preset", options->study.preset, {"quick", "middle", "full"},
      "quick (seconds to minutes), middle (minutes) or full (hours, up to the paper's size)");
  add_text(*command, "--images", options->study.images, "SPEC",
           "targets of the studies of images instead of drawn faces: celeba:dir=PATH,size=64");
  add_whole(*command, "--seeds", options->study.seeds, 0, 1000,
            "seeds of each run, 0 for the preset's own");
  add_threads(*command, options->threads);
  command->add_option("--out", options->out, "directory of the results")->required();
  add_output_options(*command, options->output);
  command->callback([options] { run(*options); });
}

}  // namespace gradvar::commands

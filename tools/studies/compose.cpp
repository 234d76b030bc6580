#include "tools/studies/compose.h"

#include <algorithm>
#include <stdexcept>

#include "io/atomic_file.h"
#include "io/spec.h"
#include "tools/json_text.h"
#include "tools/machine.h"
#include "tools/report/markup.h"
#include "tools/report/number.h"
#include "tools/run_directory.h"

namespace gradvar {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using report::Align;
using report::Verdict;

constexpr const char* kRequestFile = "reproduce.json";

int count(const std::vector<Finding>& findings, Verdict verdict) {
  return static_cast<int>(std::count_if(findings.begin(), findings.end(),
                                        [&](const Finding& f) { return f.verdict == verdict; }));
}

double total_seconds(const TaskResults& results) {
  double seconds = 0;
  for (const auto& [id, result] : results) seconds += result.value("seconds", 0.0);
  return seconds;
}

report::Table findings_table(const std::vector<Finding>& findings) {
  report::Table table;
  table.columns = {{"Claim", Align::kLeft},
                   {"Paper", Align::kLeft},
                   {"Measured", Align::kLeft},
                   {"Verdict", Align::kLeft}};
  for (const Finding& finding : findings) {
    table.rows.push_back(
        {finding.claim, finding.paper, finding.measured_and_rule(), finding.verdict});
  }
  return table;
}

json findings_json(const std::vector<Finding>& findings) {
  json list = json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"claim", report::plain_from_markup(finding.claim)},
                    {"paper", report::plain_from_markup(finding.paper)},
                    {"measured", report::plain_from_markup(finding.measured)},
                    {"rule", report::plain_from_markup(finding.rule)},
                    {"verdict", to_string(finding.verdict)}});
  }
  return list;
}

// The machines that results were made on, each once, in the order they are met.
std::vector<std::string> machines_of(const std::vector<TaskResults>& results) {
  std::vector<std::string> lines;
  for (const TaskResults& of_study : results) {
    for (const auto& [id, one] : of_study) {
      const std::string line = one.value("machine", "unknown");
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
    }
  }
  return lines;
}

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// The findings for people who read Markdown: docs/results.md is this file.
std::string findings_markdown(const std::vector<Finding>& findings, const std::string& command,
                              const std::string& seconds, const std::string& machines) {
  const auto cell = [](const std::string& markup) {
    std::string out;
    for (const char c : report::plain_from_markup(markup))
      out += c == '|' ? "\\|" : std::string(1, c);
    return out;
  };
  std::string text = "# What was found\n\nWritten by\n\n```sh\n" + command +
                     " --out DIR\n```\n\nas DIR/findings.md, in " + seconds +
                     " of one core's time. Machine: " + machines +
                     ".\n\nThe claims are those of "
                     "[arXiv 2510.18118](https://arxiv.org/abs/2510.18118). A run memorises when "
                     "the mean distance to the training partner is under 10 % of that between "
                     "random partners; memorisation is broken above 50 %. The 95 % interval over "
                     "seeds must lie on that side as a whole. ± is the standard deviation over "
                     "seeds, [ ] a 95 % interval of the mean.\n\n"
                     "| claim | paper | measured | verdict |\n|---|---|---|---|\n";
  for (const Finding& finding : findings) {
    text += "| " + cell(finding.claim) + " | " + cell(finding.paper) + " | " +
            cell(finding.measured_and_rule()) + " | **" + to_string(finding.verdict) + "** |\n";
  }
  return text;
}

}  // namespace

std::string Reproduction::command() const {
  std::string text = "gradvar reproduce";
  for (const std::string& subject : subjects) text += " " + subject;
  text += " --preset " + options.preset;
  if (options.seeds > 0) text += " --seeds " + std::to_string(options.seeds);
  if (!options.images.empty()) text += " --images " + shell_word(options.images);
  return text;
}

Reproduction check_reproduction(const std::vector<std::string>& subjects,
                                const StudyOptions& options) {
  Reproduction reproduction{{}, options};
  std::vector<std::string> names;
  for (const std::unique_ptr<Study>& study : studies()) names.push_back(study->name());
  for (const std::string& subject : subjects) {
    if (std::find(names.begin(), names.end(), subject) != names.end()) continue;
    throw std::invalid_argument("the subject '" + subject + "' is unknown, expected some of " +
                                list_of(names));
  }
  bool images = false;
  for (const std::unique_ptr<Study>& study : studies()) {
    const bool asked = std::find(subjects.begin(), subjects.end(), study->name()) != subjects.end();
    if (!asked && !(subjects.empty() && study->in_default_set())) continue;
    reproduction.subjects.push_back(study->name());
    images = images || study->takes_images();
  }
  if (!options.images.empty() && !images) {
    throw std::invalid_argument("--images: none of " + list_of(reproduction.subjects) +
                                " is about images");
  }
  return reproduction;
}

std::vector<std::unique_ptr<Study>> chosen_studies(const Reproduction& reproduction) {
  std::vector<std::unique_ptr<Study>> chosen;
  for (std::unique_ptr<Study>& study : studies()) {
    const auto& wanted = reproduction.subjects;
    if (std::find(wanted.begin(), wanted.end(), study->name()) == wanted.end()) continue;
    chosen.push_back(std::move(study));
  }
  return chosen;
}

void write_reproduction(const fs::path& directory, const Reproduction& reproduction) {
  const json file = {{"subjects", reproduction.subjects},
                     {"preset", reproduction.options.preset},
                     {"seeds", reproduction.options.seeds},
                     {"images", reproduction.options.images}};
  write_file((directory / kRequestFile).string(), json_text(file) + "\n");
}

Reproduction read_reproduction(const fs::path& directory) {
  const fs::path path = directory / kRequestFile;
  const json file = json::parse(read_file(path.string()), nullptr, false);
  try {
    return check_reproduction(file.at("subjects").get<std::vector<std::string>>(),
                              {.preset = file.at("preset").get<std::string>(),
                               .seeds = file.at("seeds").get<int>(),
                               .images = file.value("images", "")});
  } catch (const json::exception&) {
    refuse_file(path.string(), "this is not what gradvar reproduce writes");
  }
}

void compose_report(const fs::path& directory, const Reproduction& reproduction) {
  const std::vector<std::unique_ptr<Study>> chosen = chosen_studies(reproduction);
  const StudyOptions& options = reproduction.options;
  std::vector<Finding> findings;
  std::vector<TaskResults> results;
  json summary = {{"command", reproduction.command()}};
  double seconds = 0;
  for (const std::unique_ptr<Study>& study : chosen) {
    results.push_back(read_tasks(study->tasks(options), directory));
    seconds += total_seconds(results.back());
    const std::vector<Finding> found = study->findings(options, results.back());
    findings.insert(findings.end(), found.begin(), found.end());
    summary["findings"][study->name()] = findings_json(found);
  }

  const std::vector<std::string> machines = machines_of(results);
  const std::string machine_line = joined(machines, "; ");
  summary["machine"] = machine_line;

  report::Report page("Gradient variance and memorisation in flow models",
                      "gradvar, " + options.preset + " preset");
  page.lead(
      "A flow trained on *fixed* pairs without noise can learn the pairs instead of the map "
      "between two laws. Does it, does noise stop it, and does gradient variance tell? Gradient "
      "variances here are exact, for the pairs at hand or for the law itself; one that is an "
      "estimate from batches is called measured, and stands beside the exact one.");
  const int incomparable = count(findings, Verdict::kNotComparable);
  page.lead("Of " + std::to_string(findings.size()) + " claims, " +
            std::to_string(count(findings, Verdict::kShown)) + " are shown here, " +
            std::to_string(count(findings, Verdict::kPartly)) + " partly, " +
            std::to_string(count(findings, Verdict::kNotShown)) + " not" +
            (incomparable == 0
                 ? ""
                 : ", " + std::to_string(incomparable) + " cannot be compared with the paper") +
            " ([[findings]]). Every verdict follows from the numbers by a rule that stands beside "
            "them.");
  page.section("What was asked, what was found");
  std::vector<std::string> questions;
  for (const std::unique_ptr<Study>& study : chosen) questions.push_back(study->question());
  page.list(questions);
  page.table("findings", findings_table(findings),
             {"The claims, from arXiv 2510.18118, and what these runs say. A run *memorises* when "
              "the mean distance to the training partner is under 10 % of that between random "
              "partners; memorisation is *broken* above 50 %. The 95 % interval over seeds "
              "(Student) must lie on that side as a whole.",
              "", "± is the standard deviation over seeds, [ ] a 95 % interval of the mean",
              reproduction.command()});

  Paper paper{page, directory / "figures", reproduction.command()};
  for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i]->tell(options, results[i], paper);

  page.section("How to make this again");
  page.code(reproduction.command() + " --out DIR");
  page.paragraph(
      "The numbers are the same bits for any number of threads on one kind of machine. `cells/` "
      "holds every run's settings and measurements, `figures/` each figure's data, script and "
      "picture, `summary.json` and `findings.md` the first table. The training and measuring "
      "took " +
      report::format_duration(seconds) + " of one core's time in all.");
  if (machines == std::vector<std::string>{describe_machine().line()}) {
    page.machine(describe_machine());
  } else {  // results that were made elsewhere, or in several places
    page.machines(machines);
  }
  page.write(directory / "report.html");
  write_file((directory / "summary.json").string(), json_text(summary) + "\n");
  write_file((directory / "findings.md").string(),
             findings_markdown(findings, reproduction.command(), report::format_duration(seconds),
                               machine_line));
}

}  // namespace gradvar

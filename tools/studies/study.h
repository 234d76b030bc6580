// study: a subject of `gradvar reproduce`: a question, the tasks that answer it, and how to tell.
//
// studies() is the list; adding one takes a file and a line there. Everything a study says comes
// from its tasks' results, so that `gradvar report` can say it again.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tools/report/html.h"
#include "tools/studies/task.h"

namespace gradvar {

struct StudyOptions {
  std::string preset = "quick";  // quick, middle or full
  int seeds = 0;                 // 0: the preset's own number
  std::string images{};          // a spec, for studies of images; empty: drawn faces
};

// One line of the report's first table.
struct Finding {
  std::string claim;     // and where it comes from
  std::string measured;  // the numbers that decide
  std::string rule;  // how: "Shown when ..., partly when ..."; empty for what cannot be compared
  report::Verdict verdict = report::Verdict::kNone;
  std::string paper{};  // the paper's own numbers, where it has some

  [[nodiscard]] std::string measured_and_rule() const {
    return measured + (rule.empty() ? "" : ". " + rule);
  }
};

// What a study writes to.
struct Paper {
  report::Report& report;
  std::filesystem::path figures;  // directory
  std::string command;            // that makes the numbers again
};

class Study {
 public:
  virtual ~Study() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  // The question, one sentence, for --help and for the report.
  [[nodiscard]] virtual std::string question() const = 0;
  // Whether it runs when no subject is named: quick ones, for the first look.
  [[nodiscard]] virtual bool in_default_set() const { return true; }
  // Whether --images has a meaning for it.
  [[nodiscard]] virtual bool takes_images() const { return false; }
  // Throws std::invalid_argument before anything is trained when what was given is not what the
  // preset needs. `reading`: how the decoding of images is shown.
  virtual void check(const StudyOptions&, ProgressMode) const {}
  // What each preset is and about what it costs on two cores: "quick: 3 seeds, 30 s; ...".
  [[nodiscard]] virtual std::string presets() const = 0;
  [[nodiscard]] virtual std::vector<Task> tasks(const StudyOptions& options) const = 0;
  [[nodiscard]] virtual std::vector<Finding> findings(const StudyOptions& options,
                                                      const TaskResults& results) const = 0;
  // Its section of the report.
  virtual void tell(const StudyOptions& options, const TaskResults& results,
                    Paper& paper) const = 0;
};

[[nodiscard]] std::vector<std::unique_ptr<Study>> studies();

[[nodiscard]] std::unique_ptr<Study> make_counterexample_study();
[[nodiscard]] std::unique_ptr<Study> make_pairing_study();
[[nodiscard]] std::unique_ptr<Study> make_gaussian_study();
[[nodiscard]] std::unique_ptr<Study> make_mixture_study();
[[nodiscard]] std::unique_ptr<Study> make_images_study();
[[nodiscard]] std::unique_ptr<Study> make_datasets_study();
[[nodiscard]] std::unique_ptr<Study> make_architectures_study();
[[nodiscard]] std::unique_ptr<Study> make_longrun_study();
[[nodiscard]] std::unique_ptr<Study> make_identifiability_study();

}  // namespace gradvar

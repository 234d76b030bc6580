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
  std::string preset = "quick";  // quick or full
  int seeds = 0;                 // 0: the preset's own number
};

// One line of the report's first table.
struct Finding {
  std::string claim;     // and where it comes from
  std::string measured;  // the numbers that decide
  report::Verdict verdict = report::Verdict::kNone;
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

}  // namespace gradvar

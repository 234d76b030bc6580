// compose: from the results of studies to report.html and summary.json.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tools/studies/study.h"

namespace gradvar {

// What `gradvar reproduce` was asked for; DIR/reproduce.json keeps it for `gradvar report`.
struct Reproduction {
  std::vector<std::string> subjects;  // in the order of studies()
  StudyOptions options;

  // The command that makes DIR again.
  [[nodiscard]] std::string command() const;
};

// Throws std::invalid_argument naming what is unknown and what there is, and for --images where
// no subject takes them. No subjects: those of the default set.
[[nodiscard]] Reproduction check_reproduction(const std::vector<std::string>& subjects,
                                              const StudyOptions& options);
[[nodiscard]] std::vector<std::unique_ptr<Study>> chosen_studies(const Reproduction& reproduction);

void write_reproduction(const std::filesystem::path& directory, const Reproduction& reproduction);
// Throws std::invalid_argument when DIR holds none or it cannot be read.
[[nodiscard]] Reproduction read_reproduction(const std::filesystem::path& directory);

// Writes DIR/figures/, DIR/report.html, DIR/summary.json and DIR/findings.md from the results in
// DIR/cells/. Throws std::invalid_argument when some are missing.
void compose_report(const std::filesystem::path& directory, const Reproduction& reproduction);

}  // namespace gradvar

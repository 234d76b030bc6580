// report: a diagnosis to be looked at, one self-contained report.html with its figures.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tools/diagnose/sweep.h"

namespace gradvar {

// Writes figures/ and report.html into the directory. `command` is what makes them again.
void write_diagnosis_report(const std::filesystem::path& directory, const Diagnosis& diagnosis,
                            const std::optional<Sweep>& sweep, const std::string& command);

}  // namespace gradvar

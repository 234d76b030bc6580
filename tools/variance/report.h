// report: a measurement to be looked at, one self-contained report.html with its figures.
#pragma once

#include <filesystem>
#include <string>

#include "tools/variance/measurement.h"

namespace gradvar {

// Writes figures/ and report.html into the directory. See files.h for subject and command.
void write_report(const std::filesystem::path& directory, const Measurement& measurement,
                  const std::string& subject, const std::string& command);

}  // namespace gradvar

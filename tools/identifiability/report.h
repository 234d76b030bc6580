// report: report.html of `gradvar pairs --identifiability`, and its figures.
#pragma once

#include <filesystem>
#include <string>

#include "flow/identifiability_curve.h"

namespace gradvar {

// Into an existing directory.
void write_identifiability_report(const std::filesystem::path& directory,
                                  const IdentifiabilityCurve& curve, const std::string& subject,
                                  const std::string& command);

}  // namespace gradvar

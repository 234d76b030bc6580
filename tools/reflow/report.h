// report: report.html of `gradvar reflow`, and its figure.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace gradvar {

// Into an existing directory, figures/ beside it.
void write_reflow_report(const std::filesystem::path& directory,
                         const std::vector<nlohmann::json>& records, const std::string& run,
                         const std::string& command);

}  // namespace gradvar

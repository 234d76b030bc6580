// results: the records of a rectification (rounds.h) as one table, in text, CSV and JSON, and as
// OUT/rounds.csv, OUT/summary.json, OUT/figures/ and OUT/report.html.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace gradvar {

// A number of a record by its JSON pointer, "/one_step/sliced/mean"; NaN where it is null or not
// there.
[[nodiscard]] double record_number(const nlohmann::json& record, const std::string& pointer);

void print_rounds(const std::vector<nlohmann::json>& records);
[[nodiscard]] nlohmann::json rounds_json(const std::vector<nlohmann::json>& records);
// Each file atomically. `run` is the run's directory, `command` makes the results again.
void write_rounds(const std::filesystem::path& directory,
                  const std::vector<nlohmann::json>& records, const std::string& run,
                  const std::string& command);

}  // namespace gradvar

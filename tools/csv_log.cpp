#include "tools/csv_log.h"

#include <cassert>
#include <charconv>
#include <sstream>

#include "io/atomic_file.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

// The header and the rows of `text` whose step is below `resume_at`.
std::string rows_before(const std::string& path, const std::string& text, const std::string& header,
                        std::uint64_t resume_at) {
  std::istringstream lines(text);
  std::string line, kept = header;
  std::getline(lines, line);
  if (line + "\n" != header) {
    refuse_file(path, "the columns are '" + line + "', expected '" +
                          header.substr(0, header.size() - 1) + "'");
  }
  while (std::getline(lines, line)) {
    std::uint64_t step = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), step);
    // A line that was cut off in the middle belongs to a step that will be done again.
    if (error != std::errc() || end == line.data() + line.size() || *end != ',') break;
    if (step < resume_at) kept += line + "\n";
  }
  return kept;
}

}  // namespace

CsvLog::CsvLog(std::filesystem::path path, std::vector<std::string> columns,
               std::uint64_t resume_at)
    : path_(std::move(path)), columns_(columns.size()) {
  std::string header;
  for (const std::string& column : columns) header += (header.empty() ? "" : ",") + column;
  header += "\n";
  const bool go_on = resume_at > 0 && std::filesystem::exists(path_);
  write_file(
      path_.string(),
      go_on ? rows_before(path_.string(), read_file(path_.string()), header, resume_at) : header);
  file_.open(path_, std::ios::app);
}

void CsvLog::row(std::uint64_t step, std::span<const double> values) {
  assert(values.size() + 1 == columns_);
  file_ << step;
  for (const double value : values) file_ << ',' << number_text(value);
  file_ << '\n';
}

void CsvLog::flush() {
  if (!file_.flush()) {
    throw DiskError("cannot write '" + path_.string() + "': the disk may be full");
  }
  flush_to_disk(path_.string());
}

}  // namespace gradvar

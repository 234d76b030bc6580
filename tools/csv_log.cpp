#include "tools/csv_log.h"

#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <sstream>
#include <unistd.h>
#include <utility>

#include "io/atomic_file.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

constexpr std::size_t kEnough = 1 << 14;  // bytes of rows that are worth a write

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw DiskError("cannot write '" + path.string() + "': " + std::strerror(errno));
}

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

CsvLog::CsvLog(std::filesystem::path path, const std::vector<std::string>& columns,
               std::uint64_t resume_at)
    : path_(std::move(path)), columns_(columns.size()) {
  std::string header;
  for (const std::string& column : columns) header += (header.empty() ? "" : ",") + column;
  header += "\n";
  const bool go_on = resume_at > 0 && std::filesystem::exists(path_);
  write_file(
      path_.string(),
      go_on ? rows_before(path_.string(), read_file(path_.string()), header, resume_at) : header);
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor_ < 0) fail(path_);
}

CsvLog::~CsvLog() {
  try {
    write_rows();
  } catch (const DiskError&) {
    // Nothing can be done about it here.
  }
  ::close(descriptor_);
}

void CsvLog::row(std::uint64_t step, std::span<const double> values) {
  assert(values.size() + 1 == columns_);
  rows_ += std::to_string(step);
  for (const double value : values) rows_ += "," + number_text(value);
  rows_ += '\n';
  if (rows_.size() >= kEnough) write_rows();
}

void CsvLog::flush() {
  write_rows();
  if (::fsync(descriptor_) != 0) fail(path_);
}

void CsvLog::write_rows() {
  const std::string rows = std::exchange(rows_, {});
  for (std::size_t at = 0; at < rows.size();) {
    const ssize_t written = ::write(descriptor_, rows.data() + at, rows.size() - at);
    if (written >= 0) {
      at += static_cast<std::size_t>(written);
    } else if (errno != EINTR) {
      fail(path_);
    }
  }
}

}  // namespace gradvar

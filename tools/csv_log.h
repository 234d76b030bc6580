// csv_log: a table that grows with a run, one row at a time, and survives its being stopped.
//
// The first column is the step. Opening it for a resumed run keeps the rows before the step where
// the run goes on, and drops what the stopped run wrote after its last checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace gradvar {

class CsvLog {
 public:
  // Rows of steps >= `resume_at` of an existing file are dropped; with 0 it starts anew. Throws
  // std::invalid_argument when the file cannot be written or has other columns.
  CsvLog(std::filesystem::path path, const std::vector<std::string>& columns,
         std::uint64_t resume_at);
  // Writes what rows are left, and keeps quiet when that fails: flush() is the one to say so.
  ~CsvLog();
  CsvLog(const CsvLog&) = delete;
  CsvLog& operator=(const CsvLog&) = delete;

  // One row; values [columns - 1]. Rows gather until there are enough to write. Throws DiskError
  // (io/atomic_file.h) when the disk is full or gone.
  void row(std::uint64_t step, std::span<const double> values);
  void row(std::uint64_t step, std::initializer_list<double> values) {
    row(step, std::span<const double>(values.begin(), values.size()));
  }
  // All rows to the disk: before checkpoints and at the end. Throws DiskError.
  void flush();

 private:
  void write_rows();

  std::filesystem::path path_;
  std::size_t columns_;
  std::string rows_;  // not yet written
  int descriptor_ = -1;
};

}  // namespace gradvar

// csv_log: a table that grows with a run, one row at a time, and survives its being stopped.
//
// The first column is the step. Opening it for a resumed run keeps the rows before the step where
// the run goes on, and drops what the stopped run wrote after its last checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace gradvar {

class CsvLog {
 public:
  // Rows of steps >= `resume_at` of an existing file are dropped; with 0 it starts anew. Throws
  // std::invalid_argument when the file cannot be written or has other columns.
  CsvLog(std::filesystem::path path, std::vector<std::string> columns, std::uint64_t resume_at);

  // One row; values [columns - 1].
  void row(std::uint64_t step, std::span<const double> values);
  void row(std::uint64_t step, std::initializer_list<double> values) {
    row(step, std::span<const double>(values.begin(), values.size()));
  }
  // To the disk: before checkpoints and at the end. Throws DiskError (io/atomic_file.h) when it is
  // full or gone.
  void flush();

 private:
  std::filesystem::path path_;
  std::size_t columns_;
  std::ofstream file_;
};

}  // namespace gradvar

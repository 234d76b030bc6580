#include "tools/csv_log.h"

#include <cmath>
#include <gtest/gtest.h>

#include "../io/error_of.h"
#include "../io/scratch_directory.h"
#include "io/atomic_file.h"

namespace gradvar::csv_log_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

const std::vector<std::string> kColumns = {"step", "loss"};

TEST(CsvLog, WritesNumbersThatReadBackTheSame) {
  const ScratchDirectory scratch;
  CsvLog log(scratch / "a.csv", kColumns, 0);
  log.row(0, {0.1});
  log.row(1, {1e-300});
  log.row(2, {std::nan("")});
  log.flush();
  EXPECT_EQ(read_file(scratch / "a.csv"), "step,loss\n0,0.1\n1,1e-300\n2,nan\n");
}

TEST(CsvLog, StartsAnewWithoutAStepToGoOnFrom) {
  const ScratchDirectory scratch;
  write_file(scratch / "a.csv", "step,loss\n0,1\n");
  CsvLog log(scratch / "a.csv", kColumns, 0);
  EXPECT_EQ(read_file(scratch / "a.csv"), "step,loss\n");
}

TEST(CsvLog, GoesOnFromAStepAndDropsWhatCameAfter) {
  const ScratchDirectory scratch;
  write_file(scratch / "a.csv", "step,loss\n0,1\n5,2\n9,3\n10,4\n11,5\n");
  CsvLog log(scratch / "a.csv", kColumns, 10);
  log.row(10, {7});
  log.flush();
  EXPECT_EQ(read_file(scratch / "a.csv"), "step,loss\n0,1\n5,2\n9,3\n10,7\n");
}

// A process that was killed leaves the piece of a row that its buffer had given away.
TEST(CsvLog, DropsARowThatWasCutOff) {
  const ScratchDirectory scratch;
  for (const char* piece : {"2", "12", "12,", "12,0.5"}) {
    write_file(scratch / "a.csv", std::string("step,loss\n0,1\n1,2\n") + piece);
    CsvLog log(scratch / "a.csv", kColumns, 2);
    EXPECT_EQ(read_file(scratch / "a.csv"), "step,loss\n0,1\n1,2\n") << piece;
  }
}

TEST(CsvLog, RefusesAFileWithOtherColumns) {
  const ScratchDirectory scratch;
  const std::string path = scratch / "a.csv";
  write_file(path, "step,trace\n0,1\n");
  EXPECT_EQ(error_of([&] { CsvLog(path, kColumns, 3); }),
            path + ": the columns are 'step,trace', expected 'step,loss'");
  EXPECT_EQ(read_file(path), "step,trace\n0,1\n");
}

TEST(CsvLog, RefusesAPathThatCannotBeWritten) {
  EXPECT_EQ(error_of([] { CsvLog("/proc/none/a.csv", kColumns, 0); }),
            "cannot write '/proc/none/a.csv': No such file or directory");
}

TEST(CsvLog, RowsArriveWithoutAFlushToo) {
  const ScratchDirectory scratch;
  { CsvLog(scratch / "a.csv", kColumns, 0).row(0, {0.5}); }
  EXPECT_EQ(read_file(scratch / "a.csv"), "step,loss\n0,0.5\n");
}

}  // namespace
}  // namespace gradvar::csv_log_test

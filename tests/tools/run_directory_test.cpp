#include "tools/run_directory.h"

#include <gtest/gtest.h>

#include "../io/error_of.h"
#include "../io/scratch_directory.h"
#include "io/atomic_file.h"

namespace gradvar::run_directory_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

TEST(RunDirectory, ANewRunTakesAMissingOrAnEmptyOrAForeignDirectory) {
  const ScratchDirectory scratch;
  EXPECT_EQ(error_of([&] { check_new_run(scratch / "none"); }), "no error");
  EXPECT_EQ(error_of([&] { check_new_run(scratch.path()); }), "no error");
  write_file(scratch / "points.csv", "1,2\n");
  EXPECT_EQ(error_of([&] { check_new_run(scratch.path()); }), "no error");
}

TEST(RunDirectory, ANewRunNeverWritesOverAnOldOne) {
  for (const char* name :
       {"loss.csv", "monitor.csv", "monitor_time.csv", "checkpoints", "weights.safetensors",
        "ema.safetensors", "pairs.safetensors", "summary.json"}) {
    const ScratchDirectory scratch;
    write_file(scratch / name, "");
    EXPECT_EQ(error_of([&] { check_new_run(scratch.path()); }),
              "--out: '" + scratch.path() + "' already holds '" + name +
                  "', which a run would write over");
  }
  const ScratchDirectory scratch;
  write_file(scratch / "run.toml", "");
  EXPECT_EQ(error_of([&] { check_new_run(scratch.path()); }),
            "--out: '" + scratch.path() +
                "' already holds a run; give --resume to go on with it, or another directory");
  EXPECT_EQ(error_of([&] { check_new_run(scratch / "run.toml"); }),
            "--out: '" + scratch.path() + "/run.toml' is not a directory");
}

// A first step that diverged left a run.toml that no new run could have the directory for.
TEST(RunDirectory, ARunThatEndedBeforeItsFirstCheckpointMayBeReplaced) {
  const ScratchDirectory scratch;
  for (const char* name : {"run.toml", "loss.csv", "monitor.csv", "mine.txt"}) {
    write_file(scratch / name, "");
  }
  EXPECT_EQ(error_of([&] { check_new_run(scratch.path()); }), "no error");
  remove_abandoned_run(scratch.path());
  EXPECT_FALSE(std::filesystem::exists(scratch / "loss.csv"));
  EXPECT_FALSE(std::filesystem::exists(scratch / "monitor.csv"));
  EXPECT_TRUE(std::filesystem::exists(scratch / "mine.txt"));
  write_file(scratch / "loss.csv", "");
  std::filesystem::create_directory(scratch / "checkpoints");
  EXPECT_EQ(error_of([&] { check_new_run(scratch.path()); }),
            "--out: '" + scratch.path() +
                "' already holds a run; give --resume to go on with it, or another directory");
  remove_abandoned_run(scratch.path());
  EXPECT_TRUE(std::filesystem::exists(scratch / "loss.csv")) << "that one may be resumed";
}

TEST(RunDirectory, ThereMustBeARunToResume) {
  const ScratchDirectory scratch;
  EXPECT_EQ(error_of([&] { (void)resumable_config(scratch.path()); }),
            "--resume: '" + scratch.path() + "' holds no run.toml to go on from");
  write_file(scratch / "run.toml", "batch = 7\n");
  EXPECT_EQ(resumable_config(scratch.path()).batch, 7);
}

TEST(RunDirectory, OneProcessAtATimeHoldsIt) {
  const ScratchDirectory scratch;
  const std::string run = scratch / "a/b";
  {
    const RunLock lock(run);
    EXPECT_EQ(error_of([&] { RunLock second(run); }),
              "--out: '" + run + "' is being written by another gradvar");
  }
  EXPECT_EQ(error_of([&] { RunLock second(run); }), "no error");
}

TEST(RunDirectory, RemovesWhatAKilledProcessLeftAndNothingElse) {
  const ScratchDirectory scratch;
  for (const char* name : {"loss.csv", "loss.csv.tmp-12-0", "run.toml.tmp-3-1", "mine.tmp-3-1"}) {
    write_file(scratch / name, "");
  }
  remove_unfinished_files(scratch.path());
  EXPECT_EQ(scratch.count(), 2);
  EXPECT_TRUE(std::filesystem::exists(scratch / "loss.csv"));
  EXPECT_TRUE(std::filesystem::exists(scratch / "mine.tmp-3-1"));
}

TEST(RunDirectory, SaysWhatKeepsItFromBeingMade) {
  EXPECT_EQ(error_of([] { RunLock lock("/proc/none/run"); }),
            "--out: '/proc/none/run' cannot be made: No such file or directory");
}

TEST(RunDirectory, ShellWordsAreQuotedWhereTheyNeedIt) {
  EXPECT_EQ(shell_word("runs/a-1"), "runs/a-1");
  EXPECT_EQ(shell_word("my run"), "'my run'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace gradvar::run_directory_test

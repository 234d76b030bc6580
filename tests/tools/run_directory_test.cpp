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

// Pictures of an abandoned run stood beside those of the run that replaced it.
TEST(RunDirectory, PicturesOfARunThatIsReplacedGoWithIt) {
  const ScratchDirectory scratch;
  write_file(scratch / "run.toml", "");
  write_file(scratch / "loss.csv", "");
  make_picture_directory(scratch.path());
  EXPECT_EQ(picture_path(scratch.path(), 500).string(), scratch / "samples/step-000500.png");
  EXPECT_EQ(picture_path(scratch.path(), 12345678).string(), scratch / "samples/step-12345678.png");
  for (const std::uint64_t step : {std::uint64_t{2}, std::uint64_t{12345678}}) {
    write_file(picture_path(scratch.path(), step).string(), "");
  }
  for (const char* name : {"samples/mine.png", "samples/step-.png", "samples/step-2b.png"}) {
    write_file(scratch / name, "");
  }
  remove_abandoned_run(scratch.path());
  for (const char* name : {"samples/step-000002.png", "samples/step-12345678.png"}) {
    EXPECT_FALSE(std::filesystem::exists(scratch / name)) << name;
  }
  for (const char* name : {"samples/mine.png", "samples/step-.png", "samples/step-2b.png"}) {
    EXPECT_TRUE(std::filesystem::exists(scratch / name)) << name;
    std::filesystem::remove(scratch / name);
  }
  write_file(scratch / "loss.csv", "");
  remove_abandoned_run(scratch.path());
  EXPECT_FALSE(std::filesystem::exists(scratch / "samples")) << "empty";
}

TEST(RunDirectory, SaysBeforeTrainingWhatKeepsPicturesOut) {
  const ScratchDirectory scratch;
  write_file(scratch / "samples", "");
  EXPECT_EQ(error_of([&] { make_picture_directory(scratch.path()); }),
            "--samples-every: '" + scratch / "samples" + "' is not a directory");
  std::filesystem::remove(scratch / "samples");
  EXPECT_EQ(error_of([&] { make_picture_directory(scratch.path()); }), "no error");
  EXPECT_EQ(error_of([&] { make_picture_directory(scratch.path()); }), "no error") << "again";
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
  make_picture_directory(scratch.path());
  for (const char* name : {"samples/step-000002.png.tmp-4-0", "samples/mine.png.tmp-4-0"}) {
    write_file(scratch / name, "");
  }
  remove_unfinished_files(scratch.path());
  EXPECT_FALSE(std::filesystem::exists(scratch / "samples/step-000002.png.tmp-4-0"));
  EXPECT_TRUE(std::filesystem::exists(scratch / "samples/mine.png.tmp-4-0"));
  EXPECT_EQ(scratch.count(), 3);
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

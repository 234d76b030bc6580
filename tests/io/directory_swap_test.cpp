#include "io/directory_swap.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "io/atomic_file.h"
#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::directory_swap_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

// A temporary directory for the goal with one file, also below a subdirectory.
std::string prepared(const std::string& goal, const std::string& content) {
  const std::string temporary = temporary_directory(goal);
  write_file(temporary + "/file", content);
  std::filesystem::create_directory(temporary + "/sub");
  write_file(temporary + "/sub/file", content);
  return temporary;
}

using Replace = void (*)(const std::string& temporary, const std::string& goal);
class DirectorySwap : public ::testing::TestWithParam<Replace> {};

TEST_P(DirectorySwap, PublishesWhereNothingWas) {
  const ScratchDirectory scratch;
  const std::string goal = scratch / "a/b/checkpoint";
  GetParam()(prepared(goal, "new"), goal);
  EXPECT_EQ(read_file(goal + "/file"), "new");
  EXPECT_EQ(read_file(goal + "/sub/file"), "new");
}

TEST_P(DirectorySwap, ReplacesWhatWasThereAndLeavesNothingElse) {
  const ScratchDirectory scratch;
  const std::string goal = scratch / "checkpoint";
  GetParam()(prepared(goal, "old"), goal);
  write_file(goal + "/only_in_old", "");
  GetParam()(prepared(goal, "new"), goal + "/");
  EXPECT_EQ(read_file(goal + "/file"), "new");
  EXPECT_FALSE(std::filesystem::exists(goal + "/only_in_old"));
  EXPECT_EQ(scratch.count(), 1);
}

TEST_P(DirectorySwap, RefusesToReplaceAFile) {
  const ScratchDirectory scratch;
  const std::string goal = scratch / "file";
  write_file(goal, "kept");
  const std::string temporary = temporary_directory(goal);
  EXPECT_EQ(error_of([&] { GetParam()(temporary, goal); }),
            "cannot write '" + goal + "': it exists and is not a directory");
  EXPECT_EQ(read_file(goal), "kept");
}

INSTANTIATE_TEST_SUITE_P(BothWays, DirectorySwap,
                         ::testing::Values(&replace_directory, &replace_directory_in_two_steps));

TEST(DirectorySwapCrash, BetweenTheRenamesIsRecovered) {
  const ScratchDirectory scratch;
  const std::string goal = scratch / "checkpoint";
  replace_directory(prepared(goal, "old"), goal);
  std::filesystem::rename(goal, goal + ".old");  // what the crash leaves
  recover_directory(goal);
  EXPECT_EQ(read_file(goal + "/file"), "old");
  EXPECT_EQ(scratch.count(), 1);
}

TEST(DirectorySwapCrash, AfterTheRenamesKeepsTheNewOne) {
  const ScratchDirectory scratch;
  const std::string goal = scratch / "checkpoint";
  replace_directory(prepared(goal, "new"), goal);
  std::filesystem::create_directory(goal + ".old");
  write_file(goal + ".old/file", "old");
  recover_directory(goal);
  EXPECT_EQ(read_file(goal + "/file"), "new");
  replace_directory_in_two_steps(prepared(goal, "newer"), goal);
  EXPECT_EQ(read_file(goal + "/file"), "newer");
  EXPECT_EQ(scratch.count(), 1);
}

TEST(DirectorySwapCrash, RecoveringWithoutACrashDoesNothing) {
  const ScratchDirectory scratch;
  recover_directory(scratch / "checkpoint");
  EXPECT_EQ(scratch.count(), 0);
}

TEST(TemporaryDirectory, IsNewEachTimeAndBesideTheGoal) {
  const ScratchDirectory scratch;
  const std::string goal = scratch / "checkpoint";
  const std::string first = temporary_directory(goal), second = temporary_directory(goal + "/");
  EXPECT_NE(first, second);
  EXPECT_TRUE(first.starts_with(goal + ".tmp-"));
  EXPECT_TRUE(second.starts_with(goal + ".tmp-"));
}

TEST(TemporaryDirectory, RefusesAParentThatIsAFile) {
  const ScratchDirectory scratch;
  write_file(scratch / "file", "");
  const std::string goal = scratch / "file/checkpoint";
  EXPECT_EQ(error_of([&] { (void)temporary_directory(goal); }),
            "cannot write '" + goal + "': Not a directory");
}

}  // namespace
}  // namespace gradvar::directory_swap_test

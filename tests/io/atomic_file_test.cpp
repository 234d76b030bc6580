#include "io/atomic_file.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <vector>

#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::atomic_file_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

TEST(AtomicFile, ReadsBackWhatWasWritten) {
  const ScratchDirectory scratch;
  std::string large(200'001, 'x');
  large[100] = '\0';
  for (const std::string& bytes : {std::string(), std::string("a"), large}) {
    write_file(scratch / "file", bytes);
    EXPECT_EQ(read_file(scratch / "file"), bytes);
  }
  EXPECT_EQ(scratch.count(), 1) << "a temporary file is left";
}

TEST(AtomicFile, WritesPiecesOneAfterAnother) {
  const ScratchDirectory scratch;
  const std::vector<std::string_view> pieces{"one", "", "two"};
  write_file(scratch / "file", pieces);
  EXPECT_EQ(read_file(scratch / "file"), "onetwo");
}

TEST(AtomicFile, WritesIntoTheCurrentDirectory) {
  const ScratchDirectory scratch;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.path());
  write_file("plain", "x");
  std::filesystem::current_path(before);
  EXPECT_EQ(read_file(scratch / "plain"), "x");
}

TEST(AtomicFile, FollowsASymbolicLink) {
  const ScratchDirectory scratch;
  write_file(scratch / "target", "old");
  std::filesystem::create_symlink("target", scratch / "link");
  write_file(scratch / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(scratch / "link"));
  EXPECT_EQ(read_file(scratch / "target"), "new");
}

// /dev/zero has no end: reading it took all memory there was.
TEST(AtomicFile, RefusesToReadADevice) {
  for (const std::string device : {"/dev/zero", "/dev/null"}) {
    EXPECT_EQ(error_of([&] { (void)read_file(device); }),
              "cannot read '" + device + "': Is a device, expected a regular file or a pipe");
  }
}

TEST(AtomicFile, RefusesAMissingDirectory) {
  const ScratchDirectory scratch;
  const std::string path = scratch / "missing/y.npy";
  EXPECT_EQ(error_of([&] { write_file(path, "x"); }),
            "cannot write '" + path + "': No such file or directory");
}

TEST(AtomicFile, RefusesToWriteOverADirectoryOrADevice) {
  const ScratchDirectory scratch;
  EXPECT_EQ(error_of([&] { write_file(scratch.path(), "x"); }),
            "cannot write '" + scratch.path() + "': Is a directory");
  EXPECT_EQ(error_of([&] { write_file("/dev/null", "x"); }),
            "cannot write '/dev/null': Not a regular file");
}

TEST(AtomicFile, RefusesToReadWhatIsNoFile) {
  const ScratchDirectory scratch;
  EXPECT_EQ(error_of([&] { (void)read_file(scratch / "none"); }),
            "cannot read '" + (scratch / "none") + "': No such file or directory");
  EXPECT_EQ(error_of([&] { (void)read_file(scratch.path()); }),
            "cannot read '" + scratch.path() + "': Is a directory");
}

TEST(AtomicFile, NamesTheFileInARefusal) {
  EXPECT_EQ(error_of([] { refuse_file("a.csv", "is wrong"); }), "a.csv: is wrong");
}

TEST(AtomicFile, CannotFlushWhatIsNotThere) {
  const ScratchDirectory scratch;
  EXPECT_THROW(flush_to_disk(scratch / "none"), std::runtime_error);
}

}  // namespace
}  // namespace gradvar::atomic_file_test

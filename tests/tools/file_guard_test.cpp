// What a command reads, and that it is not written over.

#include "tools/file_guard.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "../io/error_of.h"
#include "../io/scratch_directory.h"
#include "io/atomic_file.h"

namespace gradvar::file_guard_test {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using testing::ScratchDirectory;

std::string refusal_of(const std::string& path, const Inputs& inputs) {
  return error_of([&] { check_writable("--out", path, inputs); });
}

std::string read_here(const std::string& path) {
  return "--out: cannot write '" + path + "': it is what is read here";
}

std::string one_of(const std::string& folder, const std::string& path) {
  return "--out: cannot write '" + path + "': every image of the folder '" + folder +
         "' is read here, and it would be one";
}

TEST(FileGuard, KnowsTheFilesBehindASpec) {
  using Files = std::vector<std::string>;
  EXPECT_EQ(Inputs().spec("csv:a/b.csv").files(), Files{"a/b.csv"});
  EXPECT_EQ(Inputs().spec("safetensors:x.safetensors,key=x").files(), Files{"x.safetensors"});
  EXPECT_EQ(Inputs().spec("csv:\"a,b.csv\"").files(), Files{"a,b.csv"});
  EXPECT_EQ(Inputs().spec("mnist:file=digits").files(), Files{"digits"});
  EXPECT_EQ(Inputs().spec("gaussian:mean=m.csv,covariance=s.npy,dim=2").files(),
            (Files{"m.csv", "s.npy"}));
  EXPECT_EQ(Inputs().spec("affine:matrix=a.npy,offset=1").files(), Files{"a.npy"});
  EXPECT_EQ(Inputs().spec("cifar10:dir=c").files().size(), 5U);
  EXPECT_EQ(Inputs().spec("cifar10:dir=c").files().back(), "c/data_batch_5.bin");
  for (const char* folder : {"images:dir=photos,size=8", "celeba:dir=photos"}) {
    EXPECT_EQ(Inputs().spec(folder).image_folders(), Files{"photos"}) << folder;
    EXPECT_EQ(Inputs().spec(folder).files(), Files{}) << folder;
  }
  for (const char* none : {"", "moons", "faces:count=3", "csv", "images", ":", "a:b=1,b=1"}) {
    EXPECT_EQ(Inputs().spec(none).files(), Files{}) << none;
    EXPECT_EQ(Inputs().spec(none).image_folders(), Files{}) << none;
  }
}

TEST(FileGuard, KnowsWhatARunIsMadeFrom) {
  const ScratchDirectory scratch;
  fs::create_directories(scratch / "first/checkpoints");
  fs::create_directory(scratch / "second");
  for (const char* name :
       {"first/run.toml", "second/run.toml", "points.csv", "pairs.safetensors"}) {
    write_file(scratch / name, "");
  }
  RunConfig config;
  config.source = "csv:" + scratch / "points.csv";
  config.target = "images:dir=" + scratch.path();
  config.coupling = "flow:run=" + scratch / "first";
  config.pairs_file = scratch / "pairs.safetensors";
  const Inputs inputs = Inputs().run(scratch / "second", config);
  for (const char* name :
       {"first/run.toml", "second/run.toml", "points.csv", "pairs.safetensors"}) {
    EXPECT_EQ(refusal_of(scratch / name, inputs), read_here(scratch / name));
  }
  EXPECT_EQ(refusal_of(scratch / "new.png", inputs), one_of(scratch.path(), scratch / "new.png"));
  EXPECT_EQ(refusal_of(scratch / "new.npy", inputs), "no error");
}

TEST(FileGuard, RefusesWhatAFolderOfImagesWouldTake) {
  const ScratchDirectory scratch;
  const std::string folder = scratch / "photos";
  fs::create_directories(folder + "/sub");
  write_file(folder + "/dog.png", "");
  const Inputs inputs = Inputs().spec("images:dir=" + folder + ",size=8");
  for (const char* name : {"dog.png", "new.png", "new.PNG", "new.jpg", "new.Jpeg"}) {
    EXPECT_EQ(refusal_of(folder + "/" + name, inputs), one_of(folder, folder + "/" + name));
  }
  for (const char* name : {"photos/notes.json", "photos/png", "photos/sub/new.png", "new.png"}) {
    EXPECT_EQ(refusal_of(scratch / name, inputs), "no error") << name;
  }
}

TEST(FileGuard, SeesThroughLinksAndDots) {
  const ScratchDirectory scratch;
  const std::string folder = scratch / "photos";
  fs::create_directories(folder + "/sub");
  fs::create_directory(scratch / "album");
  write_file(folder + "/dog.png", "");
  write_file(scratch / "album/cat.png", "");
  write_file(scratch / "album/fish.png", "");
  fs::create_directory_symlink(folder, scratch / "link");
  fs::create_symlink(scratch / "album/cat.png", folder + "/cat.png");  // read through the folder
  fs::create_symlink(folder + "/dog.png", scratch / "pet.npy");
  const Inputs inputs = Inputs().spec("images:dir=" + folder);
  for (const char* name : {"link/new.png", "photos/sub/../new.png", "./photos/./new.png",
                           "album/cat.png", "pet.npy"}) {
    EXPECT_EQ(refusal_of(scratch / name, inputs), one_of(folder, scratch / name));
  }
  EXPECT_EQ(refusal_of(scratch / "album/fish.png", inputs), "no error");
  const Inputs by_link = Inputs().spec("images:dir=" + scratch / "link/sub/..");
  EXPECT_EQ(refusal_of(folder + "/new.png", by_link),
            one_of(scratch / "link/sub/..", folder + "/new.png"));
}

TEST(FileGuard, NamesOtherObstacles) {
  const ScratchDirectory scratch;
  write_file(scratch / "file", "");
  EXPECT_EQ(refusal_of(scratch.path(), {}),
            "--out: cannot write '" + scratch.path() + "': Is a directory");
  EXPECT_EQ(refusal_of("/dev/null", {}), "--out: cannot write '/dev/null': Not a regular file");
  EXPECT_EQ(refusal_of(scratch / "none/x", {}),
            "--out: cannot write '" + scratch / "none/x" + "': No such file or directory");
  EXPECT_EQ(refusal_of(scratch / "file/x", {}),
            "--out: cannot write '" + scratch / "file/x" + "': Not a directory");
  EXPECT_EQ(refusal_of(scratch / "new", {}), "no error");
}

}  // namespace
}  // namespace gradvar::file_guard_test

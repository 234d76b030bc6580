#include "data/image_set.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <unistd.h>

#include "io/atomic_file.h"
#include "tests/io/error_of.h"
#include "tests/io/image_bytes.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::image_set_test {
namespace {

using testing::error_of;
using testing::png_bytes;
using testing::ScratchDirectory;
using Bytes = std::vector<std::uint8_t>;

void write_grey(const std::string& path, std::uint8_t value) {
  write_file(path, png_bytes(1, 1, 1, {value}));
}

TEST(ImageSet, ReadsAFolderInTheOrderOfNames) {
  const ScratchDirectory scratch;
  write_grey(scratch / "b.PNG", 255);
  write_grey(scratch / "a.png", 0);
  write_file(scratch / "note.txt", "no image");
  const ImageFolderOptions options{.directory = scratch.path(), .size = 2};
  const PointSet set = image_points(read_image_folder(options), options);
  ASSERT_EQ(set.points()->shape(), (Shape{2, 3, 2, 2}));
  EXPECT_EQ((*set.points())[0], -1);
  EXPECT_EQ((*set.points())[12], 1);
  EXPECT_EQ(set.spec(), "images:dir=" + scratch.path() + ",size=2,strict=false");
}

TEST(ImageSet, TakesTheSquareInTheCentre) {
  const ScratchDirectory scratch;
  write_file(scratch / "a.png", png_bytes(3, 1, 1, {1, 2, 3}));
  EXPECT_EQ(read_image_folder({.directory = scratch.path(), .size = 1}).pixels, Bytes(3, 2));
}

TEST(ImageSet, CelebaTakesTheCentre148Of178x218) {
  const ScratchDirectory scratch;
  Bytes pixels(178 * 218, 0);
  for (int y = 35; y < 183; ++y) {
    for (int x = 15; x < 163; ++x) pixels[static_cast<std::size_t>(178 * y + x)] = 200;
  }
  write_file(scratch / "a.png", png_bytes(178, 218, 1, pixels));
  const ImageFolderOptions options{.directory = scratch.path(), .size = 4, .celeba = true};
  EXPECT_EQ(read_image_folder(options).pixels, Bytes(48, 200));
  write_grey(scratch / "b.png", 1);
  const ImageFolder folder = read_image_folder(options);
  ASSERT_EQ(folder.skipped.size(), 1U);
  EXPECT_EQ(folder.skipped[0],
            scratch / "b.png" + ": the image is 1x1, expected CelebA's aligned 178x218");
}

TEST(ImageSet, SkipsWhatIsNoImageAndNamesIt) {
  const ScratchDirectory scratch;
  write_grey(scratch / "a.png", 9);
  write_file(scratch / "b.png", "text");
  write_file(scratch / "c.jpg", "");
  ImageFolderOptions options{.directory = scratch.path(), .size = 1};
  for (const bool cached : {false, true}) {
    const ImageFolder folder = read_image_folder(options);
    EXPECT_EQ(folder.from_cache, cached);
    EXPECT_EQ(folder.count, 1);
    ASSERT_EQ(folder.skipped.size(), 2U);
    EXPECT_EQ(folder.skipped[1], scratch / "c.jpg" + ": the file is empty, expected a PNG or JPEG");
  }
  options.strict = true;
  EXPECT_EQ(error_of([&] { (void)read_image_folder(options); }),
            scratch / "b.png" + ": the file is neither PNG nor JPEG, whatever its name says");
}

// A file that could not be opened may be opened another time and look the same from outside: after
// chmod its size and time are what they were.
TEST(ImageSet, NoCacheIsKeptOfAFolderInWhichAFileCouldNotBeRead) {
  const ScratchDirectory scratch;
  const ImageFolderOptions options{.directory = scratch.path(), .size = 1};
  const auto expect_no_cache = [&](const std::string& skipped) {
    for (int time = 0; time < 2; ++time) {
      const ImageFolder folder = read_image_folder(options);
      EXPECT_FALSE(folder.from_cache);
      EXPECT_EQ(folder.count, 1);
      EXPECT_EQ(folder.skipped, std::vector<std::string>{skipped});
    }
    EXPECT_FALSE(std::filesystem::exists(scratch / ".gradvar-images-1.cache"));
  };
  write_grey(scratch / "a.png", 9);
  const std::string b = scratch / "b.png";
  std::filesystem::create_symlink("nowhere", b);
  expect_no_cache("cannot read '" + b + "': No such file or directory");
  std::filesystem::remove(b);
  std::filesystem::create_symlink(b, b);
  expect_no_cache("cannot read '" + b + "': Too many levels of symbolic links");
  std::filesystem::remove(b);
  std::filesystem::create_directory(b);
  expect_no_cache(b + ": not a regular file");
  std::filesystem::remove(b);
  write_grey(b, 8);
  if (::geteuid() != 0) {  // nothing is closed to root
    std::filesystem::permissions(b, std::filesystem::perms::none);
    expect_no_cache("cannot read '" + b + "': Permission denied");
    std::filesystem::permissions(b, std::filesystem::perms::owner_read);
  }
  EXPECT_EQ(read_image_folder(options).pixels, (Bytes{9, 9, 9, 8, 8, 8}));
  EXPECT_TRUE(read_image_folder(options).from_cache);
}

TEST(ImageSet, TheCacheNamesFilesAsTheDirectoryIsSpelledNow) {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch / "zoo");
  write_grey(scratch / "zoo/a.png", 9);
  write_file(scratch / "zoo/b.png", "");
  for (const char* directory : {"zoo", "zoo/../zoo", "zoo/"}) {
    const ImageFolder folder = read_image_folder({.directory = scratch / directory, .size = 1});
    EXPECT_EQ(folder.from_cache, directory != std::string("zoo"));
    ASSERT_EQ(folder.skipped.size(), 1U);
    EXPECT_EQ(folder.skipped[0], (std::filesystem::path(scratch / directory) / "b.png").string() +
                                     ": the file is empty, expected a PNG or JPEG");
  }
}

TEST(ImageSet, ASentenceIsALineWhateverAFileIsCalled) {
  const ScratchDirectory scratch;
  write_grey(scratch / "a.png", 9);
  write_file(scratch / "b\n1\n\x1B[2J.png", "");
  const std::string sentence =
      scratch / "b?1??[2J.png" + ": the file is empty, expected a PNG or JPEG";
  for (const bool cached : {false, true}) {
    const ImageFolder folder = read_image_folder({.directory = scratch.path(), .size = 1});
    EXPECT_EQ(folder.from_cache, cached);
    EXPECT_EQ(folder.pixels, Bytes(3, 9));
    EXPECT_EQ(folder.skipped, std::vector<std::string>{sentence});
  }
  std::filesystem::create_symlink("nowhere", scratch / "c\n.png");
  const ImageFolder folder = read_image_folder({.directory = scratch.path(), .size = 1});
  EXPECT_EQ(folder.skipped,
            (std::vector<std::string>{
                sentence, "cannot read '" + scratch / "c?.png" + "': No such file or directory"}));
}

TEST(ImageSet, ACountTakesTheFirstFilesInTheOrderOfNames) {
  const ScratchDirectory scratch;
  write_grey(scratch / "a.png", 1);
  write_file(scratch / "b.png", "");
  write_grey(scratch / "c.png", 3);
  write_grey(scratch / "d.png", 4);
  ImageFolderOptions options{.directory = scratch.path(), .size = 1};
  std::int64_t announced = 0;
  options.before_reading = [&](std::int64_t files) { announced = files; };
  const std::map<std::int64_t, Bytes> expected = {{0, {1, 1, 1, 3, 3, 3, 4, 4, 4}},
                                                  {1, {1, 1, 1}},
                                                  {3, {1, 1, 1, 3, 3, 3}},
                                                  {9, {1, 1, 1, 3, 3, 3, 4, 4, 4}}};
  // Each count before and after the others have left their caches.
  for (const bool cached : {false, true}) {
    for (const auto& [count, pixels] : expected) {
      options.count = count;
      const ImageFolder folder = read_image_folder(options);
      EXPECT_EQ(folder.from_cache, cached) << count;
      EXPECT_EQ(folder.pixels, pixels) << count;
      EXPECT_EQ(folder.skipped.size(), count == 1 ? 0U : 1U) << count;
      EXPECT_EQ(announced, count == 0 ? 4 : std::min<std::int64_t>(count, 4));
    }
  }
  options.count = 3;
  write_grey(scratch / "e.png", 5);
  EXPECT_TRUE(read_image_folder(options).from_cache) << "a file that is not taken";
  EXPECT_EQ(image_points(read_image_folder(options), options).spec(),
            "images:dir=" + scratch.path() + ",size=1,count=3,strict=false");
  options.count = -1;
  EXPECT_EQ(error_of([&] { (void)read_image_folder(options); }),
            "[images] count is -1, expected 1 or more, or 0 for all");
}

TEST(ImageSet, TheCacheIsMadeAgainWhenTheFolderOrItselfChanged) {
  const ScratchDirectory scratch;
  write_grey(scratch / "a.png", 9);
  const ImageFolderOptions options{.directory = scratch.path(), .size = 1};
  const std::string cache = scratch / ".gradvar-images-1.cache";
  EXPECT_FALSE(read_image_folder(options).from_cache);
  EXPECT_TRUE(read_image_folder(options).from_cache);
  EXPECT_EQ(read_image_folder(options).pixels, Bytes(3, 9));
  write_grey(scratch / "b.png", 8);
  EXPECT_EQ(read_image_folder(options).count, 2);
  std::string bytes = read_file(cache);
  bytes.back() ^= 1;
  write_file(cache, bytes);
  EXPECT_FALSE(read_image_folder(options).from_cache);
  EXPECT_EQ(read_image_folder(options).pixels, (Bytes{9, 9, 9, 8, 8, 8}));
  // The same size, another time.
  write_grey(scratch / "b.png", 7);
  std::filesystem::last_write_time(
      scratch / "b.png", std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_EQ(read_image_folder(options).pixels, (Bytes{9, 9, 9, 7, 7, 7}));
}

TEST(ImageSet, WhatCannotFitIsRefusedBeforeAnImageIsOpened) {
  const ScratchDirectory scratch;
  for (const char* name : {"a.png", "b.png", "c.jpg"}) write_file(scratch / name, "no image");
  ImageFolderOptions options{.directory = scratch.path(), .size = 1, .strict = true};
  options.before_reading = [](std::int64_t files) {
    throw std::invalid_argument(std::to_string(files) + " are too many");
  };
  EXPECT_EQ(error_of([&] { (void)read_image_folder(options); }), "3 are too many")
      << "the bad image was met first";
}

TEST(ImageSet, CountsTheFilesAsTheyAreOpened) {
  const ScratchDirectory scratch;
  for (const char* name : {"a.png", "c.png"}) write_grey(scratch / name, 1);
  write_file(scratch / "b.png", "no image");
  ImageFolderOptions options{.directory = scratch.path(), .size = 1};
  std::vector<std::int64_t> counts;
  options.after_file = [&](std::int64_t files) {
    counts.push_back(files);
    if (files == 2) throw std::invalid_argument("stopped");
  };
  EXPECT_EQ(error_of([&] { (void)read_image_folder(options); }), "stopped");
  EXPECT_EQ(counts, (std::vector<std::int64_t>{1, 2}));
  options.after_file = [&](std::int64_t files) { counts.push_back(files); };
  EXPECT_FALSE(read_image_folder(options).from_cache) << "half a folder was kept";
  EXPECT_EQ(counts, (std::vector<std::int64_t>{1, 2, 1, 2, 3}));
  EXPECT_TRUE(read_image_folder(options).from_cache);
  EXPECT_EQ(counts.size(), 5U) << "the cache opens no files";
}

TEST(ImageSet, TheSizesOfFilesAreKnownFromTheCacheToo) {
  const ScratchDirectory scratch;
  write_file(scratch / "a.png", png_bytes(3, 1, 1, {1, 2, 3}));
  write_file(scratch / "b.png", png_bytes(2, 4, 1, Bytes(8, 1)));
  write_file(scratch / "c.png", "no image");
  for (const bool cached : {false, true}) {
    const ImageFolder folder = read_image_folder({.directory = scratch.path(), .size = 1});
    EXPECT_EQ(folder.from_cache, cached);
    EXPECT_EQ(folder.least_width, 2);
    EXPECT_EQ(folder.most_width, 3);
    EXPECT_EQ(folder.least_height, 1);
    EXPECT_EQ(folder.most_height, 4);
  }
}

TEST(ImageSet, RefusesFoldersWithoutImages) {
  const ScratchDirectory scratch;
  const auto refusal = [&](std::int64_t size, const std::string& directory) {
    return error_of([&] { (void)read_image_folder({.directory = directory, .size = size}); });
  };
  EXPECT_EQ(refusal(1, scratch.path()),
            scratch.path() + ": the directory has no .png, .jpg or .jpeg");
  EXPECT_EQ(refusal(1, scratch / "x"),
            "cannot read '" + scratch / "x" + "': No such file or directory");
  EXPECT_EQ(refusal(0, scratch.path()), "[images] size is 0, expected 1 to 1024");
  write_file(scratch / "a.png", "");
  EXPECT_EQ(refusal(1, scratch.path()),
            scratch.path() + ": none of 1 images can be read; the first: " + scratch / "a.png" +
                ": the file is empty, expected a PNG or JPEG");
}

TEST(ImageSet, ReadsCifar10) {
  const ScratchDirectory scratch;
  write_file(scratch / "data_batch_1.bin", '\3' + std::string(3072, '\0'));
  write_file(scratch / "data_batch_3.bin", '\11' + std::string(3072, '\xFF'));
  const PointSet set = read_cifar10(scratch.path());
  ASSERT_EQ(set.points()->shape(), (Shape{2, 3, 32, 32}));
  EXPECT_EQ((*set.points())[3071], -1);
  EXPECT_EQ((*set.points())[3072], 1);
  write_file(scratch / "data_batch_2.bin", std::string(3072, '\0'));
  EXPECT_EQ(error_of([&] { (void)read_cifar10(scratch.path()); }),
            scratch / "data_batch_2.bin" +
                ": the file has 3072 bytes, expected records of 3073, a label and 3x32x32");
  write_file(scratch / "data_batch_2.bin", std::string(3073, '\12'));
  EXPECT_EQ(error_of([&] { (void)read_cifar10(scratch.path()); }),
            scratch / "data_batch_2.bin" +
                ": record 1 has a label above 9: not CIFAR-10's binary version");
}

TEST(ImageSet, ReadsMnist) {
  const ScratchDirectory scratch;
  const std::string path = scratch / "m";
  const std::string header("\0\0\x08\x03\0\0\0\2\0\0\0\1\0\0\0\2", 16);
  const auto refusal = [&](const std::string& bytes) {
    write_file(path, bytes);
    return error_of([&] { (void)read_mnist(path); }).substr(path.size() + 2);
  };
  write_file(path, header + std::string("\0\xFF\0\xFF", 4));
  const PointSet set = read_mnist(path);
  ASSERT_EQ(set.points()->shape(), (Shape{2, 1, 1, 2}));
  EXPECT_EQ((*set.points())[0], -1);
  EXPECT_EQ((*set.points())[3], 1);
  EXPECT_EQ(refusal("\x1F\x8B\x08"),
            "the file is compressed by gzip: unpack it first, gunzip FILE");
  EXPECT_EQ(refusal(header + "abc"),
            "the file has 3 bytes of pixels, the header says 2 images of 1x2");
  EXPECT_EQ(refusal(""), "the file ends within the header of IDX");
  EXPECT_EQ(refusal(std::string("\0\0\x08\x01", 4) + std::string(12, '\0')),
            "the magic number is 2049, expected 2051, IDX of images (this file holds the labels)");
}

}  // namespace
}  // namespace gradvar::image_set_test

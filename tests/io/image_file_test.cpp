#include "io/image_file.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/atomic_file.h"
#include "tests/io/error_of.h"
#include "tests/io/image_bytes.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::image_file_test {
namespace {

using testing::error_of;
using testing::jpeg_bytes;
using testing::png_bytes;
using testing::png_header;
using testing::ScratchDirectory;
using Bytes = std::vector<std::uint8_t>;

std::string refusal(const std::string& bytes) {
  return error_of([&] { (void)decode_image("a", bytes); });
}

// Whether a file is refused for its bytes; false when it could not be read.
bool is_bad(const std::string& path) {
  try {
    (void)read_image(path);
  } catch (const BadImage&) {
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
  ADD_FAILURE() << path << " is an image";
  return false;
}

TEST(ImageFile, ReadsEveryKindOfPngAsThreeColours) {
  EXPECT_EQ(decode_image("a", png_bytes(1, 1, 3, {10, 20, 30})).pixels, (Bytes{10, 20, 30}));
  EXPECT_EQ(decode_image("a", png_bytes(2, 1, 1, {7, 9})).pixels, (Bytes{7, 7, 7, 9, 9, 9}));
  const Image wide = decode_image("a", png_bytes(2, 1, 3, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(wide.width, 2);
  EXPECT_EQ(wide.height, 1);
}

TEST(ImageFile, LaysAlphaOverWhite) {
  EXPECT_EQ(decode_image("a", png_bytes(1, 1, 4, {0, 100, 255, 0})).pixels, (Bytes{255, 255, 255}));
  EXPECT_EQ(decode_image("a", png_bytes(1, 1, 4, {0, 100, 255, 51})).pixels,
            (Bytes{204, 224, 255}));
  EXPECT_EQ(decode_image("a", png_bytes(1, 1, 2, {40, 255})).pixels, (Bytes{40, 40, 40}));
}

TEST(ImageFile, SixteenBitsBecomeEight) {
  EXPECT_EQ(decode_image("a", testing::png_of_16_bits(0x8012)).pixels, (Bytes{128, 128, 128}));
}

TEST(ImageFile, ReadsAJpegOfOnePixel) {
  const Image image = decode_image("a", jpeg_bytes(1, 1, 3, {200, 200, 200}));
  ASSERT_EQ(image.pixels.size(), 3U);
  for (const int value : image.pixels) EXPECT_NEAR(value, 200, 2);
}

TEST(ImageFile, RefusesWhatIsNoImage) {
  EXPECT_EQ(refusal(""), "a: the file is empty, expected a PNG or JPEG");
  EXPECT_EQ(refusal("hello"), "a: the file is neither PNG nor JPEG, whatever its name says");
}

TEST(ImageFile, RefusesEveryTruncation) {
  const std::string png = png_bytes(2, 2, 3, Bytes(12, 5)),
                    jpeg = jpeg_bytes(2, 2, 3, Bytes(12, 5));
  for (std::size_t length = 8; length < png.size(); ++length) {
    EXPECT_NE(refusal(png.substr(0, length)).find("cut off"), std::string::npos) << length;
  }
  for (std::size_t length = 2; length < jpeg.size(); ++length) {
    EXPECT_NE(refusal(jpeg.substr(0, length)).find("cut off"), std::string::npos) << length;
  }
}

TEST(ImageFile, RefusesADamagedChunk) {
  std::string png = png_bytes(2, 2, 3, Bytes(12, 5));
  png[png.size() - 20] ^= 1;
  EXPECT_EQ(refusal(png), "a: the PNG is damaged: a chunk does not match its checksum");
}

TEST(ImageFile, RefusesAHugeImageByItsHeader) {
  const std::string sentence =
      "a: the image is 40000x40000, expected 1 to 16384 pixels on a side and at most 67108864 in "
      "all";
  EXPECT_EQ(refusal(png_header(40000, 40000)), sentence);
  std::string jpeg = jpeg_bytes(1, 1, 3, {1, 2, 3});
  const std::size_t frame = jpeg.find("\xFF\xC0");
  jpeg.replace(frame + 5, 4, "\x9C\x40\x9C\x40");
  EXPECT_EQ(refusal(jpeg), sentence);
  EXPECT_NE(refusal(png_header(0, 5)).find("the image is 0x5"), std::string::npos);
}

TEST(ImageFile, RefusesCmyk) {
  std::string jpeg = jpeg_bytes(1, 1, 3, {1, 2, 3});
  jpeg[jpeg.find("\xFF\xC0") + 9] = 4;
  EXPECT_EQ(refusal(jpeg),
            "a: the JPEG has 4 colours (CMYK), expected grey or three: convert it to RGB first");
}

// Adam7 as the specification draws it: the pass of each pixel of a square of 8x8.
constexpr std::string_view kAdam7 =
    "1646264677777777565656567777777736463646777777775656565677777777";

// The bytes of an interlaced image's rows, counted pixel by pixel.
std::size_t interlaced_size(const testing::PngHeader& header, std::size_t bits) {
  std::size_t sum = 0;
  for (char pass = '1'; pass <= '7'; ++pass) {
    for (std::size_t y = 0; y < header.height; ++y) {
      std::size_t columns = 0;
      for (std::size_t x = 0; x < header.width; ++x) {
        columns += kAdam7[8 * (y % 8) + x % 8] == pass;
      }
      if (columns > 0) sum += 1 + (columns * bits + 7) / 8;
    }
  }
  return sum;
}

TEST(ImageFile, APngHoldsWhatItsHeaderPromises) {
  // Large enough that the data, were they zeros compressed, could be 256 MB.
  const auto refuses = [](const testing::PngHeader& header, std::size_t bytes) {
    const std::string error = refusal(testing::png_of(header, std::string(bytes, '\0')));
    if (error == "no error") return false;
    EXPECT_TRUE(error.starts_with("a: the PNG is damaged: its data are not the ")) << error;
    return true;
  };
  struct Case {
    testing::PngHeader header;
    std::size_t size;
  };
  std::vector<Case> cases = {
      {{.width = 400, .height = 300, .bits = 8, .kind = 2}, 300 * 1201},
      {{.width = 1501, .height = 1500, .bits = 1, .kind = 0}, 1500 * 189},
      {{.width = 401, .height = 399, .bits = 16, .kind = 4}, 399 * 1605},
      {{.width = 203, .height = 199, .bits = 16, .kind = 6, .interlaced = true}, 64},
      {{.width = 1501, .height = 1503, .bits = 1, .kind = 0, .interlaced = true}, 1},
      {{.width = 4, .height = 9001, .bits = 16, .kind = 6, .interlaced = true}, 64},
  };
  for (Case& one : cases) {
    if (one.header.interlaced) one.size = interlaced_size(one.header, one.size);
    EXPECT_FALSE(refuses(one.header, one.size)) << one.size;
    EXPECT_TRUE(refuses(one.header, one.size - 1)) << one.size;
    EXPECT_TRUE(refuses(one.header, one.size + 1)) << one.size;
  }
  EXPECT_EQ(refusal(testing::png_of({}, std::string(300'000, '\0'))),
            "a: the PNG is damaged: its data are not the 2 bytes that its header promises");
}

// Of each kind: one scan, several, and one in parts.
std::vector<std::string> noisy_jpegs() {
  Bytes noise(24 * 16);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    noise[i] = static_cast<std::uint8_t>(i * i * 7919 / 64);
  }
  return {jpeg_bytes(24, 16, 1, noise), testing::progressive_jpeg(), testing::restarting_jpeg()};
}

constexpr std::string_view kEnd = "\xFF\xD9";

TEST(ImageFile, ReadsJpegsOfEveryKindOfScan) {
  for (const std::string& jpeg : noisy_jpegs()) {
    ASSERT_TRUE(jpeg.ends_with(kEnd));
    EXPECT_EQ(refusal(jpeg), "no error");
    // What cameras leave behind the data.
    const std::string padded = jpeg.substr(0, jpeg.size() - 2) + std::string(3, '\0');
    EXPECT_EQ(refusal(padded + std::string(kEnd)), "no error");
  }
}

TEST(ImageFile, RefusesAJpegWhoseDataEndEarly) {
  for (const std::string& jpeg : noisy_jpegs()) {
    const std::size_t scan = jpeg.find("\xFF\xDA");
    int refused = 0;
    for (std::size_t length = scan + 10; length < jpeg.size() - 2; ++length) {
      // Between scans a cut leaves a coarser image, and that is whole.
      if (jpeg[length] == '\xFF' || jpeg[length - 1] == '\xFF') continue;
      EXPECT_NE(refusal(jpeg.substr(0, length) + std::string(kEnd)), "no error") << length;
      ++refused;
    }
    EXPECT_GT(refused, 50);
  }
}

TEST(ImageFile, RefusesAJpegWhoseDataEndEarlyBeforeARestart) {
  const std::string jpeg = testing::restarting_jpeg();
  for (const char* restart : {"\xFF\xD0", "\xFF\xD1"}) {
    const std::size_t at = jpeg.find(restart, jpeg.find("\xFF\xDA"));
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(refusal(jpeg.substr(0, at - 2) + jpeg.substr(at)),
              "a: the JPEG is damaged: the data of a scan end early or make no sense");
    EXPECT_NE(refusal(jpeg.substr(0, at) + jpeg.substr(at + 2)), "no error") << "no marker";
  }
}

// stb_image wrote the values beyond the end of its table.
TEST(ImageFile, RefusesAHuffmanTableOfMoreCodesThanBytes) {
  const std::string head = "\xFF\xC4" + std::string("\x01\x14\x00", 3);  // 276 bytes, table 0
  const std::string counts(16, '\0'), values(257, 'x');
  std::string many = counts;
  many[14] = '\x80';
  many[15] = '\x81';
  for (const std::string& jpeg : noisy_jpegs()) {
    const std::string table = head + many + values;
    EXPECT_EQ(refusal(jpeg.substr(0, 2) + table + jpeg.substr(2)),
              "a: the JPEG is damaged: a Huffman table makes no sense");
    EXPECT_EQ(refusal(jpeg.substr(0, jpeg.size() - 2) + table + std::string(kEnd)),
              "a: the JPEG is damaged: the data of a scan end early or make no sense");
    const std::string short_table = "\xFF\xC4" + std::string("\x00\x04\x00\x00", 4);
    EXPECT_EQ(refusal(jpeg.substr(0, 2) + short_table + jpeg.substr(2)),
              "a: the JPEG is damaged: a Huffman table makes no sense");
  }
}

TEST(ImageFile, RefusesALoopOfLinksAndAClosedFile) {
  const ScratchDirectory scratch;
  std::filesystem::create_symlink(scratch / "loop.png", scratch / "loop.png");
  EXPECT_EQ(error_of([&] { (void)read_image(scratch / "loop.png"); }),
            "cannot read '" + scratch / "loop.png" + "': Too many levels of symbolic links");
  if (::geteuid() == 0) return;  // nothing is closed to root
  write_file(scratch / "closed.png", png_bytes(1, 1, 1, {1}));
  std::filesystem::permissions(scratch / "closed.png", std::filesystem::perms::none);
  EXPECT_EQ(error_of([&] { (void)read_image(scratch / "closed.png"); }),
            "cannot read '" + scratch / "closed.png" + "': Permission denied");
}

TEST(ImageFile, RefusesAHugeFileUnread) {
  const ScratchDirectory scratch;
  write_file(scratch / "a.png", "");
  // All of it a hole. There is no memory for 4 TB, so that reading it would end in another
  // sentence.
  std::filesystem::resize_file(scratch / "a.png", std::uintmax_t{1} << 42);
  EXPECT_EQ(error_of([&] { (void)read_image(scratch / "a.png"); }),
            scratch / "a.png" + ": the file is over 1 GB, expected an image");
}

// Lets this process take so many bytes beyond what it has, until the end of the scope.
class MemoryLimit {
 public:
  explicit MemoryLimit(rlim_t bytes) {
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    mapped_ = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
    ::getrlimit(RLIMIT_AS, &before_);
    const rlimit limit{.rlim_cur = mapped_ + bytes, .rlim_max = before_.rlim_max};
    if (holds()) ::setrlimit(RLIMIT_AS, &limit);
  }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;
  ~MemoryLimit() { ::setrlimit(RLIMIT_AS, &before_); }
  // Not under a sanitizer, which has mapped terabytes and ends the program where one is missing.
  [[nodiscard]] bool holds() const { return mapped_ > 0 && mapped_ < rlim_t{1} << 40; }

 private:
  rlim_t mapped_ = 0;
  rlimit before_{};
};

TEST(ImageFile, OutOfMemoryIsARefusalOfTheFileButNotOfItsBytes) {
  const ScratchDirectory scratch;
  std::string jpeg = jpeg_bytes(8, 8, 3, Bytes(192, 5));
  jpeg.replace(jpeg.find("\xFF\xC0") + 5, 4, "\x1F\x40\x1F\x40");  // 8000x8000
  write_file(scratch / "decoding.jpg", jpeg);
  write_file(scratch / "reading.png", "");
  std::filesystem::resize_file(scratch / "reading.png", 500'000'000);
  const MemoryLimit limit(100'000'000);
  if (!limit.holds()) return;
  for (const char* name : {"decoding.jpg", "reading.png"}) {
    const std::string path = scratch / name;
    EXPECT_EQ(error_of([&] { (void)read_image(path); }), path + ": not enough memory to decode it");
    EXPECT_FALSE(is_bad(path)) << name;
  }
}

TEST(ImageFile, TellsBadBytesFromAFileThatWasNotRead) {
  const ScratchDirectory scratch;
  write_file(scratch / "a.png", "hello");
  EXPECT_TRUE(is_bad(scratch / "a.png"));
  std::filesystem::create_symlink("nowhere", scratch / "dangling.png");
  EXPECT_FALSE(is_bad(scratch / "dangling.png"));
  const BadImage bad("a.png", "it is bad");
  EXPECT_EQ(bad.reason(), "it is bad");
  EXPECT_STREQ(bad.what(), "a.png: it is bad");
}

TEST(ImageFile, ResizesByArea) {
  const Image image{.width = 3, .height = 3, .pixels = [] {
                      Bytes pixels;
                      for (const int v : {0, 90, 180, 30, 60, 90, 0, 0, 255}) {
                        pixels.insert(pixels.end(), 3, static_cast<std::uint8_t>(v));
                      }
                      return pixels;
                    }()};
  EXPECT_EQ(crop_and_resize(image, 0, 0, 3, 1), (Bytes(3, 78)));  // 705 / 9
  // The first of 2x2 covers 1.5 x 1.5: (0 + 90/2 + 30/2 + 60/4) / 2.25.
  EXPECT_EQ(crop_and_resize(image, 0, 0, 3, 2)[0], 33);
  EXPECT_EQ(crop_and_resize(image, 1, 0, 2, 2),
            (Bytes{90, 180, 60, 90, 90, 180, 60, 90, 90, 180, 60, 90}));
  EXPECT_EQ(crop_and_resize(image, 2, 2, 1, 2), (Bytes(12, 255)));
}

}  // namespace
}  // namespace gradvar::image_file_test

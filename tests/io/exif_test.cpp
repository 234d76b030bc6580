#include "io/exif.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/io/image_bytes.h"

namespace gradvar::exif_test {
namespace {

using testing::jpeg_bytes;
using Bytes = std::vector<std::uint8_t>;

// A colour for each of 3x2 squares of 8x8 pixels, which JPEG keeps as they are.
constexpr std::string_view kSquares = "ABCDEF";
constexpr int kSquare = 8;

std::string squares_jpeg() {
  Bytes pixels;
  for (int y = 0; y < 2 * kSquare; ++y) {
    for (int x = 0; x < 3 * kSquare; ++x) {
      pixels.push_back(static_cast<std::uint8_t>(40 * (y / kSquare * 3 + x / kSquare)));
    }
  }
  return jpeg_bytes(3 * kSquare, 2 * kSquare, 1, pixels);
}

// Rows of the letters of an image's squares; every pixel of a square must agree.
std::string squares_of(const Image& image) {
  std::string text;
  for (std::int64_t y = 0; y < image.height; y += kSquare) {
    if (y > 0) text += '/';
    for (std::int64_t x = 0; x < image.width; x += kSquare) {
      const auto value = [&](std::int64_t v, std::int64_t u) {
        return image.pixels[static_cast<std::size_t>(3 * (v * image.width + u))];
      };
      const auto letter = static_cast<std::size_t>((value(y, x) + 20) / 40);
      for (std::int64_t i = 0; i < kSquare * kSquare; ++i) {
        EXPECT_NEAR(value(y + i / kSquare, x + i % kSquare), 40 * static_cast<int>(letter), 3);
      }
      text += kSquares[letter];
    }
  }
  return text;
}

// The bytes of a number, the low one first if `little`.
std::string ordered(std::uint32_t value, int count, bool little) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const int shift = 8 * (little ? i : count - 1 - i);
    text += static_cast<char>(value >> shift & 0xFF);
  }
  return text;
}

struct ExifParts {
  std::uint32_t orientation = 6, type = 3, count = 1, directory = 8, entries = 2;
};

// A directory of another tag and the orientation.
std::string exif(const ExifParts& parts, bool little) {
  const auto number = [&](std::uint32_t value, int count) { return ordered(value, count, little); };
  return std::string("Exif\0\0", 6) + (little ? "II" : "MM") + number(42, 2) +
         number(parts.directory, 4) + number(parts.entries, 2) +  // then entries
         number(0x0100, 2) + number(4, 2) + number(1, 4) + number(24, 4) + number(0x0112, 2) +
         number(parts.type, 2) + number(parts.count, 4) + number(parts.orientation, 2) +
         number(0, 2) + number(0, 4);
}

std::string with_exif(const std::string& jpeg, const std::string& segment) {
  return jpeg.substr(0, 2) + "\xFF\xE1" +
         ordered(static_cast<std::uint32_t>(segment.size() + 2), 2, false) + segment +
         jpeg.substr(2);
}

TEST(Exif, TurnsAJpegAsItsCameraWasHeld) {
  const std::string jpeg = squares_jpeg();
  EXPECT_EQ(squares_of(decode_image("a", jpeg)), "ABC/DEF");
  const char* seen[] = {"ABC/DEF",  "CBA/FED",  "FED/CBA",  "DEF/ABC",
                        "AD/BE/CF", "DA/EB/FC", "FC/EB/DA", "CF/BE/AD"};
  for (std::uint32_t orientation = 1; orientation <= 8; ++orientation) {
    for (const bool little : {false, true}) {
      const std::string segment = exif({.orientation = orientation}, little);
      EXPECT_EQ(squares_of(decode_image("a", with_exif(jpeg, segment))), seen[orientation - 1])
          << orientation << (little ? " little" : " big");
    }
  }
}

TEST(Exif, IgnoresAnExifThatMakesNoSense) {
  const std::string jpeg = squares_jpeg();
  const auto is_ignored = [&](const std::string& segment) {
    return squares_of(decode_image("a", with_exif(jpeg, segment))) == "ABC/DEF";
  };
  for (const bool little : {false, true}) {
    const std::string whole = exif({}, little);
    ASSERT_FALSE(is_ignored(whole));
    const std::size_t value = whole.size() - 8;  // where the orientation stands
    for (std::size_t length = 0; length < value + 2; ++length) {
      EXPECT_TRUE(is_ignored(whole.substr(0, length))) << length;
    }
    EXPECT_FALSE(is_ignored(whole.substr(0, value + 2)));
    for (const ExifParts& parts :
         {ExifParts{.orientation = 0}, ExifParts{.orientation = 9}, ExifParts{.type = 4},
          ExifParts{.count = 2}, ExifParts{.directory = 0xFFFFFFFF}, ExifParts{.entries = 1},
          ExifParts{.directory = 9, .entries = 0xFFFF}}) {
      EXPECT_TRUE(is_ignored(exif(parts, little)));
    }
    std::string other = whole;
    other[8] = 'X';
    EXPECT_TRUE(is_ignored(other)) << "neither order";
  }
}

}  // namespace
}  // namespace gradvar::exif_test

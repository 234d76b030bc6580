#include "io/exif.h"

#include <cstddef>
#include <cstdint>

namespace gradvar {

// Exif 2.3, 4.5 and 4.6: a TIFF whose numbers are in either order, the offset of a directory at
// byte 4, there a count and entries of 12 bytes: tag, type (3: 16 bits), count, value.
int exif_orientation(std::string_view segment) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  constexpr std::uint32_t kTag = 0x0112, kShort = 3;
  if (!segment.starts_with(kExif)) return 1;
  const std::string_view tiff = segment.substr(kExif.size());
  const bool little = tiff.starts_with(std::string_view("II*\0", 4));
  if (!little && !tiff.starts_with(std::string_view("MM\0*", 4))) return 1;
  const auto number = [&](std::size_t at, std::size_t count) -> std::uint32_t {
    if (at + count > tiff.size()) return 0;  // no tag, count or orientation
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = value << 8 | static_cast<std::uint8_t>(tiff[little ? at + count - 1 - i : at + i]);
    }
    return value;
  };
  const std::size_t directory = number(4, 4);
  const std::uint32_t entries = number(directory, 2);
  for (std::size_t entry = 0; entry < entries; ++entry) {
    const std::size_t at = directory + 2 + 12 * entry;
    if (number(at, 2) != kTag) continue;
    const std::uint32_t value = number(at + 8, 2);
    const bool sound = number(at + 2, 2) == kShort && number(at + 4, 4) == 1;
    return sound && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image turned_upright(const Image& image, int orientation) {
  const bool lies = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
  const bool from_below =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image out{.width = lies ? image.height : image.width,
            .height = lies ? image.width : image.height,
            .pixels = {}};
  out.pixels.reserve(image.pixels.size());
  for (std::int64_t y = 0; y < out.height; ++y) {
    for (std::int64_t x = 0; x < out.width; ++x) {
      const std::int64_t u = lies ? y : x, v = lies ? x : y;
      const std::int64_t column = from_right ? image.width - 1 - u : u;
      const std::int64_t row = from_below ? image.height - 1 - v : v;
      const auto pixel = image.pixels.begin() + 3 * (row * image.width + column);
      out.pixels.insert(out.pixels.end(), pixel, pixel + 3);
    }
  }
  return out;
}

}  // namespace gradvar

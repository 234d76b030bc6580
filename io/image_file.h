// image_file: a PNG or JPEG file as pixels of three colours.
//
// The header is read before memory is taken: an image of more than 16,384 pixels on a side or 2^26
// in all is refused by its header alone. 16 bits become 8, grey becomes three equal colours, and
// alpha is laid over white. A JPEG of four colours (CMYK) is refused: it has no colours of a screen
// without a profile. stb_image decodes; it forgives what is cut off or damaged, so a PNG's chunks
// and their checksums, and a JPEG's end, are checked here first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradvar {

struct Image {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::uint8_t> pixels;  // [height, width, 3]
};

// The image in these bytes; `path` begins the errors. Throws std::invalid_argument for anything but
// a whole PNG or JPEG within the limits.
[[nodiscard]] Image decode_image(const std::string& path, std::string_view bytes);
// The same from a file, and everything that read_file() refuses.
[[nodiscard]] Image read_image(const std::string& path);

// The square of `side` pixels whose left upper corner is (left, top), averaged over areas down (or
// up) to size x size: every pixel weighs as much as of it lies in the square of the new one.
// Returns [3, size, size], values in 0..255. REQUIRES: the square lies within the image.
[[nodiscard]] std::vector<std::uint8_t> crop_and_resize(const Image& image, std::int64_t left,
                                                        std::int64_t top, std::int64_t side,
                                                        std::int64_t size);

}  // namespace gradvar

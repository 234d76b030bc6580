// image_file: a PNG or JPEG file as pixels of three colours.
//
// The header is read before memory is taken: an image of more than 16,384 pixels on a side or 2^26
// in all is refused by its header alone. 16 bits become 8, grey becomes three equal colours, and
// alpha is laid over white. A JPEG is turned as its Exif orientation says, as phones hold cameras
// all ways. A JPEG of four colours (CMYK) is refused: it has no colours of a screen without a
// profile. stb_image decodes; it forgives what is cut off or damaged, so what can be checked is
// checked here first: a PNG's chunks and their checksums; a JPEG's segments, its end, and that its
// scans have data for every block. A JPEG has no checksums: other damage to its data, mostly a few
// wrong bits, decodes to a wrong image without a word.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gradvar {

struct Image {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::uint8_t> pixels;  // [height, width, 3]
};

// "<path>: <reason>". The bytes of the file were seen and are no image that is taken: until they
// change that is final. What else goes wrong with a file (it is closed to us, memory ran out) is
// another exception, and may go well another time.
class BadImage : public std::invalid_argument {
 public:
  BadImage(const std::string& path, const std::string& reason);
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

// The image in these bytes; `path` begins the errors. Throws BadImage for anything but a whole PNG
// or JPEG within the limits, std::bad_alloc when there is no memory for it.
[[nodiscard]] Image decode_image(const std::string& path, std::string_view bytes);
// The same from a file of at most 1 GB. Throws BadImage, everything that read_file() refuses, and
// std::invalid_argument when there is no memory for it.
[[nodiscard]] Image read_image(const std::string& path);

// The square of `side` pixels whose left upper corner is (left, top), averaged over areas down (or
// up) to size x size: every pixel weighs as much as of it lies in the square of the new one.
// Returns [3, size, size], values in 0..255. REQUIRES: the square lies within the image.
[[nodiscard]] std::vector<std::uint8_t> crop_and_resize(const Image& image, std::int64_t left,
                                                        std::int64_t top, std::int64_t side,
                                                        std::int64_t size);

}  // namespace gradvar

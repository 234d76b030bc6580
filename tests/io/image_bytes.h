// image_bytes: small images in the bytes of their files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gradvar::testing {

// pixels [height, width, channels], as stb_image_write writes them.
std::string png_bytes(int width, int height, int channels, const std::vector<std::uint8_t>& pixels);
std::string jpeg_bytes(int width, int height, int channels,
                       const std::vector<std::uint8_t>& pixels);
// Noise in grey, by libjpeg: 16x16 in several scans, that become finer, and 24x16 with a restart
// marker behind every second block.
std::string progressive_jpeg();
std::string restarting_jpeg();

struct PngHeader {
  std::uint32_t width = 1, height = 1;
  char bits = 8;
  char kind = 0;  // 0 grey, 2 colour, 3 by a palette, 4 grey and alpha, 6 colour and alpha
  bool interlaced = false;
};
// A PNG with this data, not compressed: rows of a filter's byte and pixels. None: no data chunk.
std::string png_of(const PngHeader& header, const std::string& data);
// One grey pixel of 16 bits.
std::string png_of_16_bits(std::uint16_t value);
// A PNG that has a valid header and no data.
std::string png_header(std::uint32_t width, std::uint32_t height);

}  // namespace gradvar::testing

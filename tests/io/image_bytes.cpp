#include "tests/io/image_bytes.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#include <stb/stb_image_write.h>

namespace gradvar::testing {

namespace {

void append(void* text, void* data, int size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(data),
                                          static_cast<std::size_t>(size));
}

std::string big_endian(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xFF);
  return text;
}

// Bit by bit, unlike the table of the reader.
std::string chunk(const std::string& name, const std::string& data) {
  std::uint32_t crc = ~0U;
  for (const char byte : name + data) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? 0xEDB88320U ^ (crc >> 1) : crc >> 1;
  }
  return big_endian(static_cast<std::uint32_t>(data.size())) + name + data + big_endian(~crc);
}

std::string png(std::uint32_t width, std::uint32_t height, char bits, const std::string& data) {
  const std::string kind = std::string(1, bits) + std::string(4, '\0');
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", big_endian(width) + big_endian(height) + kind) +
         (data.empty() ? "" : chunk("IDAT", data)) + chunk("IEND", "");
}

}  // namespace

std::string png_bytes(int width, int height, int channels,
                      const std::vector<std::uint8_t>& pixels) {
  std::string bytes;
  stbi_write_png_to_func(append, &bytes, width, height, channels, pixels.data(), 0);
  return bytes;
}

std::string jpeg_bytes(int width, int height, int channels,
                       const std::vector<std::uint8_t>& pixels) {
  std::string bytes;
  stbi_write_jpg_to_func(append, &bytes, width, height, channels, pixels.data(), 100);
  return bytes;
}

std::string png_of_16_bits(std::uint16_t value) {
  // A stored block of zlib: filter byte 0, two bytes of the pixel, Adler-32.
  const std::uint32_t high = value >> 8, low = value & 0xFF;
  const std::uint32_t a = 1 + high + low, b = 1 + (1 + high) + a;
  std::string data("\x78\x01\x01\x03\x00\xFC\xFF\x00", 8);
  data += {static_cast<char>(high), static_cast<char>(low)};
  return png(1, 1, 16, data + big_endian(b << 16 | a));
}

std::string png_header(std::uint32_t width, std::uint32_t height) {
  return png(width, height, 8, "");
}

}  // namespace gradvar::testing

#include "tests/io/image_bytes.h"

#include <string_view>

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

// In stored blocks, with Adler-32 at the end.
std::string zlib_stored(const std::string& data) {
  constexpr std::size_t kBlock = 65535;
  std::string text("\x78\x01", 2);
  for (std::size_t at = 0; at < data.size(); at += kBlock) {
    const std::string block = data.substr(at, kBlock);
    const bool last = at + kBlock >= data.size();
    text += static_cast<char>(last);
    for (const std::size_t length : {block.size(), ~block.size()}) {
      text += {static_cast<char>(length & 0xFF), static_cast<char>(length >> 8 & 0xFF)};
    }
    text += block;
  }
  std::uint32_t a = 1, b = 0;
  for (const char byte : data) {
    a = (a + static_cast<std::uint8_t>(byte)) % 65521;
    b = (b + a) % 65521;
  }
  return text + big_endian(b << 16 | a);
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
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

std::string progressive_jpeg() {
  return from_hex(
      "FFD8FFDB004300140E0F120F0D14121012171514181E32211E1C1C1E3D2C2E243249404C4B47404645505A73"
      "6250556D5645466488656D777B8182814E608D978C7D96737E817CFFC2000B080010001001011100FFC40015"
      "00010100000000000000000000000000000403FFDA00080101000000011AA49FFFC400161001010100000000"
      "000000000000000000010002FFDA000801010001050220B245FFC40014100100000000000000000000000000"
      "000020FFDA0008010100063F021FFFC4001B10000202030100000000000000000000000021011131415161FF"
      "DA0008010100013F218A58F4895B20AD3E11AAE9FFDA00080101000000100FFFC4001E100002020202030000"
      "0000000000000000011100213191415181B1F0FFDA0008010100013F1011744A068B0DC2B84B9A05609FBDC2"
      "4AC81041377E7728C021060B6477A5B9FFD9");
}

std::string restarting_jpeg() {
  return from_hex(
      "FFD8FFDB004300140E0F120F0D14121012171514181E32211E1C1C1E3D2C2E243249404C4B47404645505A73"
      "6250556D5645466488656D777B8182814E608D978C7D96737E817CFFC0000B080010001801011100FFC40016"
      "0001010100000000000000000000000000050403FFC400231000020103030403000000000000000000010211"
      "001221033141042271B15161A1FFDD00040002FFDA0008010100003F00274151A20DA78C8041E055DA08A305"
      "42C6F2A3CC7AAFFFD0AF495616E105CE45DB73EA88E9C5BD93206DB831E457FFD1D34959502880C6039C60F9"
      "F9A434905AB6AF6893CE71BFE1F5F55FFFD9");
}

std::string png_of(const PngHeader& header, const std::string& data) {
  const std::string kind = {header.bits, header.kind, 0, 0, static_cast<char>(header.interlaced)};
  return "\x89PNG\r\n\x1a\n" +
         chunk("IHDR", big_endian(header.width) + big_endian(header.height) + kind) +
         (data.empty() ? "" : chunk("IDAT", zlib_stored(data))) + chunk("IEND", "");
}

std::string png_of_16_bits(std::uint16_t value) {
  const std::string filter(1, '\0');
  return png_of({.bits = 16},
                filter + static_cast<char>(value >> 8) + static_cast<char>(value & 0xFF));
}

std::string png_header(std::uint32_t width, std::uint32_t height) {
  return png_of({.width = width, .height = height}, "");
}

}  // namespace gradvar::testing

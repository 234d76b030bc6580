#include "io/image_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>

#include "io/atomic_file.h"
#include "io/exif.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#include <stb/stb_image.h>

namespace gradvar {

namespace {

constexpr std::int64_t kMostImageSide = 16384;
constexpr std::int64_t kMostImagePixels = std::int64_t{1} << 26;
constexpr std::size_t kMostImageBytes = std::size_t{1} << 30;
constexpr int kHuffmanTables = 0xC4;
constexpr std::string_view kPngStart("\x89PNG\r\n\x1a\n", 8);

std::uint32_t number_at(std::string_view bytes, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) {
    value = value << 8 | static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)]);
  }
  return value;
}

[[noreturn]] void refuse_image(const std::string& path, const std::string& reason) {
  throw BadImage(path, reason);
}

void check_size(const std::string& path, std::int64_t width, std::int64_t height) {
  if (width >= 1 && height >= 1 && width <= kMostImageSide && height <= kMostImageSide &&
      width * height <= kMostImagePixels) {
    return;
  }
  refuse_image(path, "the image is " + std::to_string(width) + "x" + std::to_string(height) +
                         ", expected 1 to 16384 pixels on a side and at most 67108864 in all");
}

// The checksum of a PNG's chunks (CRC-32, ISO 3309).
std::uint32_t crc32(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t n = 0; n < 256; ++n) {
      std::uint32_t c = n;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? 0xEDB88320U ^ (c >> 1) : c >> 1;
      made[n] = c;
    }
    return made;
  }();
  std::uint32_t c = 0xFFFFFFFFU;
  for (const char byte : bytes) c = table[(c ^ static_cast<std::uint8_t>(byte)) & 0xFF] ^ (c >> 8);
  return ~c;
}

// The bytes of a PNG's pixels before they are compressed, by its header: rows of a filter's byte
// and whole bytes of pixels, once or in the seven passes of Adam7 (PNG specification, 8.2), whose
// empty ones have no rows. Any number for a header that the decoder refuses.
std::int64_t promised_bytes(std::string_view header) {
  constexpr int kChannels[] = {1, 0, 3, 1, 2, 0, 4};
  constexpr struct {
    int x, y, right, down;
  } kPasses[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                 {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  const std::int64_t width = number_at(header, 0, 4), height = number_at(header, 4, 4);
  const std::uint32_t depth = number_at(header, 8, 1), kind = number_at(header, 9, 1);
  if (depth > 16 || kind >= std::size(kChannels)) return 0;
  const std::int64_t bits = kChannels[kind] * static_cast<std::int64_t>(depth);
  const auto bytes = [&](std::int64_t columns, std::int64_t rows) {
    return columns == 0 ? 0 : rows * (1 + (columns * bits + 7) / 8);
  };
  if (number_at(header, 12, 1) == 0) return bytes(width, height);
  std::int64_t sum = 0;
  for (const auto& pass : kPasses) {
    sum += bytes((width - pass.x + pass.right - 1) / pass.right,
                 (height - pass.y + pass.down - 1) / pass.down);
  }
  return sum;
}

// stb_image gives the inflated data as much memory as it asks for, 3 GB to one pixel. So what could
// grow far beyond its header's promise is first inflated into that much memory and no more. Only
// that: inflating twice takes time, and the little that other files can claim does no harm.
void check_png_data(const std::string& path, std::string_view header,
                    const std::vector<std::string_view>& chunks) {
  constexpr std::int64_t kLargestRatio = 1032;  // of deflate: 258 bytes from two bits
  constexpr std::int64_t kHarmless = std::int64_t{1} << 28;
  std::int64_t compressed = 0;
  for (const std::string_view chunk : chunks) compressed += static_cast<std::int64_t>(chunk.size());
  const std::int64_t promised = promised_bytes(header);
  if (compressed * kLargestRatio <= promised + kHarmless) return;
  std::string data;
  data.reserve(static_cast<std::size_t>(compressed));
  for (const std::string_view chunk : chunks) data += chunk;
  const auto pixels = std::make_unique_for_overwrite<char[]>(static_cast<std::size_t>(promised));
  if (stbi_zlib_decode_buffer(pixels.get(), static_cast<int>(promised), data.data(),
                              static_cast<int>(data.size())) != promised) {
    refuse_image(path, "the PNG is damaged: its data are not the " + std::to_string(promised) +
                           " bytes that its header promises");
  }
}

// Chunk after chunk: length, name, data, checksum.
void check_png(const std::string& path, std::string_view bytes) {
  std::size_t at = kPngStart.size();
  std::vector<std::string_view> data;
  for (bool first = true;; first = false) {
    if (bytes.size() - at < 12) refuse_image(path, "the PNG ends before its last chunk: cut off");
    const std::size_t length = number_at(bytes, at, 4);
    const std::string_view name = bytes.substr(at + 4, 4);
    if (first && (name != "IHDR" || length != 13)) {
      refuse_image(path, "the PNG does not begin with its header, IHDR");
    }
    if (bytes.size() - at - 12 < length) refuse_image(path, "the PNG ends within a chunk: cut off");
    if (crc32(bytes.substr(at + 4, length + 4)) != number_at(bytes, at + 8 + length, 4)) {
      refuse_image(path, "the PNG is damaged: a chunk does not match its checksum");
    }
    if (first) check_size(path, number_at(bytes, at + 8, 4), number_at(bytes, at + 12, 4));
    if (name == "IDAT") data.push_back(bytes.substr(at + 8, length));
    if (name == "IEND") break;
    at += length + 12;
  }
  check_png_data(path, bytes.substr(kPngStart.size() + 8, 13), data);
}

// A segment of Huffman tables: for each a byte, how many codes have 1 to 16 bits, their values. The
// decoder believes the counts and writes beyond its table for more than 256.
bool are_sound_tables(std::string_view tables) {
  constexpr std::size_t kHead = 17, kMostValues = 256;
  while (!tables.empty()) {
    if (tables.size() < kHead) return false;
    std::size_t values = 0;
    for (std::size_t i = 1; i < kHead; ++i) values += number_at(tables, i, 1);
    if (values > kMostValues || values > tables.size() - kHead) return false;
    tables.remove_prefix(kHead + values);
  }
  return true;
}

// The steps of stb_image's own decoder, one block or unit of a scan after another.
bool read_jpeg_block(stbi__jpeg& jpeg, int component, int column, int row) {
  const auto& part = jpeg.img_comp[component];
  stbi__huffman *const dc = jpeg.huff_dc + part.hd, *const ac = jpeg.huff_ac + part.ha;
  if (!jpeg.progressive) {
    short block[64];
    return stbi__jpeg_decode_block(&jpeg, block, dc, ac, jpeg.fast_ac[part.ha], component,
                                   jpeg.dequant[part.tq]) != 0;
  }
  short* block = part.coeff + 64 * (column + row * part.coeff_w);
  if (jpeg.spec_start == 0) {
    return stbi__jpeg_decode_block_prog_dc(&jpeg, block, dc, component) != 0;
  }
  return stbi__jpeg_decode_block_prog_ac(&jpeg, block, ac, jpeg.fast_ac[part.ha]) != 0;
}

bool read_jpeg_unit(stbi__jpeg& jpeg, int across, int unit) {
  const int column = unit % across, row = unit / across;
  if (jpeg.scan_n == 1) return read_jpeg_block(jpeg, jpeg.order[0], column, row);
  for (int k = 0; k < jpeg.scan_n; ++k) {
    const auto& part = jpeg.img_comp[jpeg.order[k]];
    for (int i = 0; i < part.v * part.h; ++i) {
      const int x = column * part.h + i % part.h, y = row * part.v + i / part.h;
      if (!read_jpeg_block(jpeg, jpeg.order[k], x, y)) return false;
    }
  }
  return true;
}

// Where the next marker begins: FF, as often as it stands there, and no 0 behind it.
std::size_t next_marker(std::string_view bytes, std::size_t at) {
  while ((at = bytes.find('\xFF', at)) != std::string_view::npos) {
    const std::size_t kind = bytes.find_first_not_of('\xFF', at);
    if (kind == std::string_view::npos || bytes[kind] != 0) break;
    at = kind;
  }
  return std::min(at, bytes.size());
}

// Reads a scan's data, which begin at `at`, and moves `at` to the marker behind them. Where the
// data end early, at the end or before a restart marker, the decoder reads zeros and says nothing.
// So each part is read from a copy with zeros of ours behind it, of which none may be used up.
bool has_whole_scan(stbi__jpeg& jpeg, std::string_view bytes, std::size_t& at) {
  constexpr int kSpare = 16;  // more than is ever read ahead
  const auto& first = jpeg.img_comp[jpeg.order[0]];
  const bool single = jpeg.scan_n == 1;
  const int across = single ? (first.x + 7) / 8 : jpeg.img_mcu_x;
  const int units = across * (single ? (first.y + 7) / 8 : jpeg.img_mcu_y);
  const int interval = jpeg.restart_interval > 0 ? jpeg.restart_interval : units;
  stbi__context* const file = jpeg.s;
  for (int unit = 0; unit < units;) {
    if (unit > 0) {  // at FF .. FF, D0 to D7
      at = bytes.find_first_not_of('\xFF', at);
      if (at == std::string_view::npos || (number_at(bytes, at, 1) & 0xF8) != 0xD0) return false;
      ++at;
    }
    const std::size_t end = next_marker(bytes, at);
    const std::string part = std::string(bytes.substr(at, end - at)) + std::string(kSpare, '\0');
    stbi__context context{};
    stbi__start_mem(&context, reinterpret_cast<const stbi_uc*>(part.data()),
                    static_cast<int>(part.size()));
    jpeg.s = &context;
    stbi__jpeg_reset(&jpeg);
    bool sound = true;
    for (const int last = std::min(units, unit + interval); sound && unit < last; ++unit) {
      sound = read_jpeg_unit(jpeg, across, unit);
    }
    jpeg.s = file;
    const std::int64_t left = context.img_buffer_end - context.img_buffer;
    if (!sound || 8 * left + jpeg.code_bits < 8 * kSpare) return false;
    at = end;
  }
  return true;
}

// False for a JPEG with a scan that lacks data. What else the decoder refuses it finds itself.
bool has_whole_scans(std::string_view bytes) {
  const auto free_parts = [](stbi__jpeg* jpeg) {
    stbi__cleanup_jpeg(jpeg);
    delete jpeg;
  };
  const auto* const begin = reinterpret_cast<const stbi_uc*>(bytes.data());
  stbi__context file{};
  stbi__start_mem(&file, begin, static_cast<int>(bytes.size()));
  const std::unique_ptr<stbi__jpeg, decltype(free_parts)> jpeg(new stbi__jpeg(), free_parts);
  jpeg->s = &file;
  if (!stbi__decode_jpeg_header(jpeg.get(), STBI__SCAN_load)) return true;
  while (true) {
    const int marker = stbi__get_marker(jpeg.get());
    if (stbi__EOI(marker)) return true;
    auto at = static_cast<std::size_t>(file.img_buffer - begin);
    if (!stbi__SOS(marker)) {
      if (marker == kHuffmanTables) {
        const std::size_t length = bytes.size() - at < 2 ? 0 : number_at(bytes, at, 2);
        if (length < 2 || !are_sound_tables(bytes.substr(at, length).substr(2))) return false;
      }
      if (!stbi__process_marker(jpeg.get(), marker)) return true;
      continue;
    }
    if (!stbi__process_scan_header(jpeg.get())) return true;
    at = static_cast<std::size_t>(file.img_buffer - begin);
    if (!has_whole_scan(*jpeg, bytes, at)) return false;
    file.img_buffer = const_cast<stbi_uc*>(begin) + at;
  }
}

// Segment after segment up to the scan: FF, kind, length, data. The frame holds size and colours.
// Returns the orientation that an Exif segment asks for.
int check_jpeg(const std::string& path, std::string_view bytes) {
  const auto cut_off = [&] { refuse_image(path, "the JPEG ends before its last marker: cut off"); };
  bool framed = false;
  int orientation = 1;
  std::size_t at = 2;
  while (true) {
    if (bytes.size() - at < 4) cut_off();
    if (bytes[at] != '\xFF') refuse_image(path, "the JPEG is damaged: a marker is missing");
    const std::uint32_t kind = number_at(bytes, at + 1, 1);
    if (kind == 0xFF) {  // padding
      ++at;
      continue;
    }
    const std::size_t length = number_at(bytes, at + 2, 2);
    if (length < 2) refuse_image(path, "the JPEG is damaged: a segment has no length");
    if (bytes.size() - at - 2 < length) cut_off();
    const bool frame =
        kind >= 0xC0 && kind <= 0xCF && kind != kHuffmanTables && kind != 0xC8 && kind != 0xCC;
    if (frame && length >= 8) {
      check_size(path, number_at(bytes, at + 7, 2), number_at(bytes, at + 5, 2));
      const std::uint32_t colours = number_at(bytes, at + 9, 1);
      if (colours != 1 && colours != 3) {
        refuse_image(path, "the JPEG has " + std::to_string(colours) +
                               " colours (CMYK), expected grey or three: convert it to RGB first");
      }
      framed = true;
    }
    if (kind == kHuffmanTables && !are_sound_tables(bytes.substr(at + 4, length - 2))) {
      refuse_image(path, "the JPEG is damaged: a Huffman table makes no sense");
    }
    if (kind == 0xE1 && orientation == 1) {
      orientation = exif_orientation(bytes.substr(at + 4, length - 2));
    }
    at += 2 + length;
    if (kind == 0xDA) break;
  }
  if (!framed) refuse_image(path, "the JPEG has no frame before its scan");
  if (bytes.find("\xFF\xD9", at) == std::string_view::npos) cut_off();
  if (!has_whole_scans(bytes)) {
    refuse_image(path, "the JPEG is damaged: the data of a scan end early or make no sense");
  }
  return orientation;
}

void check_file_size(const std::string& path, std::uintmax_t bytes) {
  if (bytes > kMostImageBytes) refuse_image(path, "the file is over 1 GB, expected an image");
}

// How much of pixel i lies in [begin, end).
double covered(std::int64_t i, double begin, double end) {
  const auto left = static_cast<double>(i);
  return std::min(end, left + 1) - std::max(begin, left);
}

}  // namespace

BadImage::BadImage(const std::string& path, const std::string& reason)
    : std::invalid_argument(path + ": " + reason), reason_(reason) {}

Image decode_image(const std::string& path, std::string_view bytes) {
  if (bytes.empty()) refuse_image(path, "the file is empty, expected a PNG or JPEG");
  check_file_size(path, bytes.size());
  int orientation = 1;
  if (bytes.starts_with(kPngStart)) {
    check_png(path, bytes);
  } else if (bytes.starts_with("\xFF\xD8")) {
    orientation = check_jpeg(path, bytes);
  } else {
    refuse_image(path, "the file is neither PNG nor JPEG, whatever its name says");
  }
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> decoded(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()),
                            static_cast<int>(bytes.size()), &width, &height, &channels, 4),
      stbi_image_free);
  if (!decoded) {
    const std::string reason = stbi_failure_reason();
    if (reason == "outofmem") throw std::bad_alloc();  // the only way in which stb says so
    refuse_image(path, "the image cannot be decoded: " + reason);
  }
  Image image{.width = width, .height = height, .pixels = {}};
  const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  image.pixels.resize(3 * count);
  for (std::size_t i = 0; i < count; ++i) {
    const int alpha = decoded.get()[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      const int over_white = decoded.get()[4 * i + c] * alpha + 255 * (255 - alpha);
      image.pixels[3 * i + c] = static_cast<std::uint8_t>((over_white + 127) / 255);
    }
  }
  if (orientation != 1) return turned_upright(image, orientation);
  return image;
}

Image read_image(const std::string& path) {
  // Before it is read: a file that is far too large would first fill the memory.
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error) check_file_size(path, size);
  try {
    return decode_image(path, read_file(path));
  } catch (const std::bad_alloc&) {
    refuse_file(path, "not enough memory to decode it");
  }
}

std::vector<std::uint8_t> crop_and_resize(const Image& image, std::int64_t left, std::int64_t top,
                                          std::int64_t side, std::int64_t size) {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(3 * size * size));
  const double step = static_cast<double>(side) / static_cast<double>(size);
  const auto last = [&](double end) {
    return std::min(side, static_cast<std::int64_t>(std::ceil(end)));
  };
  for (std::int64_t y = 0; y < size; ++y) {
    const double y0 = static_cast<double>(y) * step, y1 = y0 + step;
    for (std::int64_t x = 0; x < size; ++x) {
      const double x0 = static_cast<double>(x) * step, x1 = x0 + step;
      double sums[3] = {0, 0, 0}, weight = 0;
      for (auto v = static_cast<std::int64_t>(y0); v < last(y1); ++v) {
        for (auto u = static_cast<std::int64_t>(x0); u < last(x1); ++u) {
          const double part = covered(v, y0, y1) * covered(u, x0, x1);
          const std::int64_t pixel = 3 * ((top + v) * image.width + left + u);
          for (int c = 0; c < 3; ++c) {
            sums[c] += part * image.pixels[static_cast<std::size_t>(pixel + c)];
          }
          weight += part;
        }
      }
      for (int c = 0; c < 3; ++c) {
        out[static_cast<std::size_t>((c * size + y) * size + x)] =
            static_cast<std::uint8_t>(std::lround(sums[c] / weight));
      }
    }
  }
  return out;
}

}  // namespace gradvar

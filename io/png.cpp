#include "io/png.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

#include "autograd/check.h"
#include "io/atomic_file.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

namespace gradvar {

namespace {

constexpr std::int64_t kMostPixels = std::int64_t{1} << 28;
constexpr std::int64_t kSeen = 64;  // pixels along a side that one can look at
constexpr unsigned char kLine = 255;

unsigned char byte_of(double value) {
  return static_cast<unsigned char>(std::lround(127.5 * (std::clamp(value, -1.0, 1.0) + 1)));
}

}  // namespace

std::int64_t square_side(std::int64_t pixels) {
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(pixels))));
  return pixels > 0 && side * side == pixels ? side : 0;
}

void write_png(const std::string& path, std::int64_t height, std::int64_t width,
               std::int64_t channels, std::span<const unsigned char> pixels) {
  int length = 0;
  const std::unique_ptr<unsigned char, decltype(&std::free)> bytes(
      stbi_write_png_to_mem(pixels.data(), static_cast<int>(width * channels),
                            static_cast<int>(width), static_cast<int>(height),
                            static_cast<int>(channels), &length),
      &std::free);
  if (bytes == nullptr) throw std::bad_alloc();
  write_file(path, std::string_view(reinterpret_cast<const char*>(bytes.get()),
                                    static_cast<std::size_t>(length)));
}

void write_png(const std::string& path, const Tensor<double>& images, const ImageGrid& grid) {
  const std::int64_t plane = images.row_size() / std::max<std::int64_t>(grid.channels, 1);
  const std::int64_t size = square_side(plane), count = images.rows();
  check((grid.channels == 1 || grid.channels == 3) && size > 0 &&
            plane * grid.channels == images.row_size() && count > 0 && grid.columns > 0,
        "png", [&] {
          return std::to_string(count) + " rows of " + std::to_string(images.row_size()) +
                 " numbers, expected square images of " + std::to_string(grid.channels) + " planes";
        });
  const std::int64_t zoom = grid.zoom > 0 ? grid.zoom : std::max<std::int64_t>(kSeen / size, 1);
  const std::int64_t columns = std::min(grid.columns, count), rows = (count - 1) / columns + 1;
  const std::int64_t step = size * zoom + 1;  // and the line behind it
  const std::int64_t width = columns * step - 1, height = rows * step - 1;
  check(width <= kMostPixels / height, "png", [&] {
    return "a grid of " + std::to_string(width) + " x " + std::to_string(height) +
           " pixels, expected " + std::to_string(kMostPixels) + " or fewer in all";
  });
  std::vector<unsigned char> pixels(width * height * grid.channels, kLine);
  for (std::int64_t n = 0; n < count; ++n) {
    const std::span<const double> image = images.row(n);
    const std::int64_t top = n / columns * step, left = n % columns * step;
    for (std::int64_t i = 0; i < size * zoom; ++i) {
      for (std::int64_t j = 0; j < size * zoom; ++j) {
        unsigned char* pixel = pixels.data() + ((top + i) * width + left + j) * grid.channels;
        for (std::int64_t c = 0; c < grid.channels; ++c) {
          pixel[c] = byte_of(image[c * plane + i / zoom * size + j / zoom]);
        }
      }
    }
  }
  write_png(path, height, width, grid.channels, pixels);
}

ImageSize square_image(std::int64_t numbers) {
  if (const std::int64_t side = square_side(numbers)) return {1, side};
  const std::int64_t side = numbers % 3 == 0 ? square_side(numbers / 3) : 0;
  return side > 0 ? ImageSize{3, side} : ImageSize{0, 0};
}

}  // namespace gradvar

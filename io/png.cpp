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

struct GridLayout {
  std::int64_t plane;  // numbers of an image's color
  std::int64_t zoom, columns;
  std::int64_t step;  // pixels from an image to the next: its side, and the line behind it
  std::int64_t width, height;
};

GridLayout layout_of(std::int64_t count, std::int64_t numbers, const ImageGrid& grid) {
  const std::int64_t plane = numbers / std::max<std::int64_t>(grid.channels, 1);
  const std::int64_t size = square_side(plane);
  check((grid.channels == 1 || grid.channels == 3) && size > 0 &&
            plane * grid.channels == numbers && count > 0 && grid.columns > 0,
        "png", [&] {
          return std::to_string(count) + " rows of " + std::to_string(numbers) +
                 " numbers, expected square images of " + std::to_string(grid.channels) + " planes";
        });
  const std::int64_t zoom = grid.zoom > 0 ? grid.zoom : std::max<std::int64_t>(kSeen / size, 1);
  const std::int64_t columns = std::min(grid.columns, count), rows = (count - 1) / columns + 1;
  const std::int64_t step = size * zoom + 1;
  const std::int64_t width = columns * step - 1, height = rows * step - 1;
  check(width <= kMostPixels / height, "png", [&] {
    return "a grid of " + std::to_string(width) + " x " + std::to_string(height) +
           " pixels, expected " + std::to_string(kMostPixels) + " or fewer in all";
  });
  return {plane, zoom, columns, step, width, height};
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
  const auto [plane, zoom, columns, step, width, height] =
      layout_of(images.rows(), images.row_size(), grid);
  std::vector<unsigned char> pixels(width * height * grid.channels, kLine);
  const std::int64_t side = step - 1;
  for (std::int64_t n = 0; n < images.rows(); ++n) {
    const std::span<const double> image = images.row(n);
    const std::int64_t top = n / columns * step, left = n % columns * step;
    for (std::int64_t i = 0; i < side; ++i) {
      for (std::int64_t j = 0; j < side; ++j) {
        unsigned char* pixel = pixels.data() + ((top + i) * width + left + j) * grid.channels;
        for (std::int64_t c = 0; c < grid.channels; ++c) {
          pixel[c] = byte_of(image[c * plane + i / zoom * (side / zoom) + j / zoom]);
        }
      }
    }
  }
  write_png(path, height, width, grid.channels, pixels);
}

void check_grid(std::int64_t count, std::int64_t numbers, const ImageGrid& grid) {
  (void)layout_of(count, numbers, grid);
}

ImageSize square_image(std::int64_t numbers) {
  if (const std::int64_t side = square_side(numbers)) return {1, side};
  const std::int64_t side = numbers % 3 == 0 ? square_side(numbers / 3) : 0;
  return side > 0 ? ImageSize{3, side} : ImageSize{0, 0};
}

}  // namespace gradvar

// png: pictures to look at.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "autograd/tensor.h"

namespace gradvar {

// Writes 8-bit pixels [height, width, channels], channels 1 (grey) or 3 (red, green, blue), whole
// or not at all. Throws std::invalid_argument when the path cannot be written.
void write_png(const std::string& path, std::int64_t height, std::int64_t width,
               std::int64_t channels, std::span<const unsigned char> pixels);

// Square images [N, ...] as rows of C size^2 numbers in [-1,1], plane by plane, side by side:
// `columns` in a row, each `zoom` times as large, a light line between. Numbers outside are drawn
// as the nearest of the two ends. Throws std::invalid_argument when a row is no such image, or the
// path cannot be written.
struct ImageGrid {
  std::int64_t channels = 3;  // 1 or 3
  std::int64_t columns = 8;
  std::int64_t zoom = 0;  // 0: so that an image has 64 pixels or more
};
void write_png(const std::string& path, const Tensor<double>& images, const ImageGrid& grid);
// Throws what write_png would of so many images of so many numbers each, before they are made.
void check_grid(std::int64_t count, std::int64_t numbers, const ImageGrid& grid);

// The whole number whose square this is, or 0.
[[nodiscard]] std::int64_t square_side(std::int64_t pixels);

// C x size x size of a row of so many numbers: of one color when that is a square, of three when a
// third of it is, else {0, 0}. A square is never three times a square.
struct ImageSize {
  std::int64_t channels, size;
};
[[nodiscard]] ImageSize square_image(std::int64_t numbers);

}  // namespace gradvar

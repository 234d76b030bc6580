#include "autograd/patches.h"

#include <algorithm>

namespace gradvar {

namespace {

constexpr std::int64_t kTileBytes = 128 * 1024;

// Strips of phase f, the image rows s i + f - k/2 + s m: m is 0 for the first row of positions.
std::int64_t strips_of_phase(const PatchGrid& g, std::int64_t phase, std::int64_t rows) {
  return rows + (g.kernel - 1 - phase) / g.stride;
}

// visit(pixel, element, count) for every run of `count` numbers of a tile's strips that lies inside
// the image, and outside(element, count) for what does not.
template <class Visit, class Outside>
void over_strips(const PatchGrid& g, std::int64_t begin, std::int64_t end, const Visit& visit,
                 const Outside& outside) {
  const std::int64_t pad = g.kernel / 2, width = g.strip_width();
  std::int64_t element = 0;
  for (std::int64_t phase = 0; phase < std::min(g.stride, g.kernel); ++phase) {
    for (std::int64_t m = 0; m < strips_of_phase(g, phase, end - begin); ++m) {
      const std::int64_t row = g.stride * (begin + m) + phase - pad;
      if (row < 0 || row >= g.height) {
        outside(element, g.out_width() * width);
        element += g.out_width() * width;
        continue;
      }
      for (std::int64_t j = 0; j < g.out_width(); ++j, element += width) {
        const std::int64_t left = g.stride * j - pad;
        const std::int64_t first = std::max<std::int64_t>(left, 0);
        const std::int64_t last = std::min(left + g.kernel, g.width);
        const std::int64_t before = (first - left) * g.channels;
        const std::int64_t inside = (last - first) * g.channels;
        if (before > 0) outside(element, before);
        visit((row * g.width + first) * g.channels, element + before, inside);
        if (before + inside < width) outside(element + before + inside, width - before - inside);
      }
    }
  }
}

// out [count,columns,rows] = in [count,rows,columns].
template <class Real>
void transpose_each(const Real* in, std::int64_t count, std::int64_t rows, std::int64_t columns,
                    Real* out) {
  for (std::int64_t n = 0; n < count; ++n, in += rows * columns, out += rows * columns) {
    for (std::int64_t c = 0; c < columns; ++c) {
      for (std::int64_t r = 0; r < rows; ++r) out[c * rows + r] = in[r * columns + c];
    }
  }
}

}  // namespace

std::int64_t PatchGrid::strips(std::int64_t rows) const {
  std::int64_t total = 0;
  for (std::int64_t phase = 0; phase < std::min(stride, kernel); ++phase) {
    total += strips_of_phase(*this, phase, rows);
  }
  return total;
}

std::int64_t PatchGrid::patch_row(std::int64_t u, std::int64_t rows) const {
  std::int64_t strip = u / stride;
  for (std::int64_t phase = 0; phase < u % stride; ++phase) {
    strip += strips_of_phase(*this, phase, rows);
  }
  return strip * out_width() * strip_width();
}

std::int64_t PatchGrid::tile_rows(std::int64_t bytes_per_number) const {
  const std::int64_t strip = std::max<std::int64_t>(out_width() * strip_width(), 1);
  std::int64_t rows = 1;
  while (rows < out_height() && strips(rows + 1) * strip * bytes_per_number <= kTileBytes) ++rows;
  return rows;
}

template <class Real>
void gather_strips(const PatchGrid& grid, const Real* image, std::int64_t begin, std::int64_t end,
                   Real* out) {
  over_strips(
      grid, begin, end,
      [&](std::int64_t pixel, std::int64_t element, std::int64_t count) {
        std::copy_n(image + pixel, count, out + element);
      },
      [&](std::int64_t element, std::int64_t count) {
        std::fill_n(out + element, count, Real(0));
      });
}

template <class Real>
void scatter_strips(const PatchGrid& grid, const Real* strips, std::int64_t begin, std::int64_t end,
                    Real* image) {
  over_strips(
      grid, begin, end,
      [&](std::int64_t pixel, std::int64_t element, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) image[pixel + i] += strips[element + i];
      },
      [](std::int64_t, std::int64_t) {});
}

template <class Real>
void to_patch_order(const PatchGrid& grid, std::int64_t out_channels, const Real* weight,
                    Real* out) {
  transpose_each(weight, out_channels, grid.channels, grid.kernel * grid.kernel, out);
}

template <class Real>
void from_patch_order(const PatchGrid& grid, std::int64_t out_channels, const Real* in,
                      Real* weight) {
  transpose_each(in, out_channels, grid.kernel * grid.kernel, grid.channels, weight);
}

#define GRADVAR_INSTANTIATE(Real)                                                                 \
  template void gather_strips(const PatchGrid&, const Real*, std::int64_t, std::int64_t, Real*);  \
  template void scatter_strips(const PatchGrid&, const Real*, std::int64_t, std::int64_t, Real*); \
  template void to_patch_order(const PatchGrid&, std::int64_t, const Real*, Real*);               \
  template void from_patch_order(const PatchGrid&, std::int64_t, const Real*, Real*);
GRADVAR_INSTANTIATE(float)
GRADVAR_INSTANTIATE(double)
#undef GRADVAR_INSTANTIATE

}  // namespace gradvar

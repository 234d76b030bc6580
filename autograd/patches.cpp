#include "autograd/patches.h"

#include <algorithm>

namespace gradvar {

namespace {

constexpr std::int64_t kTileBytes = 128 * 1024;

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

std::int64_t PatchGrid::tile_rows(std::int64_t bytes_per_number) const {
  const std::int64_t row = std::max<std::int64_t>(tile_width() * channels * bytes_per_number, 1);
  std::int64_t rows = 1;
  while (rows < out_height() && tile_height(rows + 1) * row <= kTileBytes) ++rows;
  const std::int64_t tiles = (out_height() + rows - 1) / rows;
  return (out_height() + tiles - 1) / tiles;
}

template <class Real>
void gather_tile(const PatchGrid& grid, const Real* image, std::int64_t begin, std::int64_t end,
                 Real* out) {
  const std::int64_t pad = grid.kernel / 2, side = pad * grid.channels;
  const std::int64_t row = grid.width * grid.channels;
  for (std::int64_t i = 0; i < grid.tile_height(end - begin); ++i) {
    const std::int64_t from = begin * grid.stride + i - pad;
    if (from < 0 || from >= grid.height) {
      out = std::fill_n(out, row + 2 * side, Real(0));
      continue;
    }
    out = std::fill_n(out, side, Real(0));
    out = std::copy_n(image + from * row, row, out);
    out = std::fill_n(out, side, Real(0));
  }
}

template <class Real>
void scatter_patches(const PatchGrid& grid, const Real* patches, std::int64_t begin,
                     std::int64_t end, Real* image) {
  const std::int64_t pad = grid.kernel / 2, window_row = grid.window_row();
  for (std::int64_t t = begin; t < end; ++t) {
    const std::int64_t top = t / grid.out_width() * grid.stride - pad;
    const std::int64_t left = t % grid.out_width() * grid.stride - pad;
    const std::int64_t first = std::max<std::int64_t>(left, 0);
    const std::int64_t inside = (std::min(left + grid.kernel, grid.width) - first) * grid.channels;
    for (std::int64_t row = top; row < top + grid.kernel; ++row, patches += window_row) {
      if (row < 0 || row >= grid.height) continue;
      const Real* from = patches + (first - left) * grid.channels;
      Real* to = image + (row * grid.width + first) * grid.channels;
      for (std::int64_t i = 0; i < inside; ++i) to[i] += from[i];
    }
  }
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

#define GRADVAR_INSTANTIATE(Real)                                                                  \
  template void gather_tile(const PatchGrid&, const Real*, std::int64_t, std::int64_t, Real*);     \
  template void scatter_patches(const PatchGrid&, const Real*, std::int64_t, std::int64_t, Real*); \
  template void to_patch_order(const PatchGrid&, std::int64_t, const Real*, Real*);                \
  template void from_patch_order(const PatchGrid&, std::int64_t, const Real*, Real*);
GRADVAR_INSTANTIATE(float)
GRADVAR_INSTANTIATE(double)
#undef GRADVAR_INSTANTIATE

}  // namespace gradvar

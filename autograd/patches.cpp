#include "autograd/patches.h"

#include <algorithm>

namespace gradvar {

namespace {

constexpr std::int64_t kTileBytes = 128 * 1024;

// visit(pixel, element, count) for every run of `count` pixels of a window's row that lies inside
// the image, and outside(element, count) for what does not; counts in numbers.
template <class Visit, class Outside>
void over_windows(const PatchGrid& g, std::int64_t begin, std::int64_t end, const Visit& visit,
                  const Outside& outside) {
  const std::int64_t pad = g.kernel / 2, run = g.kernel * g.channels;
  std::int64_t element = 0;
  for (std::int64_t i = begin; i < end; ++i) {
    for (std::int64_t j = 0; j < g.out_width(); ++j) {
      const std::int64_t left = g.stride * j - pad;
      const std::int64_t first = std::max<std::int64_t>(left, 0);
      const std::int64_t last = std::min(left + g.kernel, g.width);
      for (std::int64_t u = 0; u < g.kernel; ++u, element += run) {
        const std::int64_t row = g.stride * i + u - pad;
        if (row < 0 || row >= g.height) {
          outside(element, run);
          continue;
        }
        const std::int64_t before = (first - left) * g.channels;
        const std::int64_t inside = (last - first) * g.channels;
        if (before > 0) outside(element, before);
        visit((row * g.width + first) * g.channels, element + before, inside);
        if (before + inside < run) outside(element + before + inside, run - before - inside);
      }
    }
  }
}

}  // namespace

std::int64_t PatchGrid::tile_rows(std::int64_t bytes_per_number) const {
  const std::int64_t row = std::max<std::int64_t>(out_width() * patch_size() * bytes_per_number, 1);
  return std::clamp<std::int64_t>(kTileBytes / row, 1, std::max<std::int64_t>(out_height(), 1));
}

template <class Real>
void gather_patches(const PatchGrid& grid, const Real* image, std::int64_t begin, std::int64_t end,
                    Real* out) {
  over_windows(
      grid, begin, end,
      [&](std::int64_t pixel, std::int64_t element, std::int64_t count) {
        std::copy_n(image + pixel, count, out + element);
      },
      [&](std::int64_t element, std::int64_t count) {
        std::fill_n(out + element, count, Real(0));
      });
}

template <class Real>
void scatter_patches(const PatchGrid& grid, const Real* patches, std::int64_t begin,
                     std::int64_t end, Real* image) {
  over_windows(
      grid, begin, end,
      [&](std::int64_t pixel, std::int64_t element, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) image[pixel + i] += patches[element + i];
      },
      [](std::int64_t, std::int64_t) {});
}

template <class Real>
void to_patch_order(const PatchGrid& grid, std::int64_t out_channels, const Real* weight,
                    Real* out) {
  const std::int64_t kk = grid.kernel * grid.kernel, c = grid.channels;
  for (std::int64_t o = 0; o < out_channels; ++o) {
    const Real* from = weight + o * c * kk;
    Real* to = out + o * c * kk;
    for (std::int64_t w = 0; w < kk; ++w) {
      for (std::int64_t i = 0; i < c; ++i) to[w * c + i] = from[i * kk + w];
    }
  }
}

template <class Real>
void from_patch_order(const PatchGrid& grid, std::int64_t out_channels, const Real* in,
                      Real* weight) {
  const std::int64_t kk = grid.kernel * grid.kernel, c = grid.channels;
  for (std::int64_t o = 0; o < out_channels; ++o) {
    const Real* from = in + o * c * kk;
    Real* to = weight + o * c * kk;
    for (std::int64_t w = 0; w < kk; ++w) {
      for (std::int64_t i = 0; i < c; ++i) to[i * kk + w] = from[w * c + i];
    }
  }
}

#define GRADVAR_INSTANTIATE(Real)                                                                  \
  template void gather_patches(const PatchGrid&, const Real*, std::int64_t, std::int64_t, Real*);  \
  template void scatter_patches(const PatchGrid&, const Real*, std::int64_t, std::int64_t, Real*); \
  template void to_patch_order(const PatchGrid&, std::int64_t, const Real*, Real*);                \
  template void from_patch_order(const PatchGrid&, std::int64_t, const Real*, Real*);
GRADVAR_INSTANTIATE(float)
GRADVAR_INSTANTIATE(double)
#undef GRADVAR_INSTANTIATE

}  // namespace gradvar

// patches: the windows of an image that a convolution multiplies its weight with.
//
// A convolution is a dense layer over patches: y_t = W a_t + b, where a_t [k,k,C] is the window of
// the image around output position t. So its weight's per-sample gradient is an outer product over
// positions like a dense layer's, sum_t delta_t (x) a_t, with one difference: the a_t overlap, and
// written out they are k^2 times as large as the image. They are therefore never written out for a
// batch, nor for a whole image: a tile of a few rows of positions is gathered where it is needed,
// small enough to stay in cache while one GEMM uses it.
//
//   image    [H,W,C]      channels last: k neighbouring pixels are k C neighbouring numbers
//   patch    [k,k,C]      element (u,v,c) of position (i,j) is image[s i + u - k/2, s j + v - k/2,
//   c],
//                         0 outside the image
//   weight   [O,C,k,k] as a parameter, [O,k,k,C] in patch order
#pragma once

#include <cstdint>

namespace gradvar {

// One convolution's windows: kernel k, odd, padded by k / 2; stride s.
struct PatchGrid {
  std::int64_t height = 0, width = 0, channels = 0, kernel = 1, stride = 1;

  [[nodiscard]] std::int64_t out_height() const { return (height - 1) / stride + 1; }
  [[nodiscard]] std::int64_t out_width() const { return (width - 1) / stride + 1; }
  [[nodiscard]] std::int64_t positions() const { return out_height() * out_width(); }
  [[nodiscard]] std::int64_t image_size() const { return height * width * channels; }
  [[nodiscard]] std::int64_t patch_size() const { return kernel * kernel * channels; }
  // Rows of positions whose patches stay in a core's second-level cache, 1 or more.
  [[nodiscard]] std::int64_t tile_rows(std::int64_t bytes_per_number) const;
  // Numbers in such a tile.
  template <class Real>
  [[nodiscard]] std::int64_t tile_size() const {
    return tile_rows(sizeof(Real)) * out_width() * patch_size();
  }
};

// The patches of rows [begin, end) of positions, in order, into out [(end - begin) W', k k C].
template <class Real>
void gather_patches(const PatchGrid& grid, const Real* image, std::int64_t begin, std::int64_t end,
                    Real* out);
// Its transpose: adds each number of the patches to the pixel that it was taken from.
template <class Real>
void scatter_patches(const PatchGrid& grid, const Real* patches, std::int64_t begin,
                     std::int64_t end, Real* image);

// out [O,k,k,C] = weight [O,C,k,k], and back.
template <class Real>
void to_patch_order(const PatchGrid& grid, std::int64_t out_channels, const Real* weight,
                    Real* out);
template <class Real>
void from_patch_order(const PatchGrid& grid, std::int64_t out_channels, const Real* in,
                      Real* weight);

}  // namespace gradvar

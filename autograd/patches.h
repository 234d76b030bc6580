// patches: the windows of an image that a convolution multiplies its weight with.
//
// A convolution is a dense layer over patches: y_t = W a_t + b, where a_t [k,k,C] is the window of
// the image around output position t. So its weight's per-sample gradient is an outer product over
// positions like a dense layer's, sum_t delta_t (x) a_t, with one difference: the a_t overlap, and
// written out they are k^2 times as large as the image. They are therefore never all there: a
// tile of a few image rows, small enough to stay in cache, is copied with its border of zeros, and
// a window is k runs of k C numbers inside it, wherever it lies.
//
//   image    [H,W,C]      channels last: k neighbouring pixels are k C neighbouring numbers
//   tile     [s (rows - 1) + k, W + k - 1, C]   what the windows of some rows of positions touch
//   patch    [k,k,C]      element (u,v,c) of position (i,j) is
//                         image[s i + u - k/2, s j + v - k/2, c], 0 outside the image
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
  // Numbers of one row of a window, which are neighbours in a tile.
  [[nodiscard]] std::int64_t window_row() const { return kernel * channels; }
  // Rows and columns of pixels of the tile of `rows` rows of positions.
  [[nodiscard]] std::int64_t tile_height(std::int64_t rows) const {
    return (rows - 1) * stride + kernel;
  }
  [[nodiscard]] std::int64_t tile_width() const { return width + kernel - 1; }
  // Rows of positions of a tile, 1 or more: tiles of about one size that stay in a core's
  // second-level cache.
  [[nodiscard]] std::int64_t tile_rows(std::int64_t bytes_per_number) const;
  // Numbers in such a tile.
  template <class Real>
  [[nodiscard]] std::int64_t tile_size() const {
    return tile_height(tile_rows(sizeof(Real))) * tile_width() * channels;
  }
};

// The tile of rows [begin, end) of positions into out [tile_height(end - begin), tile_width(), C].
template <class Real>
void gather_tile(const PatchGrid& grid, const Real* image, std::int64_t begin, std::int64_t end,
                 Real* out);
// Adds the numbers of patches [end - begin, k,k,C], those of positions [begin, end), to the pixels
// that they are taken from: the transpose of reading them.
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

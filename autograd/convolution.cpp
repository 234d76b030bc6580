#include "autograd/convolution.h"

#include <algorithm>
#include <cstring>

#include "autograd/multiversion.h"

namespace gradvar {

namespace {

// Positions of a block: with two vectors each, 12 sums, of 16 vector registers.
constexpr int kPositions = 6;

template <class Real>
struct Vector {
  typedef Real Type __attribute__((vector_size(32)));
};
template <class Real>
using VectorOf = typename Vector<Real>::Type;

template <class Real>
GRADVAR_ALWAYS_INLINE void load(const Real* from, VectorOf<Real>& to) {
  std::memcpy(&to, from, sizeof(to));
}

// Numbers of a vector.
template <class Real>
constexpr std::int64_t kLanes = kPanel<Real> / 2;

// Where the windows of a tile begin, one position after another.
template <class Real>
struct WindowWalk {
  const PatchGrid& grid;
  const Real* tile;
  std::int64_t i = 0, j = 0;

  GRADVAR_ALWAYS_INLINE const Real* next() {
    const Real* at = tile + grid.stride * (i * grid.tile_width() + j) * grid.channels;
    if (++j == grid.out_width()) {
      j = 0;
      ++i;
    }
    return at;
  }
};

// What a block of positions has in common.
struct Window {
  std::int64_t rows, row_step;  // of the window; between rows of the tile
  std::int64_t run;             // k C numbers of one row of a window
};

// `count` positions, whose windows begin at at[..], by one panel.
template <int count, class Real>
GRADVAR_ALWAYS_INLINE void block(const Window& window, const Real* const* at, const Real* panel,
                                 std::int64_t out_channels, std::int64_t channels,
                                 ConvolutionStart start, const Real* bias, Real* out) {
  VectorOf<Real> sums[count][2];
  Real edge[kPanel<Real>] = {};
  if (start == ConvolutionStart::kResult) {
    for (int p = 0; p < count; ++p) {
      const Real* from = out + p * out_channels;
      if (channels < kPanel<Real>) {
        std::copy_n(from, channels, edge);
        from = edge;
      }
      load(from, sums[p][0]);
      load(from + kLanes<Real>, sums[p][1]);
    }
  } else {
    if (start == ConvolutionStart::kBias) std::copy_n(bias, channels, edge);
    for (int p = 0; p < count; ++p) {
      load(edge, sums[p][0]);
      load(edge + kLanes<Real>, sums[p][1]);
    }
  }
  for (std::int64_t u = 0; u < window.rows; ++u) {
    const std::int64_t row = u * window.row_step;
    for (std::int64_t e = row; e < row + window.run; ++e, panel += kPanel<Real>) {
      VectorOf<Real> w0, w1;
      load(panel, w0);
      load(panel + kLanes<Real>, w1);
#pragma GCC unroll 6
      for (int p = 0; p < count; ++p) {
        const Real x = at[p][e];
        sums[p][0] += w0 * x;
        sums[p][1] += w1 * x;
      }
    }
  }
  for (int p = 0; p < count; ++p) {
    Real* to = out + p * out_channels;
    if (channels == kPanel<Real>) {
      std::memcpy(to, sums[p], sizeof(sums[p]));
    } else {
      std::memcpy(edge, sums[p], sizeof(sums[p]));
      std::copy_n(edge, channels, to);
    }
  }
}

template <class Real>
GRADVAR_ALWAYS_INLINE void convolve_loop(const PatchGrid& grid, const Real* tile, std::int64_t rows,
                                         const Real* packed, std::int64_t out_channels,
                                         ConvolutionStart start, const Real* bias, Real* out) {
  const std::int64_t positions = rows * grid.out_width();
  const Window window{grid.kernel, grid.tile_width() * grid.channels, grid.window_row()};
  const std::int64_t panel_size = grid.patch_size() * kPanel<Real>;
  for (std::int64_t o = 0; o < out_channels; o += kPanel<Real>, packed += panel_size) {
    const std::int64_t channels = std::min(kPanel<Real>, out_channels - o);
    const Real* b = bias == nullptr ? nullptr : bias + o;
    WindowWalk<Real> walk{grid, tile};
    for (std::int64_t p = 0; p < positions; p += kPositions) {
      const Real* at[kPositions];
      const std::int64_t count = std::min<std::int64_t>(kPositions, positions - p);
      for (std::int64_t k = 0; k < count; ++k) at[k] = walk.next();
      Real* y = out + p * out_channels + o;
      if (count == kPositions) {
        block<kPositions>(window, at, packed, out_channels, channels, start, b, y);
      } else {
        for (std::int64_t k = 0; k < count; ++k) {
          block<1>(window, at + k, packed, out_channels, channels, start, b, y + k * out_channels);
        }
      }
    }
  }
}

// Output channels of a block of the weight's gradient, and vectors of a window's row.
constexpr std::int64_t kGradientChannels = 4;
constexpr int kGradientVectors = 3;

// out[o, 0 .. width) = beta out + sum_p dy[p,o] x[p], for `outs` of kGradientChannels channels o,
// `size` apart; x [positions, vectors lanes] and dy [positions, kGradientChannels] are packed.
template <int vectors, class Real>
GRADVAR_ALWAYS_INLINE void correlate_block(const Real* x, const Real* dy, std::int64_t positions,
                                           Real beta, std::int64_t outs, std::int64_t width,
                                           std::int64_t size, Real* out) {
  constexpr std::int64_t kWidth = vectors * kLanes<Real>;
  VectorOf<Real> sums[kGradientChannels][vectors] = {};
  for (std::int64_t p = 0; p < positions; ++p, x += kWidth, dy += kGradientChannels) {
    VectorOf<Real> window[vectors];
#pragma GCC unroll 3
    for (int v = 0; v < vectors; ++v) load(x + v * kLanes<Real>, window[v]);
#pragma GCC unroll 4
    for (int o = 0; o < kGradientChannels; ++o) {
      const Real d = dy[o];
#pragma GCC unroll 3
      for (int v = 0; v < vectors; ++v) sums[o][v] += window[v] * d;
    }
  }
  if (outs == kGradientChannels && width == kWidth) {
    for (int o = 0; o < kGradientChannels; ++o, out += size) {
      for (int v = 0; v < vectors; ++v) {
        VectorOf<Real> held = {};
        if (beta != 0) load(out + v * kLanes<Real>, held);
        held += sums[o][v];
        std::memcpy(out + v * kLanes<Real>, &held, sizeof(held));
      }
    }
    return;
  }
  for (std::int64_t o = 0; o < outs; ++o, out += size) {
    Real made[kWidth];
    std::memcpy(made, sums[o], sizeof(made));
    for (std::int64_t i = 0; i < width; ++i) out[i] = (beta == 0 ? Real(0) : out[i]) + made[i];
  }
}

// The numbers e .. e + width of row u of the windows of some positions, packed one after another
// with zeros up to whole vectors, by all output channels.
template <int vectors, class Real>
GRADVAR_ALWAYS_INLINE void correlate_columns(const Real* const* windows, std::int64_t positions,
                                             std::int64_t offset, std::int64_t width,
                                             const Real* dy, std::int64_t out_channels, Real beta,
                                             std::int64_t size, Real* out) {
  constexpr std::int64_t kWidth = vectors * kLanes<Real>;
  alignas(64) Real x[kCorrelated * kWidth];
  for (std::int64_t p = 0; p < positions; ++p) {
    const Real* from = windows[p] + offset;
    Real* to = x + p * kWidth;
    if (width == kWidth) {
      std::memcpy(to, from, kWidth * sizeof(Real));
    } else {
      for (std::int64_t i = 0; i < kWidth; ++i) to[i] = i < width ? from[i] : Real(0);
    }
  }
  for (std::int64_t o = 0; o < out_channels; o += kGradientChannels) {
    correlate_block<vectors>(x, dy + o * positions, positions, beta,
                             std::min(kGradientChannels, out_channels - o), width, size,
                             out + o * size);
  }
}

template <class Real>
GRADVAR_ALWAYS_INLINE void correlate_loop(const PatchGrid& grid, const Real* tile,
                                          std::int64_t rows, const Real* dy,
                                          std::int64_t out_channels, Real* scratch, Real beta,
                                          Real* out) {
  const std::int64_t all = rows * grid.out_width(), row = grid.tile_width() * grid.channels;
  const std::int64_t run = grid.window_row(), size = grid.patch_size();
  WindowWalk<Real> walk{grid, tile};
  for (std::int64_t first = 0; first < all; first += kCorrelated, beta = 1) {
    const std::int64_t positions = std::min(kCorrelated, all - first);
    const Real* windows[kCorrelated];
    for (std::int64_t p = 0; p < positions; ++p) windows[p] = walk.next();
    Real* packed = scratch;  // [ceil(O / kGradientChannels), positions, kGradientChannels]
    for (std::int64_t o = 0; o < out_channels; o += kGradientChannels) {
      const Real* from = dy + first * out_channels + o;
      const std::int64_t outs = std::min(kGradientChannels, out_channels - o);
      for (std::int64_t p = 0; p < positions;
           ++p, from += out_channels, packed += kGradientChannels) {
        if (outs == kGradientChannels) {
          std::memcpy(packed, from, kGradientChannels * sizeof(Real));
        } else {
          for (std::int64_t k = 0; k < kGradientChannels; ++k)
            packed[k] = k < outs ? from[k] : Real(0);
        }
      }
    }
    for (std::int64_t u = 0; u < grid.kernel; ++u) {
      for (std::int64_t e = 0; e < run; e += kGradientVectors * kLanes<Real>) {
        const std::int64_t width = std::min(kGradientVectors * kLanes<Real>, run - e),
                           offset = u * row + e;
        Real* columns_out = out + u * run + e;
        if (width > 2 * kLanes<Real>) {
          correlate_columns<3>(windows, positions, offset, width, scratch, out_channels, beta, size,
                               columns_out);
        } else if (width > kLanes<Real>) {
          correlate_columns<2>(windows, positions, offset, width, scratch, out_channels, beta, size,
                               columns_out);
        } else {
          correlate_columns<1>(windows, positions, offset, width, scratch, out_channels, beta, size,
                               columns_out);
        }
      }
    }
  }
}

// packed(element (u,v,c) of output channel o) = at(o, c, u, v).
template <class Real, class At>
void pack(const PatchGrid& grid, std::int64_t out_channels, const At& at, Real* packed) {
  const std::int64_t k = grid.kernel, size = grid.patch_size() * kPanel<Real>;
  std::fill_n(packed, packed_weight_size<Real>(grid, out_channels), Real(0));
  for (std::int64_t o = 0; o < out_channels; ++o) {
    Real* column = packed + o / kPanel<Real> * size + o % kPanel<Real>;
    for (std::int64_t u = 0; u < k; ++u) {
      for (std::int64_t v = 0; v < k; ++v) {
        for (std::int64_t c = 0; c < grid.channels; ++c, column += kPanel<Real>) {
          *column = at(o, c, u, v);
        }
      }
    }
  }
}

GRADVAR_MULTIVERSION void convolve_all(const PatchGrid& grid, const float* tile, std::int64_t rows,
                                       const float* packed, std::int64_t out_channels,
                                       ConvolutionStart start, const float* bias, float* out) {
  convolve_loop(grid, tile, rows, packed, out_channels, start, bias, out);
}
GRADVAR_MULTIVERSION void convolve_all(const PatchGrid& grid, const double* tile, std::int64_t rows,
                                       const double* packed, std::int64_t out_channels,
                                       ConvolutionStart start, const double* bias, double* out) {
  convolve_loop(grid, tile, rows, packed, out_channels, start, bias, out);
}

GRADVAR_MULTIVERSION void correlate_all(const PatchGrid& grid, const float* tile, std::int64_t rows,
                                        const float* dy, std::int64_t out_channels, float* scratch,
                                        float beta, float* out) {
  correlate_loop(grid, tile, rows, dy, out_channels, scratch, beta, out);
}
GRADVAR_MULTIVERSION void correlate_all(const PatchGrid& grid, const double* tile,
                                        std::int64_t rows, const double* dy,
                                        std::int64_t out_channels, double* scratch, double beta,
                                        double* out) {
  correlate_loop(grid, tile, rows, dy, out_channels, scratch, beta, out);
}

}  // namespace

template <class Real>
std::int64_t packed_weight_size(const PatchGrid& grid, std::int64_t out_channels) {
  return (out_channels + kPanel<Real> - 1) / kPanel<Real> * grid.patch_size() * kPanel<Real>;
}

template <class Real>
void pack_weight(const PatchGrid& grid, std::int64_t out_channels, const Real* weight,
                 Real* packed) {
  const std::int64_t k = grid.kernel, channels = grid.channels;
  pack(
      grid, out_channels,
      [=](std::int64_t o, std::int64_t c, std::int64_t u, std::int64_t v) {
        return weight[((o * channels + c) * k + u) * k + v];
      },
      packed);
}

template <class Real>
void pack_turned_weight(const PatchGrid& grid, std::int64_t out_channels, const Real* weight,
                        Real* packed) {
  const std::int64_t k = grid.kernel;
  pack(
      grid, out_channels,
      [=](std::int64_t o, std::int64_t c, std::int64_t u, std::int64_t v) {
        return weight[((c * out_channels + o) * k + k - 1 - u) * k + k - 1 - v];
      },
      packed);
}

template <class Real>
void convolve(const PatchGrid& grid, const Real* tile, std::int64_t rows, const Real* packed,
              std::int64_t out_channels, ConvolutionStart start, const Real* bias, Real* out) {
  convolve_all(grid, tile, rows, packed, out_channels, start, bias, out);
}

template <class Real>
std::int64_t correlation_scratch_size(std::int64_t out_channels) {
  return kCorrelated *
         ((out_channels + kGradientChannels - 1) / kGradientChannels * kGradientChannels);
}

template <class Real>
void correlate(const PatchGrid& grid, const Real* tile, std::int64_t rows, const Real* dy,
               std::int64_t out_channels, Real* scratch, Real beta, Real* out) {
  correlate_all(grid, tile, rows, dy, out_channels, scratch, beta, out);
}

#define GRADVAR_INSTANTIATE(Real)                                                                 \
  template std::int64_t packed_weight_size<Real>(const PatchGrid&, std::int64_t);                 \
  template void pack_weight(const PatchGrid&, std::int64_t, const Real*, Real*);                  \
  template void pack_turned_weight(const PatchGrid&, std::int64_t, const Real*, Real*);           \
  template void convolve(const PatchGrid&, const Real*, std::int64_t, const Real*, std::int64_t,  \
                         ConvolutionStart, const Real*, Real*);                                   \
  template std::int64_t correlation_scratch_size<Real>(std::int64_t);                             \
  template void correlate(const PatchGrid&, const Real*, std::int64_t, const Real*, std::int64_t, \
                          Real*, Real, Real*);
GRADVAR_INSTANTIATE(float)
GRADVAR_INSTANTIATE(double)
#undef GRADVAR_INSTANTIATE

}  // namespace gradvar

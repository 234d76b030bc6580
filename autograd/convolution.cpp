#include "autograd/convolution.h"

#include <algorithm>
#include <cstring>

#include "autograd/multiversion.h"

namespace gradvar {

namespace {

// How many numbers are in registers at once. Narrow: 16 registers of 32 bytes, as AVX2 has; wide:
// 32 of 64 bytes, as AVX-512 has.
struct Narrow {
  static constexpr int kBytes = 32;
  static constexpr int kPositions = 6, kVectors = 2;  // sums of a block: 12 registers
  static constexpr int kGradientChannels = 4, kGradientVectors = 3;
};
struct Wide {
  static constexpr int kBytes = 64;
  static constexpr int kPositions = 12, kVectors = 2;  // 24 registers
  static constexpr int kGradientChannels = 8, kGradientVectors = 3;
};

template <class Real, int bytes>
struct Vector {
  typedef Real Type __attribute__((vector_size(bytes)));
};
template <class Real, class Registers>
using VectorOf = typename Vector<Real, Registers::kBytes>::Type;

// Numbers of a vector.
template <class Real, class Registers>
constexpr std::int64_t kLanes = Registers::kBytes / sizeof(Real);

template <class Real, class VectorType>
GRADVAR_ALWAYS_INLINE void load(const Real* from, VectorType& to) {
  std::memcpy(&to, from, sizeof(to));
}

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

// One convolution of a tile; what its blocks have in common.
template <class Real>
struct Convolution {
  std::int64_t rows, row_step;  // of a window; between rows of the tile
  std::int64_t run;             // k C numbers of one row of a window
  std::int64_t out_channels;
  ConvolutionStart start;
  // From one vector of the weight to the next beside it.
  std::int64_t vector_step;
};

// `count` positions, whose windows begin at at[..], by `vectors` vectors of packed weight.
// `channels` of their numbers exist; bias and out begin at the first of them.
template <class Registers, int count, int vectors, class Real>
GRADVAR_ALWAYS_INLINE void block(const Convolution<Real>& c, const Real* const* at,
                                 const Real* weight, std::int64_t channels, const Real* bias,
                                 Real* out) {
  constexpr std::int64_t kOne = kLanes<Real, Registers>, kAll = vectors * kOne;
  VectorOf<Real, Registers> sums[count][vectors];
  Real edge[kAll] = {};
  if (c.start == ConvolutionStart::kBias) std::copy_n(bias, channels, edge);
  for (int p = 0; p < count; ++p) {
    const Real* from = edge;
    if (c.start == ConvolutionStart::kResult) {
      from = out + p * c.out_channels;
      if (channels < kAll) from = std::copy_n(from, channels, edge) - channels;
    }
    for (int v = 0; v < vectors; ++v) load(from + v * kOne, sums[p][v]);
  }
  for (std::int64_t u = 0; u < c.rows; ++u) {
    const std::int64_t row = u * c.row_step;
    for (std::int64_t e = row; e < row + c.run; ++e, weight += kPanel<Real>) {
      VectorOf<Real, Registers> w[vectors];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) load(weight + v * c.vector_step, w[v]);
#pragma GCC unroll 12
      for (int p = 0; p < count; ++p) {
        const Real x = at[p][e];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) sums[p][v] += w[v] * x;
      }
    }
  }
  for (int p = 0; p < count; ++p) {
    Real* to = out + p * c.out_channels;
    if (channels == kAll) {
      std::memcpy(to, sums[p], sizeof(sums[p]));
    } else {
      std::memcpy(edge, sums[p], sizeof(sums[p]));
      std::copy_n(edge, channels, to);
    }
  }
}

// All blocks of `count` positions from position p on; the position after the last one.
template <class Registers, int count, int vectors, class Real>
GRADVAR_ALWAYS_INLINE std::int64_t blocks(const Convolution<Real>& c, WindowWalk<Real>& walk,
                                          std::int64_t p, std::int64_t positions,
                                          const Real* weight, std::int64_t channels,
                                          const Real* bias, Real* out) {
  for (; p + count <= positions; p += count) {
    const Real* at[count];
    for (int k = 0; k < count; ++k) at[k] = walk.next();
    block<Registers, count, vectors>(c, at, weight, channels, bias, out + p * c.out_channels);
  }
  return p;
}

template <class Registers, int vectors, class Real>
GRADVAR_ALWAYS_INLINE void all_positions(const Convolution<Real>& c, WindowWalk<Real> walk,
                                         std::int64_t positions, const Real* weight,
                                         std::int64_t channels, const Real* bias, Real* out) {
  std::int64_t p = 0;
  p = blocks<Registers, Registers::kPositions, vectors>(c, walk, p, positions, weight, channels,
                                                        bias, out);
  p = blocks<Registers, 4, vectors>(c, walk, p, positions, weight, channels, bias, out);
  blocks<Registers, 1, vectors>(c, walk, p, positions, weight, channels, bias, out);
}

template <class Registers, class Real>
GRADVAR_ALWAYS_INLINE void convolve_loop(const PatchGrid& grid, const Real* tile, std::int64_t rows,
                                         const Real* packed, std::int64_t out_channels,
                                         ConvolutionStart start, const Real* bias, Real* out) {
  constexpr std::int64_t kOne = kLanes<Real, Registers>, kAll = Registers::kVectors * kOne;
  const std::int64_t panel_size = grid.patch_size() * kPanel<Real>;
  const Convolution<Real> c{.rows = grid.kernel,
                            .row_step = grid.tile_width() * grid.channels,
                            .run = grid.window_row(),
                            .out_channels = out_channels,
                            .start = start,
                            .vector_step = kOne < kPanel<Real> ? kOne : panel_size};
  const std::int64_t positions = rows * grid.out_width();
  for (std::int64_t o = 0; o < out_channels; o += kAll) {
    const std::int64_t channels = std::min(kAll, out_channels - o);
    const Real* weight = packed + o / kPanel<Real> * panel_size;
    const Real* b = bias == nullptr ? nullptr : bias + o;
    const WindowWalk<Real> walk{grid, tile};
    if (kOne == kPanel<Real> && channels <= kOne) {  // there is no second panel
      all_positions<Registers, 1>(c, walk, positions, weight, channels, b, out + o);
    } else {
      all_positions<Registers, Registers::kVectors>(c, walk, positions, weight, channels, b,
                                                    out + o);
    }
  }
}

// out[o, 0 .. width) = beta out + sum_p dy[p,o] x[p], for `outs` channels o, `size` apart;
// x [positions, vectors lanes] and dy [positions, Registers::kGradientChannels] are packed.
template <class Registers, int vectors, class Real>
GRADVAR_ALWAYS_INLINE void correlate_block(const Real* x, const Real* dy, std::int64_t positions,
                                           Real beta, std::int64_t outs, std::int64_t width,
                                           std::int64_t size, Real* out) {
  constexpr std::int64_t kOne = kLanes<Real, Registers>, kWidth = vectors * kOne;
  constexpr int kOuts = Registers::kGradientChannels;
  VectorOf<Real, Registers> sums[kOuts][vectors] = {};
  for (std::int64_t p = 0; p < positions; ++p, x += kWidth, dy += kOuts) {
    VectorOf<Real, Registers> window[vectors];
#pragma GCC unroll 3
    for (int v = 0; v < vectors; ++v) load(x + v * kOne, window[v]);
#pragma GCC unroll 8
    for (int o = 0; o < kOuts; ++o) {
      const Real d = dy[o];
#pragma GCC unroll 3
      for (int v = 0; v < vectors; ++v) sums[o][v] += window[v] * d;
    }
  }
  if (outs == kOuts && width == kWidth) {
    for (int o = 0; o < kOuts; ++o, out += size) {
      for (int v = 0; v < vectors; ++v) {
        VectorOf<Real, Registers> held = {};
        if (beta != 0) load(out + v * kOne, held);
        held += sums[o][v];
        std::memcpy(out + v * kOne, &held, sizeof(held));
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

// The numbers offset .. offset + width of the windows of some positions, packed one after another
// with zeros up to whole vectors, by all output channels.
template <class Registers, int vectors, class Real>
GRADVAR_ALWAYS_INLINE void correlate_columns(const Real* const* windows, std::int64_t positions,
                                             std::int64_t offset, std::int64_t width,
                                             const Real* dy, std::int64_t out_channels, Real beta,
                                             std::int64_t size, Real* out) {
  constexpr std::int64_t kWidth = vectors * kLanes<Real, Registers>;
  constexpr std::int64_t kOuts = Registers::kGradientChannels;
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
  for (std::int64_t o = 0; o < out_channels; o += kOuts) {
    correlate_block<Registers, vectors>(x, dy + o * positions, positions, beta,
                                        std::min(kOuts, out_channels - o), width, size,
                                        out + o * size);
  }
}

template <class Registers, class Real>
GRADVAR_ALWAYS_INLINE void correlate_loop(const PatchGrid& grid, const Real* tile,
                                          std::int64_t rows, const Real* dy,
                                          std::int64_t out_channels, Real* scratch, Real beta,
                                          Real* out) {
  constexpr std::int64_t kOuts = Registers::kGradientChannels, kOne = kLanes<Real, Registers>;
  const std::int64_t all = rows * grid.out_width(), row = grid.tile_width() * grid.channels;
  const std::int64_t run = grid.window_row(), size = grid.patch_size();
  WindowWalk<Real> walk{grid, tile};
  for (std::int64_t first = 0; first < all; first += kCorrelated, beta = 1) {
    const std::int64_t positions = std::min(kCorrelated, all - first);
    const Real* windows[kCorrelated];
    for (std::int64_t p = 0; p < positions; ++p) windows[p] = walk.next();
    Real* packed = scratch;  // [ceil(O / kOuts), positions, kOuts]
    for (std::int64_t o = 0; o < out_channels; o += kOuts) {
      const Real* from = dy + first * out_channels + o;
      const std::int64_t outs = std::min(kOuts, out_channels - o);
      for (std::int64_t p = 0; p < positions; ++p, from += out_channels, packed += kOuts) {
        if (outs == kOuts) {
          std::memcpy(packed, from, kOuts * sizeof(Real));
        } else {
          for (std::int64_t k = 0; k < kOuts; ++k) packed[k] = k < outs ? from[k] : Real(0);
        }
      }
    }
    const auto columns = [&]<int vectors>(std::int64_t offset, std::int64_t width,
                                          Real * columns_out) __attribute__((always_inline)) {
      correlate_columns<Registers, vectors>(windows, positions, offset, width, scratch,
                                            out_channels, beta, size, columns_out);
    };
    for (std::int64_t u = 0; u < grid.kernel; ++u) {
      for (std::int64_t e = 0; e < run; e += Registers::kGradientVectors * kOne) {
        const std::int64_t width = std::min(Registers::kGradientVectors * kOne, run - e);
        const std::int64_t offset = u * row + e;
        Real* columns_out = out + u * run + e;
        if (width > 2 * kOne) {
          columns.template operator()<3>(offset, width, columns_out);
        } else if (width > kOne) {
          columns.template operator()<2>(offset, width, columns_out);
        } else {
          columns.template operator()<1>(offset, width, columns_out);
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

// Both widths of both loops, for one type of number.
#define GRADVAR_LOOPS(Real)                                                                      \
  GRADVAR_MULTIVERSION void convolve_narrow(                                                     \
      const PatchGrid& grid, const Real* tile, std::int64_t rows, const Real* packed,            \
      std::int64_t out_channels, ConvolutionStart start, const Real* bias, Real* out) {          \
    convolve_loop<Narrow>(grid, tile, rows, packed, out_channels, start, bias, out);             \
  }                                                                                              \
  GRADVAR_AVX512 void convolve_wide(const PatchGrid& grid, const Real* tile, std::int64_t rows,  \
                                    const Real* packed, std::int64_t out_channels,               \
                                    ConvolutionStart start, const Real* bias, Real* out) {       \
    convolve_loop<Wide>(grid, tile, rows, packed, out_channels, start, bias, out);               \
  }                                                                                              \
  GRADVAR_MULTIVERSION void correlate_narrow(                                                    \
      const PatchGrid& grid, const Real* tile, std::int64_t rows, const Real* dy,                \
      std::int64_t out_channels, Real* scratch, Real beta, Real* out) {                          \
    correlate_loop<Narrow>(grid, tile, rows, dy, out_channels, scratch, beta, out);              \
  }                                                                                              \
  GRADVAR_AVX512 void correlate_wide(const PatchGrid& grid, const Real* tile, std::int64_t rows, \
                                     const Real* dy, std::int64_t out_channels, Real* scratch,   \
                                     Real beta, Real* out) {                                     \
    correlate_loop<Wide>(grid, tile, rows, dy, out_channels, scratch, beta, out);                \
  }
GRADVAR_LOOPS(float)
GRADVAR_LOOPS(double)
#undef GRADVAR_LOOPS

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
              std::int64_t out_channels, ConvolutionStart start, const Real* bias, Real* out,
              VectorWidth vectors) {
  if (vectors == VectorWidth::kWide) {
    convolve_wide(grid, tile, rows, packed, out_channels, start, bias, out);
  } else {
    convolve_narrow(grid, tile, rows, packed, out_channels, start, bias, out);
  }
}

template <class Real>
std::int64_t correlation_scratch_size(std::int64_t out_channels) {
  constexpr std::int64_t kOuts = std::max(Narrow::kGradientChannels, Wide::kGradientChannels);
  return kCorrelated * ((out_channels + kOuts - 1) / kOuts * kOuts);
}

template <class Real>
void correlate(const PatchGrid& grid, const Real* tile, std::int64_t rows, const Real* dy,
               std::int64_t out_channels, Real* scratch, Real beta, Real* out,
               VectorWidth vectors) {
  if (vectors == VectorWidth::kWide) {
    correlate_wide(grid, tile, rows, dy, out_channels, scratch, beta, out);
  } else {
    correlate_narrow(grid, tile, rows, dy, out_channels, scratch, beta, out);
  }
}

#define GRADVAR_INSTANTIATE(Real)                                                                 \
  template std::int64_t packed_weight_size<Real>(const PatchGrid&, std::int64_t);                 \
  template void pack_weight(const PatchGrid&, std::int64_t, const Real*, Real*);                  \
  template void pack_turned_weight(const PatchGrid&, std::int64_t, const Real*, Real*);           \
  template void convolve(const PatchGrid&, const Real*, std::int64_t, const Real*, std::int64_t,  \
                         ConvolutionStart, const Real*, Real*, VectorWidth);                      \
  template std::int64_t correlation_scratch_size<Real>(std::int64_t);                             \
  template void correlate(const PatchGrid&, const Real*, std::int64_t, const Real*, std::int64_t, \
                          Real*, Real, Real*, VectorWidth);
GRADVAR_INSTANTIATE(float)
GRADVAR_INSTANTIATE(double)
#undef GRADVAR_INSTANTIATE

}  // namespace gradvar

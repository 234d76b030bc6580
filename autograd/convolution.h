// convolution: a tile of a convolution as one loop, with no patches written out.
//
// A product of matrices would first write its operands anew: the patches, and the library's own
// packing of those once more. Here a block of positions times a block of output channels, 6 x 2
// vectors (12 x 2 on AVX-512), is summed in registers while the window goes by in a tile of the
// image (patches.h):
//
//   y[p,o] = start + sum_uvc x[s i + u, s j + v, c] w[o,u,v,c]        p = (i,j)
//
// The weight's gradient is a sum over positions, so there 4 output channels times 3 vectors (8 x 3)
// of a window's row stay in registers while some positions, packed and few enough for the first
// cache, go by:
//
//   dw[o,u,v,c] += dy[p,o] x[s i + u, s j + v, c]
//
// A tile has its border of zeros, so that no window asks whether it is inside; the weight is packed
// once for all samples, in panels of 64 bytes of output channels.
//
// Sums of y run over (u,v,c) in this order: |error| <= (k k C + 1) eps (|start| + sum |x| |w|), and
// the same bits wherever a tile begins. Sums of dw run over kCorrelated positions and are then
// added to what there was: with m such groups |error| <= (kCorrelated + m) eps sum |dy| |x|.
// Both loops exist for the registers of AVX2 (16 of 32 bytes) and of AVX-512 (32 of 64), with the
// same bits as g++ compiles them. Without AVX2 the narrow ones take two registers a vector, which
// is slow; there OpenBLAS would be the better choice.
#pragma once

#include <cstdint>

#include "autograd/multiversion.h"
#include "autograd/patches.h"

namespace gradvar {

// Output channels of one panel of packed weight: 64 bytes.
template <class Real>
inline constexpr std::int64_t kPanel = 64 / sizeof(Real);

// Numbers of the weight, packed.
template <class Real>
[[nodiscard]] std::int64_t packed_weight_size(const PatchGrid& grid, std::int64_t out_channels);
// packed [ceil(O / panel), k,k,C, panel] = weight [O,C,k,k], zeros in what is left of a panel.
template <class Real>
void pack_weight(const PatchGrid& grid, std::int64_t out_channels, const Real* weight,
                 Real* packed);
// The same of a weight [C,O,k,k] turned by half a circle, which takes adjoints [H,W,C] back to
// inputs [H,W,O].
template <class Real>
void pack_turned_weight(const PatchGrid& grid, std::int64_t out_channels, const Real* weight,
                        Real* packed);

// Where the sums start.
enum class ConvolutionStart { kBias, kZero, kResult };

// Rows [begin, end) of positions of one image: out [(end - begin) W', O]. `tile` is what
// gather_tile made of them; bias [O] is read for kBias only.
template <class Real>
void convolve(const PatchGrid& grid, const Real* tile, std::int64_t rows, const Real* packed,
              std::int64_t out_channels, ConvolutionStart start, const Real* bias, Real* out,
              VectorWidth vectors = widest_vectors());

// The weight's gradient of the same rows: out [O,k,k,C] = beta out + sum_p dy[p,o] window[p], beta
// 0 or 1; dy [rows W', O]. kCorrelated positions are summed in order, then added to `out`.
inline constexpr std::int64_t kCorrelated = 128;
template <class Real>
void correlate(const PatchGrid& grid, const Real* tile, std::int64_t rows, const Real* dy,
               std::int64_t out_channels, Real* scratch, Real beta, Real* out,
               VectorWidth vectors = widest_vectors());
// Numbers of its scratch.
template <class Real>
[[nodiscard]] std::int64_t correlation_scratch_size(std::int64_t out_channels);

}  // namespace gradvar

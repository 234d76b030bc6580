// ops: the catalogue. One op a line, with its formula; the file of the same name under ops/ holds
// the shapes, the backward rule, the per-sample rule and the traps.
//
// To add one: its file, its lines here, a line in CMakeLists.txt, a test.
//
//   B batch   T positions   I, O features in and out   ... any further axes of a sample
//   H, W, C height, width and channels of an image: inside a model channels are the last axis
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "autograd/tape.h"

namespace gradvar {

// ---- with parameters
// y = x W^T + b            x [B,...,I]  W [O,I]  b [O]  y [B,...,O]
template <class Real>
Value dense(Tape<Real>& tape, Value x, ParameterId weight, ParameterId bias);
// y = x * W + b            x [B,H,W,C]  W [O,C,k,k]  b [O]  y [B,H',W',O], padded by k / 2
template <class Real>
Value conv2d(Tape<Real>& tape, Value x, ParameterId weight, ParameterId bias, std::int64_t stride);
// y = x + b                x [B,...]  b [...]
template <class Real>
Value shift(Tape<Real>& tape, Value x, ParameterId b);
// y = x g                  x [B,...]  g [...]
template <class Real>
Value gain(Tape<Real>& tape, Value x, ParameterId g);

// v = th + Th (I + t Th)^-1 (x - t th)      x, v [B,d]  t [B,1]  th [d]  Th [d,d]
template <class Real>
Value affine_gaussian(Tape<Real>& tape, Value x, Value t, ParameterId theta, ParameterId matrix);

// y = (x - mean) / sqrt(variance + 1e-5) g + b, over T and the channels of a group
//                          x [B,...,C]  g, b [C]; the groups divide C
template <class Real>
Value group_norm(Tape<Real>& tape, Value x, std::int64_t groups, ParameterId gain,
                 ParameterId bias);
// The same over the channels of each position.
template <class Real>
Value layer_norm(Tape<Real>& tape, Value x, ParameterId gain, ParameterId bias);

// ---- element by element, any shape
template <class Real>
Value add(Tape<Real>& tape, Value a, Value b);  // y = a + b
template <class Real>
Value sub(Tape<Real>& tape, Value a, Value b);  // y = a - b
template <class Real>
Value mul(Tape<Real>& tape, Value a, Value b);  // y = a b
template <class Real>
Value scale(Tape<Real>& tape, Value x, Real c);  // y = c x, c a constant
template <class Real>
Value silu(Tape<Real>& tape, Value x);  // y = x / (1 + e^-x)
template <class Real>
Value selu(Tape<Real>& tape, Value x);  // y = lambda x, or lambda alpha (e^x - 1) for x <= 0
template <class Real>
Value relu(Tape<Real>& tape, Value x);  // y = max(x, 0)
template <class Real>
Value tanh(Tape<Real>& tape, Value x);  // y = tanh(x)
template <class Real>
Value gelu(Tape<Real>& tape, Value x);  // y = x Phi(x)

// ---- shapes
// y = [x_1, x_2, ...]      along the last axis; x_k [B,...,I_k]
template <class Real>
Value concat(Tape<Real>& tape, std::span<const Value> inputs);
template <class Real>
Value concat(Tape<Real>& tape, std::initializer_list<Value> inputs) {
  return concat(tape, std::span<const Value>(inputs.begin(), inputs.size()));
}
// y = x[..., begin:end]    columns of the last axis
template <class Real>
Value slice(Tape<Real>& tape, Value x, std::int64_t begin, std::int64_t end);
// y = x                    samples of another shape, as many elements
template <class Real>
Value reshape(Tape<Real>& tape, Value x, const Shape& sample);

// y[i,j,c] = x[c,i,j]      x [B,C,H,W]  y [B,H,W,C], and the reverse
template <class Real>
Value channels_last(Tape<Real>& tape, Value x);
template <class Real>
Value channels_first(Tape<Real>& tape, Value x);
// y[i,j] = x[i/2,j/2]      x [B,H,W,C]  y [B,2H,2W,C]
template <class Real>
Value upsample_nearest(Tape<Real>& tape, Value x);
// y = mean of 2 x 2        x [B,H,W,C]  y [B,H/2,W/2,C]
template <class Real>
Value average_pool(Tape<Real>& tape, Value x);

// ---- at every position of a sample
// y = x + e                x [B,...,C]  e [B,C]
template <class Real>
Value add_per_channel(Tape<Real>& tape, Value x, Value e);
// y = x (1 + s) + b        x [B,...,C]  s, b [B,C]
template <class Real>
Value scale_shift(Tape<Real>& tape, Value x, Value scale, Value shift);
// y = softmax(q k^T / sqrt(d)) v for each head     qkv [B,T,3C], heads outermost  y [B,T,C]
template <class Real>
Value attention(Tape<Real>& tape, Value qkv, std::int64_t heads);

// ---- random
// y = x m / (1 - p)        m = 0 with probability p, else 1, by the numbers of the samples
struct DropoutDraws {
  double rate = 0;  // p
  std::uint64_t seed = 0, step = 0;
  std::uint32_t layer = 0;                      // which dropout of the network it is
  std::span<const std::uint32_t> samples = {};  // [B], their numbers within the step
};
template <class Real>
Value dropout(Tape<Real>& tape, Value x, const DropoutDraws& draws);

// ---- over a sample's own axes, and losses
// y_n = sum_i x_ni         x [B,...]  y [B]
template <class Real>
Value sum(Tape<Real>& tape, Value x);
// y_n = (1/d) sum_i x_ni   x [B,...]  y [B]
template <class Real>
Value mean(Tape<Real>& tape, Value x);
// l_n = sum_i (y_ni - target_ni)^2      y, target [B,...]  l [B]
template <class Real>
Value squared_error(Tape<Real>& tape, Value y, Value target);

// ---- time
// y_n = [cos(s t_n f), sin(s t_n f)]    t [B,1]  y [B,dim], frequencies f from 1 down to 1/10000
template <class Real>
Value time_embedding(Tape<Real>& tape, Value t, std::int64_t dim, Real scale);

}  // namespace gradvar

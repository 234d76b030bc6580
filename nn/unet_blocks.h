// unet_blocks: what a U-Net is made of (unet.h): residual blocks, attention blocks, and the layers
// between two sizes.
//
//   x [B,H,W,C] at any size; silu_emb [B,E] the time embedding after its SiLU
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "autograd/parameters.h"
#include "autograd/tape.h"
#include "nn/convolution.h"
#include "nn/linear.h"

namespace gradvar {

enum class Resize { none, halve, twice };

struct BlockOptions {
  std::int64_t in = 0, out = 0;  // channels
  std::int64_t embedding = 0;    // E
  std::int64_t groups = 32;
  bool scale_shift = false;  // the embedding scales and shifts the second norm, or is added
  Resize resize = Resize::none;
  double dropout = 0;
  std::uint32_t dropout_layer = 0;  // its number among the network's dropouts
};

// What all blocks of one forward see.
struct BlockContext {
  Value silu_emb;
};

// h = conv3(silu(norm(x)))     resized before the convolution, x along with it
// h = conv3(drop(silu(norm(h + e))))   or silu(norm(h) (1 + s) + e), [s, e] = W silu_emb + b
// y = skip(x) + h              skip is a convolution of kernel 1 where the channels change
// Names: in_layers.0, in_layers.2, emb_layers.1, out_layers.0, out_layers.3, skip_connection.
template <class Real>
class ResBlock {
 public:
  ResBlock(ParameterSet<Real>& parameters, const std::string& prefix, const BlockOptions& options);
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x, const BlockContext& context) const;
  void initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const;

 private:
  [[nodiscard]] Value resized(Tape<Real>& tape, Value x) const;
  [[nodiscard]] Value dropped(Tape<Real>& tape, Value x) const;

  BlockOptions options_;
  Normalization<Real> in_norm_;
  Convolution<Real> in_conv_;
  Linear<Real> emb_;
  Normalization<Real> out_norm_;
  Convolution<Real> out_conv_;
  std::optional<Convolution<Real>> skip_;
};

// y = x + proj_out(attention(qkv(norm(x)))) over the H W positions of an image.
template <class Real>
class AttentionBlock {
 public:
  AttentionBlock(ParameterSet<Real>& parameters, const std::string& prefix, std::int64_t channels,
                 std::int64_t heads, std::int64_t groups);
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x, const BlockContext& context) const;
  void initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const;

 private:
  std::int64_t heads_;
  Normalization<Real> norm_;
  Convolution<Real> qkv_, proj_out_;
};

// A convolution between two sizes: "<prefix>.op" of stride 2, or "<prefix>.conv" after doubling.
template <class Real>
class ResizeConv {
 public:
  ResizeConv(ParameterSet<Real>& parameters, const std::string& prefix, std::int64_t channels,
             Resize resize);
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x, const BlockContext& context) const;
  void initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const;

 private:
  Resize resize_;
  Convolution<Real> conv_;
};

// The first layer of a U-Net.
template <class Real>
class InputConv {
 public:
  InputConv(ParameterSet<Real>& parameters, const std::string& prefix, std::int64_t in,
            std::int64_t out)
      : conv_(parameters, prefix, {.in = in, .out = out}) {}
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x, const BlockContext&) const {
    return conv_.forward(tape, x);
  }
  void initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const {
    conv_.initialise(parameters, seed);
  }

 private:
  Convolution<Real> conv_;
};

template <class Real>
using UNetLayer =
    std::variant<InputConv<Real>, ResBlock<Real>, AttentionBlock<Real>, ResizeConv<Real>>;

}  // namespace gradvar

// unet: v(x, t) of an image by a U-Net: blocks on the way down, a middle, blocks on the way up that
// see again what the way down left at their size.
//
//   emb = W silu(W embedding(t) + b) + b           embedding: sinusoids of t itself, as wide as
//                                                  `channels` (autograd/ops/time_embedding.cpp)
//   input_blocks    convolution; at each level: `blocks` residual blocks, each with attention where
//                   the level asks for it; then half the size, but for the last level
//   middle_block    residual block, attention, residual block
//   output_blocks   at each level from the last: `blocks` + 1 residual blocks of [h, skip], the
//   same
//                   attention; then twice the size, but for the first level
//   out             convolution of silu(norm(h))
//
// This is the UNetModel of the torchcfm package (and of guided diffusion, where it comes from),
// without classes: the parameters have its names and shapes, so that a state_dict saved as
// safetensors loads here and gives the same output, and its fresh weights follow the same rules. At
// first the velocity is zero everywhere, because the last convolution of every branch is.
//
// Trap: where a group of a norm is one channel (32 channels in 32 groups) the norm takes away what
// a whole channel was shifted by, so the bias of the convolution before it and, unless scale-shift
// is on, the block's emb_layers have no influence: their gradients are zero, but for rounding.
//
// `attention` lists sizes in pixels, of which size / each (rounded down) are the downsamplings at
// which there is attention: with size=28, attention=16 that is 28 / 16 = 1, the full size. A number
// that no level's downsampling equals has no effect, as in torchcfm.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/linear.h"
#include "nn/model.h"
#include "nn/unet_blocks.h"

namespace gradvar {

struct UNetOptions {
  std::int64_t size = 0;    // height and width; there is no default
  std::int64_t colors = 3;  // channels of an image
  std::int64_t channels = 32;
  std::vector<double> mult = {1, 2, 2};  // channels of a level / `channels`, rounded down
  std::int64_t blocks = 1;               // residual blocks a level
  std::vector<std::int64_t> attention = {16};
  std::int64_t heads = 1;
  std::int64_t head_channels = 0;  // width of a head instead of `heads`; 0 for none
  bool scale_shift = false;        // use_scale_shift_norm
  bool updown = false;             // resblock_updown
  double dropout = 0;
  std::int64_t groups = 32;  // of every norm

  // Throws std::invalid_argument, naming the key, unless such a network exists.
  void validate() const;
  // "unet:size=32,colors=3,channels=32,mult=1-2-2,blocks=1,attention=16,heads=1"; then what is not
  // as above, in the order above: ",head-channels=32,scale-shift=true,updown=true,dropout=0.1,
  // groups=8". attention=none for no level.
  [[nodiscard]] std::string spec() const;
  // The reverse. Every key but size may be left out. Throws std::invalid_argument.
  [[nodiscard]] static UNetOptions parse(std::string_view spec);

  [[nodiscard]] std::int64_t levels() const { return static_cast<std::int64_t>(mult.size()); }
  [[nodiscard]] std::int64_t level_channels(std::int64_t level) const;
  // Heads of an attention over so many channels.
  [[nodiscard]] std::int64_t heads_of(std::int64_t width) const;
  // Whether there is attention after `downsampling` has been halved so often: 1, 2, 4, ...
  [[nodiscard]] bool attends(std::int64_t downsampling) const;
  // How many numbers the weights are, roughly, without making them: for limits.
  [[nodiscard]] double rough_parameter_count() const;
};

template <class Real>
class UNet final : public Model<Real> {
 public:
  // A sample is {colors, size, size}, channels first as in PyTorch, or, `flat`, the same numbers as
  // a row. All weights zero until initialise() or a weights file fills them.
  explicit UNet(const UNetOptions& options, bool flat = false);

  [[nodiscard]] Shape sample_shape() const override;
  // x [B,colors,size,size] or [B,colors size size], t [B,1]; returns v, shaped like x. Dropout is
  // on where the tape knows which samples its rows are (Tape::set_random_rows).
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x, Value t) const override;
  [[nodiscard]] std::string spec() const override { return options_.spec(); }
  void initialise(std::uint64_t seed) override;

  [[nodiscard]] const UNetOptions& options() const { return options_; }

 private:
  using Sequence = std::vector<UNetLayer<Real>>;

  void add_input_blocks(std::vector<std::int64_t>& skips);
  void add_output_blocks(std::vector<std::int64_t>& skips);
  [[nodiscard]] UNetLayer<Real> res_block(const std::string& prefix, std::int64_t in,
                                          std::int64_t out, Resize resize = Resize::none);
  [[nodiscard]] UNetLayer<Real> attention_block(const std::string& prefix, std::int64_t channels);
  [[nodiscard]] UNetLayer<Real> resize_layer(const std::string& prefix, std::int64_t channels,
                                             Resize resize);

  UNetOptions options_;
  bool flat_;
  std::uint32_t dropouts_ = 0;
  std::vector<Linear<Real>> time_embed_;
  std::vector<Sequence> input_blocks_, output_blocks_;
  Sequence middle_block_;
  std::optional<Normalization<Real>> out_norm_;  // made last, as everything before has its name
  std::optional<Convolution<Real>> out_conv_;
};

}  // namespace gradvar

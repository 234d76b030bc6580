#include "nn/unet.h"

#include <utility>

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

UNetOptions validated(const UNetOptions& options) {
  options.validate();
  return options;
}

// What the layers of a sequence make of h, one after the other.
template <class Real>
Value through(Tape<Real>& tape, const std::vector<UNetLayer<Real>>& layers, Value h,
              const BlockContext& context) {
  for (const UNetLayer<Real>& layer : layers) {
    h = std::visit([&](const auto& one) { return one.forward(tape, h, context); }, layer);
  }
  return h;
}

}  // namespace

template <class Real>
UNet<Real>::UNet(const UNetOptions& options, bool flat)
    : options_(validated(options)), flat_(flat) {
  ParameterSet<Real>& set = this->parameters_;
  const std::int64_t wide = 4 * options_.channels;
  time_embed_.emplace_back(set, "time_embed.0", options_.channels, wide);
  time_embed_.emplace_back(set, "time_embed.2", wide, wide);

  std::vector<std::int64_t> skips;  // channels of what the way down leaves, last on top
  add_input_blocks(skips);
  const std::int64_t deepest = skips.back();
  middle_block_.push_back(res_block("middle_block.0", deepest, deepest));
  middle_block_.push_back(attention_block("middle_block.1", deepest));
  middle_block_.push_back(res_block("middle_block.2", deepest, deepest));
  add_output_blocks(skips);

  const std::int64_t first = options_.level_channels(0);
  out_norm_.emplace(set, "out.0", first, options_.groups);
  out_conv_.emplace(set, "out.2",
                    ConvolutionOptions{.in = first, .out = options_.colors, .zero = true});
}

template <class Real>
void UNet<Real>::add_input_blocks(std::vector<std::int64_t>& skips) {
  const auto next = [&] { return "input_blocks." + std::to_string(input_blocks_.size()); };
  std::int64_t channels = options_.level_channels(0);
  Sequence first;
  first.push_back(InputConv<Real>(this->parameters_, next() + ".0", options_.colors, channels));
  input_blocks_.push_back(std::move(first));
  skips.push_back(channels);
  for (std::int64_t level = 0; level < options_.levels(); ++level) {
    for (std::int64_t block = 0; block < options_.blocks; ++block) {
      Sequence layers;
      layers.push_back(res_block(next() + ".0", channels, options_.level_channels(level)));
      channels = options_.level_channels(level);
      if (options_.attends(std::int64_t{1} << level)) {
        layers.push_back(attention_block(next() + ".1", channels));
      }
      input_blocks_.push_back(std::move(layers));
      skips.push_back(channels);
    }
    if (level + 1 == options_.levels()) break;
    Sequence halving;
    halving.push_back(resize_layer(next() + ".0", channels, Resize::halve));
    input_blocks_.push_back(std::move(halving));
    skips.push_back(channels);
  }
}

template <class Real>
void UNet<Real>::add_output_blocks(std::vector<std::int64_t>& skips) {
  std::int64_t channels = skips.back();
  for (std::int64_t level = options_.levels() - 1; level >= 0; --level) {
    for (std::int64_t block = 0; block <= options_.blocks; ++block) {
      const std::string prefix = "output_blocks." + std::to_string(output_blocks_.size()) + ".";
      Sequence layers;
      layers.push_back(
          res_block(prefix + "0", channels + skips.back(), options_.level_channels(level)));
      skips.pop_back();
      channels = options_.level_channels(level);
      if (options_.attends(std::int64_t{1} << level)) {
        layers.push_back(attention_block(prefix + "1", channels));
      }
      if (level > 0 && block == options_.blocks) {
        layers.push_back(
            resize_layer(prefix + std::to_string(layers.size()), channels, Resize::twice));
      }
      output_blocks_.push_back(std::move(layers));
    }
  }
}

template <class Real>
UNetLayer<Real> UNet<Real>::res_block(const std::string& prefix, std::int64_t in, std::int64_t out,
                                      Resize resize) {
  return ResBlock<Real>(this->parameters_, prefix,
                        {.in = in,
                         .out = out,
                         .embedding = 4 * options_.channels,
                         .groups = options_.groups,
                         .scale_shift = options_.scale_shift,
                         .resize = resize,
                         .dropout = options_.dropout,
                         .dropout_layer = dropouts_++});
}

template <class Real>
UNetLayer<Real> UNet<Real>::attention_block(const std::string& prefix, std::int64_t channels) {
  return AttentionBlock<Real>(this->parameters_, prefix, channels, options_.heads_of(channels),
                              options_.groups);
}

template <class Real>
UNetLayer<Real> UNet<Real>::resize_layer(const std::string& prefix, std::int64_t channels,
                                         Resize resize) {
  if (options_.updown) return res_block(prefix, channels, channels, resize);
  return ResizeConv<Real>(this->parameters_, prefix, channels, resize);
}

template <class Real>
Shape UNet<Real>::sample_shape() const {
  const Shape planes{options_.colors, options_.size, options_.size};
  return flat_ ? Shape{planes.size()} : planes;
}

template <class Real>
Value UNet<Real>::forward(Tape<Real>& tape, Value x, Value t) const {
  const Shape given = tape.shape(x);
  const Shape planes{options_.colors, options_.size, options_.size};
  const bool is_flat = given == Shape{given.rows(), planes.size()};
  check(is_flat || given == planes.batched(given.rows()), "unet", [&] {
    return "x is " + given.to_string() + ", expected Bx" + planes.to_string() + " or Bx" +
           std::to_string(planes.size());
  });
  const Shape& ts = tape.shape(t);
  check((ts == Shape{given.rows(), 1}), "unet", [&] {
    return "t is " + ts.to_string() + ", expected " + Shape{given.rows(), 1}.to_string();
  });
  const Value sinusoids = time_embedding(tape, t, options_.channels, Real(1));
  const Value emb =
      time_embed_[1].forward(tape, silu(tape, time_embed_[0].forward(tape, sinusoids)));
  const BlockContext context{.silu_emb = silu(tape, emb)};  // every block begins with it

  Value h = channels_last(tape, is_flat ? reshape(tape, x, planes) : x);
  std::vector<Value> skips;
  for (const Sequence& layers : input_blocks_) {
    h = through(tape, layers, h, context);
    skips.push_back(h);
  }
  h = through(tape, middle_block_, h, context);
  for (const Sequence& layers : output_blocks_) {
    h = through(tape, layers, concat(tape, {h, skips.back()}), context);
    skips.pop_back();
  }
  h = out_conv_->forward(tape, silu(tape, out_norm_->forward(tape, h)));
  const Value v = channels_first(tape, h);
  return is_flat ? reshape(tape, v, given.sample()) : v;
}

template <class Real>
void UNet<Real>::initialise(std::uint64_t seed) {
  ParameterSet<Real>& set = this->parameters_;
  const auto fill = [&](const Sequence& layers) {
    for (const UNetLayer<Real>& layer : layers) {
      std::visit([&](const auto& one) { one.initialise(set, seed); }, layer);
    }
  };
  for (const Linear<Real>& layer : time_embed_) layer.initialise(set, seed);
  for (const Sequence& layers : input_blocks_) fill(layers);
  fill(middle_block_);
  for (const Sequence& layers : output_blocks_) fill(layers);
  out_norm_->initialise(set, seed);
  out_conv_->initialise(set, seed);
}

template class UNet<float>;
template class UNet<double>;

}  // namespace gradvar

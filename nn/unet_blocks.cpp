#include "nn/unet_blocks.h"

#include <numeric>
#include <span>

#include "autograd/ops.h"

namespace gradvar {

template <class Real>
ResBlock<Real>::ResBlock(ParameterSet<Real>& parameters, const std::string& prefix,
                         const BlockOptions& options)
    : options_(options),
      in_norm_(parameters, prefix + ".in_layers.0", options.in, options.groups),
      in_conv_(parameters, prefix + ".in_layers.2", {.in = options.in, .out = options.out}),
      emb_(parameters, prefix + ".emb_layers.1", options.embedding,
           options.scale_shift ? 2 * options.out : options.out),
      out_norm_(parameters, prefix + ".out_layers.0", options.out, options.groups),
      out_conv_(parameters, prefix + ".out_layers.3",
                {.in = options.out, .out = options.out, .zero = true}) {
  if (options.in != options.out) {
    skip_.emplace(parameters, prefix + ".skip_connection",
                  ConvolutionOptions{.in = options.in, .out = options.out, .kernel = 1});
  }
}

template <class Real>
Value ResBlock<Real>::forward(Tape<Real>& tape, Value x, const BlockContext& context) const {
  Value h = resized(tape, silu(tape, in_norm_.forward(tape, x)));
  x = resized(tape, x);
  h = in_conv_.forward(tape, h);
  const Value emb = emb_.forward(tape, context.silu_emb);
  if (options_.scale_shift) {
    const std::int64_t channels = options_.out;
    h = scale_shift(tape, out_norm_.forward(tape, h), slice(tape, emb, 0, channels),
                    slice(tape, emb, channels, 2 * channels));
  } else {
    h = out_norm_.forward(tape, add_per_channel(tape, h, emb));
  }
  h = out_conv_.forward(tape, dropped(tape, silu(tape, h)));
  return add(tape, skip_ ? skip_->forward(tape, x) : x, h);
}

template <class Real>
Value ResBlock<Real>::resized(Tape<Real>& tape, Value x) const {
  if (options_.resize == Resize::halve) return average_pool(tape, x);
  if (options_.resize == Resize::twice) return upsample_nearest(tape, x);
  return x;
}

template <class Real>
Value ResBlock<Real>::dropped(Tape<Real>& tape, Value x) const {
  if (options_.dropout == 0 || !tape.random_rows()) return x;
  const RandomRows& rows = *tape.random_rows();
  std::uint32_t* samples = tape.arena().template allocate<std::uint32_t>(tape.batch());
  std::iota(samples, samples + tape.batch(), static_cast<std::uint32_t>(rows.first));
  return dropout(tape, x,
                 {.rate = options_.dropout,
                  .seed = rows.seed,
                  .step = rows.step,
                  .layer = options_.dropout_layer,
                  .samples = {samples, static_cast<std::size_t>(tape.batch())}});
}

template <class Real>
void ResBlock<Real>::initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const {
  in_norm_.initialise(parameters, seed);
  in_conv_.initialise(parameters, seed);
  emb_.initialise(parameters, seed);
  out_norm_.initialise(parameters, seed);
  out_conv_.initialise(parameters, seed);
  if (skip_) skip_->initialise(parameters, seed);
}

template <class Real>
AttentionBlock<Real>::AttentionBlock(ParameterSet<Real>& parameters, const std::string& prefix,
                                     std::int64_t channels, std::int64_t heads, std::int64_t groups)
    : heads_(heads),
      norm_(parameters, prefix + ".norm", channels, groups),
      qkv_(parameters, prefix + ".qkv",
           {.in = channels, .out = 3 * channels, .kernel = 1, .axes = 1}),
      proj_out_(parameters, prefix + ".proj_out",
                {.in = channels, .out = channels, .kernel = 1, .axes = 1, .zero = true}) {}

template <class Real>
Value AttentionBlock<Real>::forward(Tape<Real>& tape, Value x, const BlockContext&) const {
  const Shape image = tape.shape(x).sample();
  const Value h =
      qkv_.forward(tape, reshape(tape, norm_.forward(tape, x), {image[0] * image[1], image[2]}));
  const Value y = proj_out_.forward(tape, attention(tape, h, heads_));
  return add(tape, x, reshape(tape, y, image));
}

template <class Real>
void AttentionBlock<Real>::initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const {
  norm_.initialise(parameters, seed);
  qkv_.initialise(parameters, seed);
  proj_out_.initialise(parameters, seed);
}

template <class Real>
ResizeConv<Real>::ResizeConv(ParameterSet<Real>& parameters, const std::string& prefix,
                             std::int64_t channels, Resize resize)
    : resize_(resize),
      conv_(parameters, prefix + (resize == Resize::halve ? ".op" : ".conv"),
            {.in = channels, .out = channels, .stride = resize == Resize::halve ? 2 : 1}) {}

template <class Real>
Value ResizeConv<Real>::forward(Tape<Real>& tape, Value x, const BlockContext&) const {
  return conv_.forward(tape, resize_ == Resize::twice ? upsample_nearest(tape, x) : x);
}

template <class Real>
void ResizeConv<Real>::initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const {
  conv_.initialise(parameters, seed);
}

template class ResBlock<float>;
template class ResBlock<double>;
template class AttentionBlock<float>;
template class AttentionBlock<double>;
template class ResizeConv<float>;
template class ResizeConv<double>;

}  // namespace gradvar

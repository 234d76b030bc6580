// unet: what a training step of a U-Net costs, plain and with the exact variance of every
// parameter, on two lanes and two threads: channels 32, mult 1-2-2, one block, attention at 16, B
// = 32.
//
//   BM_UNetStep/plain            forward, backward, merge of the mean gradient (no optimiser)
//   BM_UNetStep/variance         the same with the variance of every parameter element
//   BM_UNetStep/forward          the losses alone
//   BM_UNetStep/train            plain with the flow-matching loss, then a step of Adam
//   BM_UNetStep/train_variance   variance with the flow-matching loss, then a step of Adam
//
// Mean and variance are checked against one backward pass a sample, at B = 4, before anything is
// timed. FLOPs/s counts the products of convolutions, dense layers and attention of a plain step.
// The held bytes are those of the tapes. bench/peers/torch_unet.py time is PyTorch's side.

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "autograd/collectors/moments.h"
#include "autograd/collectors/sum.h"
#include "autograd/engine.h"
#include "bench/unet_problem.h"
#include "nn/adam.h"

namespace gradvar {
namespace {

void compare(const char* what, std::span<const float> mine, std::span<const double> theirs) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(mine[i]) - theirs[i]));
    largest = std::max(largest, std::abs(theirs[i]));
  }
  if (worst <= 1e-4 * largest) return;
  std::cerr << "unet_bench: " << what << " is off by " << worst / largest << ", nothing is timed\n";
  std::exit(1);
}

void check_images(std::int64_t size) {
  Images images(size, 4);
  MomentsCollector<float> moments;
  images.run(images.engine, 0, 4, {&moments});
  StreamingMoments truth(images.net.parameters().layout());
  const Tensor<float> nothing(Shape{images.net.parameters().layout().padded_size()});
  Engine<float> single(images.net.parameters(), images.pool, 1);
  for (std::int64_t n = 0; n < 4; ++n) {
    SumCollector<float> gradient;
    images.run(single, n, 1, {&gradient});
    truth.merge<float>(gradient.mean(), nothing.values(), {1, 1, 1});
  }
  compare("the mean", std::as_const(moments).mean(), truth.mean());
  compare("the variance", moments.squared_deviations(), truth.squared_deviations());
}

// Multiplications and additions of one sample's forward: convolutions and dense layers by their
// weights and positions, attention by its two products.
double forward_flops(const UNet<float>& net) {
  const UNetOptions& o = net.options();
  double flops = 0;
  const auto positions = [&](std::int64_t level) { return std::pow(o.size >> level, 2); };
  const auto convolution = [&](std::int64_t level, std::int64_t in, std::int64_t out, int kernel) {
    flops += 2.0 * positions(level) * static_cast<double>(in * out * kernel * kernel);
  };
  const auto block = [&](std::int64_t level, std::int64_t in, std::int64_t out) {
    convolution(level, in, out, 3);
    convolution(level, out, out, 3);
    if (in != out) convolution(level, in, out, 1);
  };
  const auto attention = [&](std::int64_t level, std::int64_t width) {
    convolution(level, width, 4 * width, 1);
    flops += 4.0 * positions(level) * positions(level) * static_cast<double>(width);
  };
  std::vector<std::int64_t> skips = {o.level_channels(0)};
  convolution(0, o.colors, skips.back(), 3);
  for (std::int64_t level = 0; level < o.levels(); ++level) {
    for (std::int64_t b = 0; b < o.blocks; ++b) {
      block(level, skips.back(), o.level_channels(level));
      skips.push_back(o.level_channels(level));
      if (o.attends(std::int64_t{1} << level)) attention(level, skips.back());
    }
    if (level + 1 == o.levels()) break;
    convolution(level + 1, skips.back(), skips.back(), 3);
    skips.push_back(skips.back());
  }
  const std::int64_t last = o.levels() - 1;
  std::int64_t width = skips.back();
  block(last, width, width);
  attention(last, width);
  block(last, width, width);
  for (std::int64_t level = last; level >= 0; --level) {
    for (std::int64_t b = 0; b <= o.blocks; ++b) {
      block(level, width + skips.back(), o.level_channels(level));
      width = o.level_channels(level);
      skips.pop_back();
      if (o.attends(std::int64_t{1} << level)) attention(level, width);
    }
    if (level > 0) convolution(level - 1, width, width, 3);
  }
  convolution(0, width, o.colors, 3);
  return flops;
}

enum class What { kForward, kPlain, kVariance, kTrain, kTrainVariance };

void BM_UNetStep(benchmark::State& state, What what) {
  const std::int64_t size = state.range(0), batch = state.range(1);
  check_images(size);
  Images images(size, batch);
  SumCollector<float> gradient;
  MomentsCollector<float> moments;
  Adam<float> adam(images.net.parameters().layout());
  const auto update = [&](std::span<const float> mean) {
    adam.step(images.net.parameters().flat(), mean, 1e-4, &images.pool);
  };
  const auto step = [&] {
    if (what == What::kForward) images.run(images.engine, 0, batch, {});
    if (what == What::kPlain) images.run(images.engine, 0, batch, {&gradient});
    if (what == What::kVariance) images.run(images.engine, 0, batch, {&moments});
    if (what == What::kTrain) {
      images.flow({&gradient});
      update(gradient.mean());
    }
    if (what == What::kTrainVariance) {
      images.flow({&moments});
      update(moments.mean());
    }
  };
  // The second step finds its memory in one block, from then on nothing is allocated.
  step();
  step();
  for (auto _ : state) step();
  const double passes = what == What::kForward ? 1 : 3;
  state.counters["FLOPs"] =
      benchmark::Counter(passes * static_cast<double>(batch) * forward_flops(images.net),
                         benchmark::Counter::kIsIterationInvariantRate);
  state.counters["held_MiB"] = static_cast<double>(images.engine.held_bytes()) / (1024.0 * 1024.0);
}
void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"size", "B"})->UseRealTime()->Unit(benchmark::kMillisecond);
  bench->Args({32, 32})->Args({16, 32});
}
BENCHMARK_CAPTURE(BM_UNetStep, plain, What::kPlain)->Apply(sizes);
BENCHMARK_CAPTURE(BM_UNetStep, variance, What::kVariance)->Apply(sizes);
BENCHMARK_CAPTURE(BM_UNetStep, forward, What::kForward)->Apply(sizes);
BENCHMARK_CAPTURE(BM_UNetStep, train, What::kTrain)->Apply(sizes);
BENCHMARK_CAPTURE(BM_UNetStep, train_variance, What::kTrainVariance)->Apply(sizes);

}  // namespace
}  // namespace gradvar

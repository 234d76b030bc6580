// conv: what one convolution costs, forward, backward and with statistics, on two lanes and two
// threads: the layers of the U-Net channels=32, mult=1-2-2 on images of 32x32.
//
//   BM_Conv/forward   y alone
//   BM_Conv/plain     forward, backward to x, and the mean gradient
//   BM_Conv/variance  the same with the exact variance of every parameter element
//   BM_Conv/norms     the same with every sample's squared gradient norm
//   BM_Conv/naive     variance the naive way: one backward a sample, folded in f64
//
// C channels in and O out, size x size pixels in, a k x k window, stride s, B samples. Every shape
// is checked before it is timed: variance and norms against the naive way. FLOPs/s are those of the
// convolution's own products: one forward, and two more (dx, dW) in a step, also for what does
// more.

#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <set>
#include <vector>

#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/sum.h"
#include "autograd/engine.h"
#include "autograd/ops.h"
#include "autograd/random.h"

namespace gradvar {
namespace {

constexpr int kThreads = 2, kLanes = 2;

struct Layer {
  Layer(std::int64_t size, std::int64_t in, std::int64_t out, std::int64_t kernel,
        std::int64_t stride_, std::int64_t samples)
      : batch(samples), stride(stride_), pool(kThreads) {
    weight = parameters.add("conv.weight", {out, in, kernel, kernel});
    bias = parameters.add("conv.bias", {out});
    const std::int64_t made = (size - 1) / stride + 1;
    x = Tensor<float>(Shape{samples, size, size, in});
    target = Tensor<float>(Shape{samples, made, made, out});
    losses.resize(samples);
    const RandomStream stream(1, Purpose::kTest);
    stream.normals<float>(0, 0, x.values());
    stream.normals<float>(1, 0, target.values());
    stream.normals<float>(2, 0, parameters.values(weight));
    products = static_cast<double>(samples * made * made * out * in * kernel * kernel);
  }

  [[nodiscard]] Value losses_of(Tape<float>& tape, const LaneRows<float>& rows) const {
    const auto part = [&](const Tensor<float>& all) {
      return all.values().subspan(rows.begin * all.row_size(), rows.count * all.row_size());
    };
    const auto shape = [&](const Tensor<float>& all) {
      const Shape& s = all.shape();
      return Shape{rows.count, s[1], s[2], s[3]};
    };
    const Value y = conv2d(tape, tape.variable(part(x), shape(x)), weight, bias, stride);
    return squared_error(tape, y, tape.input(part(target), shape(target)));
  }
  void run(Engine<float>& engine, std::initializer_list<Collector<float>*> collectors) {
    engine.run(
        batch,
        [&](Tape<float>& tape, const LaneRows<float>& rows) { return losses_of(tape, rows); },
        collectors, losses);
  }
  void forward(Engine<float>& engine) {
    engine.forward(
        batch,
        [&](Tape<float>& tape, const LaneRows<float>& rows) { return losses_of(tape, rows); },
        losses);
  }

  std::int64_t batch, stride;
  ParameterSet<float> parameters;
  ParameterId weight, bias;
  LanePool pool;
  Tensor<float> x, target;
  std::vector<float> losses;
  double products = 0;
};

// One backward pass a sample.
struct Naive {
  StreamingMoments moments;
  std::vector<double> norms;
};
Naive naive(Layer& layer) {
  Naive result{StreamingMoments(layer.parameters.layout()), {}};
  LanePool alone(1);
  Engine<float> engine(layer.parameters, alone, 1);
  const Tensor<float> nothing(Shape{layer.parameters.layout().padded_size()});
  SumCollector<float> gradient;
  float loss = 0;
  for (std::int64_t n = 0; n < layer.batch; ++n) {
    engine.run(1,
               [&](Tape<float>& tape, const LaneRows<float>&) {
                 return layer.losses_of(tape, {0, n, 1, {}});
               },
               {&gradient}, {&loss, 1});
    result.moments.merge<float>(gradient.mean(), nothing.values(), {1, 1, 1});
    double norm = 0;
    for (const float g : gradient.mean()) norm += static_cast<double>(g) * static_cast<double>(g);
    result.norms.push_back(norm);
  }
  return result;
}

void check_layer(Layer& layer, Engine<float>& engine) {
  const Naive truth = naive(layer);
  MomentsCollector<float> moments;
  NormsCollector<float> norms;
  layer.run(engine, {&moments, &norms});
  const auto compare = [](const char* what, auto mine, auto theirs) {
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < mine.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(mine[i]) - theirs[i]));
      largest = std::max(largest, std::abs(theirs[i]));
    }
    if (worst <= 1e-4 * largest) return;
    std::cerr << "conv_bench: " << what << " is off by " << worst / largest
              << ", nothing is timed\n";
    std::exit(1);
  };
  compare("the variance", moments.squared_deviations(), truth.moments.squared_deviations());
  compare("the mean", std::as_const(moments).mean(), truth.moments.mean());
  compare("a norm", norms.squared_norms(), std::span<const double>(truth.norms));
}

enum class What { kForward, kPlain, kVariance, kNorms, kNaive };

void BM_Conv(benchmark::State& state, What what) {
  Layer layer(state.range(0), state.range(1), state.range(2), state.range(3), state.range(4),
              state.range(5));
  Engine<float> engine(layer.parameters, layer.pool, kLanes);
  static std::set<std::array<std::int64_t, 6>> checked;
  if (checked
          .insert({state.range(0), state.range(1), state.range(2), state.range(3), state.range(4),
                   state.range(5)})
          .second) {
    check_layer(layer, engine);
  }
  SumCollector<float> sum;
  MomentsCollector<float> moments;
  NormsCollector<float> norms;
  const auto step = [&] {
    switch (what) {
      case What::kForward:
        layer.forward(engine);
        break;
      case What::kPlain:
        layer.run(engine, {&sum});
        break;
      case What::kVariance:
        layer.run(engine, {&moments});
        break;
      case What::kNorms:
        layer.run(engine, {&sum, &norms});
        break;
      case What::kNaive:
        benchmark::DoNotOptimize(naive(layer));
        break;
    }
  };
  step();  // the first step takes its memory from the system
  for (auto _ : state) step();
  state.counters["FLOPs"] = benchmark::Counter(layer.products * (what == What::kForward ? 2 : 6),
                                               benchmark::Counter::kIsIterationInvariantRate);
}

void shape(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"size", "C", "O", "k", "s", "B"})->UseRealTime();
  bench->Unit(benchmark::kMillisecond);
}
void shapes(benchmark::internal::Benchmark* bench) {
  shape(bench);
  bench->Args({32, 3, 32, 3, 1, 32})->Args({32, 32, 32, 3, 1, 32})->Args({32, 96, 32, 3, 1, 32});
  bench->Args({32, 32, 3, 3, 1, 32})->Args({32, 32, 32, 3, 2, 32})->Args({16, 32, 64, 3, 1, 32});
  bench->Args({16, 64, 64, 3, 1, 32})->Args({16, 128, 64, 3, 1, 32})->Args({16, 64, 64, 3, 2, 32});
  bench->Args({16, 128, 64, 1, 1, 32})->Args({8, 64, 64, 3, 1, 32})->Args({8, 128, 64, 3, 1, 32});
}
BENCHMARK_CAPTURE(BM_Conv, forward, What::kForward)->Apply(shapes);
BENCHMARK_CAPTURE(BM_Conv, plain, What::kPlain)->Apply(shapes);
BENCHMARK_CAPTURE(BM_Conv, variance, What::kVariance)->Apply(shapes);
BENCHMARK_CAPTURE(BM_Conv, norms, What::kNorms)->Apply(shapes);
BENCHMARK_CAPTURE(BM_Conv, naive, What::kNaive)->Apply(shape)->Args({16, 64, 64, 3, 1, 32});

}  // namespace
}  // namespace gradvar

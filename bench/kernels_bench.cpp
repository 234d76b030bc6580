// kernels: the element-wise loops against their scalar references, after checking that they agree.

#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "autograd/kernels.h"
#include "autograd/random.h"

namespace gradvar {
namespace {

struct Activation {
  const char* name;
  void (*fast)(const float*, float*, std::int64_t);
  float (*reference)(float);
};

float silu_reference(float x) { return x / (1 + std::exp(-x)); }
float selu_reference(float x) { return 1.05070098F * (x > 0 ? x : 1.67326324F * std::expm1(x)); }
float tanh_reference(float x) { return std::tanh(x); }

constexpr Activation kActivations[] = {{"silu", kernels::silu, silu_reference},
                                       {"selu", kernels::selu, selu_reference},
                                       {"tanh", kernels::tanh, tanh_reference}};

std::vector<float> inputs(std::int64_t n) {
  std::vector<float> x(n);
  RandomStream(1, Purpose::kTest).normals<float>(0, 0, x);
  return x;
}

void count(benchmark::State& state) {
  state.counters["elements"] = benchmark::Counter(static_cast<double>(state.range(0)),
                                                  benchmark::Counter::kIsIterationInvariantRate);
}

void BM_Activation(benchmark::State& state, const Activation* activation, bool fast) {
  const std::int64_t n = state.range(0);
  const std::vector<float> x = inputs(n);
  std::vector<float> y(n);
  activation->fast(x.data(), y.data(), n);
  for (std::int64_t i = 0; i < n; ++i) {
    const float expected = activation->reference(x[i]);
    if (std::abs(y[i] - expected) > 1e-6F * (1 + std::abs(expected))) {
      std::cerr << "kernels_bench: " << activation->name << " is wrong, nothing is timed\n";
      std::exit(1);
    }
  }
  for (auto _ : state) {
    if (fast) {
      activation->fast(x.data(), y.data(), n);
    } else {
      for (std::int64_t i = 0; i < n; ++i) y[i] = activation->reference(x[i]);
    }
    benchmark::ClobberMemory();
  }
  count(state);
}
BENCHMARK_CAPTURE(BM_Activation, silu_fast, &kActivations[0], true)->Arg(16384);
BENCHMARK_CAPTURE(BM_Activation, silu_reference, &kActivations[0], false)->Arg(16384);
BENCHMARK_CAPTURE(BM_Activation, selu_fast, &kActivations[1], true)->Arg(16384);
BENCHMARK_CAPTURE(BM_Activation, selu_reference, &kActivations[1], false)->Arg(16384);
BENCHMARK_CAPTURE(BM_Activation, tanh_fast, &kActivations[2], true)->Arg(16384);
BENCHMARK_CAPTURE(BM_Activation, tanh_reference, &kActivations[2], false)->Arg(16384);

// The loop that merges two lanes' moments, in f64 and in place.
void BM_MergeMoments(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const std::vector<float> sum_b = inputs(n), m2_b(n, 400.0F);
  std::vector<float> sum_a(n), m2_a(n);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        kernels::merge_moments(sum_a.data(), m2_a.data(), sum_b.data(), m2_b.data(),
                               {1.0 / 128, 1.0 / 128, 1.0 / 128, 1.0 / 128, 64, 1.0 / 256}, n));
  }
  count(state);
}
BENCHMARK(BM_MergeMoments)->Arg(16384);

}  // namespace
}  // namespace gradvar

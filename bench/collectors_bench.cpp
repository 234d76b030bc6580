// collectors: one dense layer's per-sample statistics, each by its formula and by the naive way.
//
//   BM_DensePerSample/sum        S1 = Delta^T A
//   BM_DensePerSample/moments    S1 and S2 = (Delta*Delta)^T (A*A)
//   BM_DensePerSample/norms      |delta_n|^2 |a_n|^2
//   BM_DensePerSample/folded     moments by making each g_n whole: what T > 1 and sharing need
//   BM_DensePerSample/two_pass   moments by two passes over whole gradients in f64: the fallback
// One thread. Bytes and FLOPs per second are those of the plainest way of doing each.

#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/sum.h"
#include "autograd/random.h"

namespace gradvar {
namespace {

struct Layer {
  Layer(std::int64_t batch, std::int64_t in, std::int64_t out)
      : delta(Shape{batch, out}), a(Shape{batch, in}) {
    parameter = parameters.add("dense.weight", {out, in});
    const RandomStream stream(1, Purpose::kTest);
    stream.normals<float>(0, 0, delta.values());
    stream.normals<float>(1, 0, a.values());
    use = Factor<float>::outer(delta.data(), a.data(), 1);
    gradients = {parameter, batch, out, in, {&use, 1}};
  }
  ParameterSet<float> parameters;
  ParameterId parameter;
  Tensor<float> delta, a;
  Factor<float> use{};
  SampleGradients<float> gradients;
};

// A second use with zero factors changes no number and leaves only the folded road.
Factor<float> nothing(const Layer& layer, const Tensor<float>& zeros) {
  return Factor<float>::outer(zeros.data(), layer.a.data(), 1);
}

template <class Run>
void once(Collector<float>& collector, const Layer& layer, LanePool& pool, const Run& gradients) {
  Arena scratch;
  const std::int64_t batch = layer.gradients.batch;
  collector.begin(layer.parameters.layout(), {batch, 1, {}});
  Collector<float>* const one = &collector;
  offer<float>({&one, 1}, gradients, {0, 0, batch, {}}, scratch);
  collector.merge(pool);
}

void check_against_two_pass(const Layer& layer, const MomentsCollector<float>& moments) {
  Arena scratch;
  std::vector<float> sum(layer.gradients.size()), m2(layer.gradients.size());
  centred_moments<float>(layer.gradients, {}, scratch, sum.data(), m2.data());
  for (std::size_t i = 0; i < m2.size(); ++i) {
    if (std::abs(moments.squared_deviations()[i] - m2[i]) > 1e-4F * m2[0] * 100) {
      std::cerr << "collectors_bench: element " << i << " is wrong, nothing is timed\n";
      std::exit(1);
    }
  }
}

enum class What { kSum, kMoments, kNorms, kFolded, kTwoPass };

void BM_DensePerSample(benchmark::State& state, What what) {
  const Layer layer(state.range(0), state.range(1), state.range(2));
  LanePool pool(1);
  SumCollector<float> sum;
  MomentsCollector<float> moments;
  NormsCollector<float> norms;
  once(moments, layer, pool, layer.gradients);
  check_against_two_pass(layer, moments);

  const Tensor<float> zeros(layer.delta.shape());
  const Factor<float> uses[] = {layer.use, nothing(layer, zeros)};
  SampleGradients<float> shared = layer.gradients;
  shared.uses = uses;
  Arena scratch;
  std::vector<float> s1(layer.gradients.size()), m2(layer.gradients.size());
  for (auto _ : state) {
    switch (what) {
      case What::kSum:
        once(sum, layer, pool, layer.gradients);
        break;
      case What::kMoments:
        once(moments, layer, pool, layer.gradients);
        break;
      case What::kNorms:
        once(norms, layer, pool, layer.gradients);
        break;
      case What::kFolded:
        once(moments, layer, pool, shared);
        break;
      case What::kTwoPass:
        centred_moments<float>(layer.gradients, {}, scratch, s1.data(), m2.data());
        break;
    }
  }
  const auto products = static_cast<double>(state.range(0) * state.range(1) * state.range(2));
  state.counters["FLOPs"] =
      benchmark::Counter(2 * products, benchmark::Counter::kIsIterationInvariantRate);
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"B", "I", "O"})->Unit(benchmark::kMicrosecond);
  bench->Args({256, 64, 64})->Args({64, 256, 256})->Args({256, 256, 256})->Args({512, 512, 512});
}
BENCHMARK_CAPTURE(BM_DensePerSample, sum, What::kSum)->Apply(shapes);
BENCHMARK_CAPTURE(BM_DensePerSample, moments, What::kMoments)->Apply(shapes);
BENCHMARK_CAPTURE(BM_DensePerSample, norms, What::kNorms)->Apply(shapes);
BENCHMARK_CAPTURE(BM_DensePerSample, folded, What::kFolded)->Apply(shapes);
BENCHMARK_CAPTURE(BM_DensePerSample, two_pass, What::kTwoPass)->Apply(shapes);

}  // namespace
}  // namespace gradvar

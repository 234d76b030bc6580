// variance: what the exact variance of a whole set of pairs costs, against training on as many
// samples. 1,000 pairs x 32 times of a 3-256-256-256-2 network, f32, two lanes on two threads.
//
//   BM_Exact/training     Adam steps on batches of 256 until 32,000 samples are seen
//   BM_Exact/first_pass   mean and variance of every parameter (flow/variance.h)
//   BM_Exact/second_pass  pairs, attribution, intervals (flow/pair_statistics.h)
//
// The passes are checked before they are timed: the attribution of the second must add up to the
// trace of the first. Rates count samples, so the ratio of two rates is the ratio of two times.

#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "flow/pair_source.h"
#include "flow/pair_statistics.h"
#include "flow/trainer.h"
#include "flow/variance.h"
#include "nn/adam.h"
#include "nn/mlp.h"

namespace gradvar {
namespace {

constexpr std::int64_t kPairs = 1000, kTimes = 32, kSamples = kPairs * kTimes, kBatch = 256;

Tensor<double> normals(std::uint64_t which, double shift) {
  Tensor<double> points(Shape{kPairs, 2});
  RandomStream(1, Purpose::kTest).normals<double>(which, 0, points.values());
  for (double& value : points.values()) value += shift;
  return points;
}

struct Case {
  Case()
      : source(normals(0, 0), normals(1, 5), 1),
        x0(convert<float>(normals(0, 0))),
        x1(convert<float>(normals(1, 5))),
        pool(2),
        optimizer(model.parameters().layout(), {}),
        trainer((model.initialise(1), model), source, optimizer, {.batch = kBatch}, pool) {}

  [[nodiscard]] VarianceReport first_pass() {
    return measure_variance(trainer.engine(), model, {}, x0, x1, options);
  }
  [[nodiscard]] PairReport second_pass(const VarianceReport& first) {
    return measure_pairs(trainer.engine(), model, {}, x0, x1, options, first);
  }

  VarianceOptions options{.time_bins = 4, .nodes_per_bin = 8};
  Mlp<float> model{{.dim = 2, .width = 256, .depth = 3}};
  FixedPairs<float> source;
  Tensor<float> x0, x1;
  LanePool pool;
  Adam<float> optimizer;
  Trainer<float> trainer;
};

void check_passes(Case& c) {
  const VarianceReport first = c.first_pass();
  const double total = c.second_pass(first).whole.parts().total();
  if (std::abs(total - first.whole.trace) <= 1e-4 * first.whole.trace) return;
  std::cerr << "variance_bench: the parts add up to " << total << " and the trace is "
            << first.whole.trace << ", nothing is timed\n";
  std::exit(1);
}

enum class What { kTraining, kFirstPass, kSecondPass };

void BM_Exact(benchmark::State& state, What what) {
  Case c;
  check_passes(c);
  const VarianceReport first = c.first_pass();
  for (auto _ : state) {
    switch (what) {
      case What::kTraining:
        for (std::int64_t seen = 0; seen < kSamples; seen += kBatch) c.trainer.step();
        break;
      case What::kFirstPass:
        benchmark::DoNotOptimize(c.first_pass());
        break;
      case What::kSecondPass:
        benchmark::DoNotOptimize(c.second_pass(first));
        break;
    }
  }
  state.SetItemsProcessed(state.iterations() * kSamples);
}
BENCHMARK_CAPTURE(BM_Exact, training, What::kTraining)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Exact, first_pass, What::kFirstPass)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Exact, second_pass, What::kSecondPass)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gradvar

// step: what a training step costs, plain and with statistics, on two lanes and two threads.
//
//   BM_Gemm          single-threaded f32 product on each of two threads: what the cores can give
//   BM_Step/plain    forward, backward, merge of the mean gradient (no optimiser)
//   BM_Step/variance the same with the exact variance of every parameter element
//   BM_Step/norms    the same with every sample's squared gradient norm
//   BM_Step/naive    variance the naive way: one backward a sample, folded in f64
//
// Every shape is checked before it is timed: variance and norms against the naive way. The counter
// FLOPs/s counts the multiplications and additions of the plain step's matrix products for all of
// them, so that the ratio of two rates is the ratio of two times.

#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <set>
#include <thread>

#include "autograd/blas.h"
#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/collectors/sum.h"
#include "autograd/engine.h"
#include "autograd/ops.h"
#include "autograd/random.h"
#include "bench/step_problem.h"

namespace gradvar {
namespace {

// One backward pass a sample.
struct Naive {
  StreamingMoments moments;
  std::vector<double> norms;
};
Naive naive(Problem& problem) {
  Naive result{StreamingMoments(problem.model.parameters().layout()), {}};
  LanePool alone(1);
  Engine<float> engine(problem.model.parameters(), alone, 1);
  const Tensor<float> nothing(Shape{problem.model.parameters().layout().padded_size()});
  SumCollector<float> gradient;
  float loss = 0;
  for (std::int64_t n = 0; n < problem.batch; ++n) {
    engine.run(1,
               [&](Tape<float>& tape, const LaneRows<float>&) {
                 const auto row = [&](const Tensor<float>& all) {
                   return tape.input(all.row(n), {1, all.row_size()});
                 };
                 return squared_error(tape,
                                      problem.model.forward(tape, row(problem.x), row(problem.t)),
                                      row(problem.u));
               },
               {&gradient}, {&loss, 1});
    result.moments.merge<float>(gradient.mean(), nothing.values(), {1, 1, 1});
    double norm = 0;
    for (const float g : gradient.mean()) norm += static_cast<double>(g) * static_cast<double>(g);
    result.norms.push_back(norm);
  }
  return result;
}

void refuse(const char* what, double difference) {
  std::cerr << "step_bench: " << what << " is off by " << difference << ", nothing is timed\n";
  std::exit(1);
}

void check_step(Problem& problem) {
  const Naive truth = naive(problem);
  MomentsCollector<float> moments;
  NormsCollector<float> norms;
  problem.run({&moments, &norms});
  const auto compare = [](const char* what, auto mine, auto theirs) {
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < mine.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(mine[i]) - theirs[i]));
      largest = std::max(largest, std::abs(theirs[i]));
    }
    if (!(worst <= 1e-4 * largest)) refuse(what, worst / largest);
  };
  compare("the variance", moments.squared_deviations(), truth.moments.squared_deviations());
  compare("the mean", std::as_const(moments).mean(), truth.moments.mean());
  compare("a norm", norms.squared_norms(), std::span<const double>(truth.norms));
}

enum class What { kPlain, kVariance, kNorms, kNaive };

void BM_Step(benchmark::State& state, What what) {
  Problem problem(state.range(0), state.range(1), state.range(2), state.range(3));
  static std::set<std::array<std::int64_t, 4>> checked;
  if (checked.insert({state.range(0), state.range(1), state.range(2), state.range(3)}).second) {
    check_step(problem);
  }
  SumCollector<float> sum;
  MomentsCollector<float> moments;
  NormsCollector<float> norms;
  const auto step = [&] {
    switch (what) {
      case What::kPlain:
        problem.run({&sum});
        break;
      case What::kVariance:
        problem.run({&moments});
        break;
      case What::kNorms:
        problem.run({&sum, &norms});
        break;
      case What::kNaive:
        benchmark::DoNotOptimize(naive(problem));
        break;
    }
  };
  // The first step takes its memory from the system in pieces, the second in one (Arena::reset).
  for (int i = 0; i < 3; ++i) step();
  for (auto _ : state) step();
  state.counters["FLOPs"] =
      benchmark::Counter(problem.flops, benchmark::Counter::kIsIterationInvariantRate);
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"dim", "width", "depth", "B"})->UseRealTime()->Unit(benchmark::kMillisecond);
  bench->Args({2, 64, 3, 256})->Args({2, 256, 3, 256})->Args({2, 256, 3, 1024});
  bench->Args({50, 512, 4, 256})->Args({50, 512, 4, 1024});
}
BENCHMARK_CAPTURE(BM_Step, plain, What::kPlain)->Apply(shapes);
BENCHMARK_CAPTURE(BM_Step, variance, What::kVariance)->Apply(shapes);
BENCHMARK_CAPTURE(BM_Step, norms, What::kNorms)->Apply(shapes);
BENCHMARK_CAPTURE(BM_Step, naive, What::kNaive)
    ->ArgNames({"dim", "width", "depth", "B"})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Args({2, 256, 3, 256});

// Two threads, each with its own single-threaded product of a hidden layer's size.
void BM_Gemm(benchmark::State& state) {
  const std::int64_t m = state.range(0), n = state.range(1), k = state.range(1);
  Tensor<float> a(Shape{m, k}), b(Shape{n, k}), c(Shape{m, n});
  const RandomStream stream(1, Purpose::kTest);
  stream.normals<float>(0, 0, a.values());
  stream.normals<float>(1, 0, b.values());
  for (auto _ : state) {
    blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, m, n, k, 1.0F, a.data(), k, b.data(), k,
               0.0F, c.data(), n);
    benchmark::ClobberMemory();
  }
  state.counters["FLOPs"] = benchmark::Counter(2.0 * static_cast<double>(m * n * k),
                                               benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_Gemm)
    ->ArgNames({"rows", "width"})
    ->Args({128, 64})
    ->Args({128, 512})
    ->Args({512, 256})
    ->Args({128, 256})
    ->Args({512, 512})
    ->Threads(kThreads)
    ->UseRealTime();

}  // namespace
}  // namespace gradvar

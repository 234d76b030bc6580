// paired: ratios of a training step's costs on a machine that is not quiet.
//
// Other work on a machine comes in bursts of tens of milliseconds and more. So what is compared is
// timed in turns, a block of some 10 ms each: a product of matrices, the plain step, the step with
// variance, the step with norms, and the next time round backwards. A ratio is taken within each
// turn, whose parts a burst slows alike, and the median over turns is reported.
//
//   plain_ms     the plain step, median
//   variance     the step with the exact variance of every parameter element / plain
//   norms        the step with every sample's squared gradient norm / plain
//   gemm_share   FLOPs/s of the plain step / those of two single-threaded products side by side,
//                as large as a lane's hidden layer
//
// What is timed is checked by step_bench.cpp, which times the same alone.

#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "autograd/blas.h"
#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/sum.h"
#include "bench/step_problem.h"

namespace gradvar {
namespace {

constexpr double kBlockSeconds = 0.01;

// A product on each of two threads.
class Products {
 public:
  Products(std::int64_t rows, std::int64_t width, LanePool& pool)
      : rows_(rows), width_(width), pool_(pool) {
    for (Operands& of : operands_) {
      of = {Tensor<float>(Shape{rows, width}), Tensor<float>(Shape{width, width}),
            Tensor<float>(Shape{rows, width})};
      const RandomStream stream(1, Purpose::kTest);
      stream.normals<float>(0, 0, of.a.values());
      stream.normals<float>(1, 0, of.b.values());
    }
  }
  void run() {
    pool_.run(kThreads, [this](int thread) {
      Operands& of = operands_[thread];
      blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, rows_, width_, width_, 1.0F,
                 of.a.data(), width_, of.b.data(), width_, 0.0F, of.c.data(), width_);
    });
  }
  [[nodiscard]] double flops() const {
    return 2.0 * kThreads * static_cast<double>(rows_ * width_ * width_);
  }

 private:
  struct Operands {
    Tensor<float> a, b, c;
  };
  std::int64_t rows_, width_;
  LanePool& pool_;
  std::array<Operands, kThreads> operands_;
};

// One thing that is timed: so many times that a block takes kBlockSeconds or more.
class Block {
 public:
  explicit Block(std::function<void()> step) : step_(std::move(step)) {
    for (int i = 0; i < 3; ++i) step_();  // arenas come to their size
    repeats_ = 1;
    const double once = seconds();
    repeats_ = std::max(1, static_cast<int>(kBlockSeconds / once) + 1);
  }
  // Of one step, in the mean over a block.
  double seconds() {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats_; ++i) step_();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
           repeats_;
  }

 private:
  std::function<void()> step_;
  int repeats_ = 1;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

void BM_Paired(benchmark::State& state) {
  Problem problem(state.range(0), state.range(1), state.range(2), state.range(3));
  Products products(state.range(3) / kLanes, state.range(1), problem.pool);
  SumCollector<float> sum;
  MomentsCollector<float> moments;
  NormsCollector<float> norms;
  std::array<Block, 4> blocks = {Block([&] { products.run(); }),
                                 Block([&] { problem.run({&sum}); }),
                                 Block([&] { problem.run({&moments}); }), Block([&] {
                                   problem.run({&sum, &norms});
                                 })};
  std::vector<double> plain, variance, with_norms, share;
  bool forwards = true;
  for (auto _ : state) {
    std::array<double, 4> seconds{};
    for (int i = 0; i < 4; ++i) {
      const int which = forwards ? i : 3 - i;
      seconds[which] = blocks[which].seconds();
    }
    forwards = !forwards;
    plain.push_back(1e3 * seconds[1]);
    variance.push_back(seconds[2] / seconds[1]);
    with_norms.push_back(seconds[3] / seconds[1]);
    share.push_back(problem.flops / seconds[1] / (products.flops() / seconds[0]));
  }
  state.counters["plain_ms"] = median(plain);
  state.counters["variance"] = median(variance);
  state.counters["norms"] = median(with_norms);
  state.counters["gemm_share"] = median(share);
}
BENCHMARK(BM_Paired)
    ->ArgNames({"dim", "width", "depth", "B"})
    ->Args({2, 64, 3, 256})
    ->Args({2, 256, 3, 256})
    ->Args({2, 256, 3, 1024})
    ->Args({50, 512, 4, 256})
    ->Args({50, 512, 4, 1024})
    ->Iterations(60)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gradvar

// Exact assignment of n targets to n sources by squared distance, the cost matrix included. The
// prices of an answer must add up to its cost; that they nowhere exceed the cost is for the tests.

#include <benchmark/benchmark.h>
#include <cmath>
#include <string>

#include "autograd/random.h"
#include "flow/assignment.h"

namespace gradvar {
namespace {

Tensor<double> normal_rows(std::uint64_t set, std::int64_t n, std::int64_t d) {
  Tensor<double> rows(Shape{n, d});
  const RandomStream stream(1, Purpose::kTest);
  for (std::int64_t i = 0; i < n; ++i) {
    stream.normals<double>(set, static_cast<std::uint32_t>(i), rows.row(i));
  }
  return rows;
}

void BM_Assignment(benchmark::State& state) {
  const std::int64_t n = state.range(0), d = state.range(1);
  const Tensor<double> x = normal_rows(0, n, d), y = normal_rows(1, n, d);
  LanePool pool(2);
  double cost = 0, prices = 0;
  for (auto _ : state) {
    const Assignment found = optimal_assignment(x, y, &pool);
    cost = found.cost;
    prices = 0;
    for (std::int64_t i = 0; i < n; ++i) prices += found.row_price[i] + found.column_price[i];
  }
  if (std::abs(prices - cost) > 1e-9 * cost) {
    state.SkipWithError(("the prices add up to " + std::to_string(prices) + ", the pairs to " +
                         std::to_string(cost))
                            .c_str());
  }
}
BENCHMARK(BM_Assignment)
    ->ArgNames({"n", "d"})
    ->Args({1000, 50})
    ->Args({5000, 50})
    ->Args({5000, 3072})
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gradvar

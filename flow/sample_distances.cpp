#include "flow/sample_distances.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/check.h"
#include "autograd/random.h"
#include "flow/assignment.h"
#include "flow/pairwise.h"

namespace gradvar {

namespace {

void check_sets(std::string_view where, const Tensor<double>& x, const Tensor<double>& y) {
  check_samples(where, x, y);
  check(x.rows() >= 1 && y.rows() >= 1, where,
        "the samples have " + std::to_string(x.rows()) + " and " + std::to_string(y.rows()) +
            " rows, expected 1 or more");
}

double mean_distance(const Tensor<double>& x, const Tensor<double>& y, LanePool* pool) {
  const double sum = PairwiseDistances(x, y).sum(
      [](const PairwiseDistances::Block& block) {
        double partial = 0;
        for (const double squared : block.squared) partial += std::sqrt(squared);
        return partial;
      },
      pool);
  return sum / (static_cast<double>(x.rows()) * static_cast<double>(y.rows()));
}

// Ascending projections of the rows on a direction.
std::vector<double> project(const Tensor<double>& x, const std::vector<double>& direction) {
  std::vector<double> projected(x.rows());
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    const std::span<const double> row = x.row(n);
    for (std::size_t i = 0; i < direction.size(); ++i) projected[n] += row[i] * direction[i];
  }
  std::sort(projected.begin(), projected.end());
  return projected;
}

// The integral over p in (0, 1) of the squared difference of the quantile functions: steps of width
// 1/n against steps of width 1/m. Places are counted in units of 1/(n m), so nothing rounds.
double squared_wasserstein_on_a_line(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<std::int64_t>(x.size()), m = static_cast<std::int64_t>(y.size());
  double sum = 0;
  std::int64_t i = 0, j = 0, place = 0;
  while (i < n && j < m) {
    const std::int64_t next = std::min((i + 1) * m, (j + 1) * n);
    sum += static_cast<double>(next - place) * (x[i] - y[j]) * (x[i] - y[j]);
    place = next;
    if (place == (i + 1) * m) ++i;
    if (place == (j + 1) * n) ++j;
  }
  return sum / (static_cast<double>(n) * static_cast<double>(m));
}

}  // namespace

double energy_distance(const Tensor<double>& x, const Tensor<double>& y, LanePool* pool) {
  check_sets("energy", x, y);
  return 2 * mean_distance(x, y, pool) - mean_distance(x, x, pool) - mean_distance(y, y, pool);
}

double wasserstein(const Tensor<double>& x, const Tensor<double>& y, LanePool* pool) {
  check_sets("wasserstein", x, y);
  check(x.rows() == y.rows(), "wasserstein", [&] {
    return "the samples have " + std::to_string(x.rows()) + " and " + std::to_string(y.rows()) +
           " rows, expected equally many";
  });
  const double cost = optimal_assignment(x, y, pool).cost;
  return std::sqrt(std::max(cost, 0.0) / static_cast<double>(x.rows()));
}

double sliced_wasserstein(const Tensor<double>& x, const Tensor<double>& y, std::int64_t directions,
                          std::uint64_t seed, LanePool* pool) {
  check_sets("sliced_wasserstein", x, y);
  check(directions >= 1, "sliced_wasserstein",
        std::to_string(directions) + " directions asked for, expected 1 or more");
  const RandomStream stream(seed, Purpose::kDirections);
  std::vector<double> squared(directions);
  const auto slice = [&](int k) {
    std::vector<double> direction(x.row_size());
    stream.normals<double>(static_cast<std::uint64_t>(k), 0, direction);
    double norm = 0;
    for (const double c : direction) norm += c * c;
    for (double& c : direction) c /= std::sqrt(norm);
    squared[k] = squared_wasserstein_on_a_line(project(x, direction), project(y, direction));
  };
  if (pool != nullptr) {
    pool->run(static_cast<int>(directions), slice);
  } else {
    for (int k = 0; k < static_cast<int>(directions); ++k) slice(k);
  }
  double sum = 0;
  for (const double s : squared) sum += s;
  return std::sqrt(sum / static_cast<double>(directions));
}

}  // namespace gradvar

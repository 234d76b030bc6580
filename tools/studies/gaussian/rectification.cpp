// The exact field of random pairs is the conditional mean E[x1 - x0 | x_t], with S = V diag(l) V^T
//
//   v(x, t) = m + V diag((t l - (1-t)) / ((1-t)^2 + t^2 l)) V^T (x - t m)

#include "tools/studies/gaussian/rectification.h"

#include <algorithm>
#include <cmath>

#include "autograd/blas.h"
#include "autograd/random.h"
#include "flow/affine_gaussian.h"
#include "flow/field.h"
#include "flow/solver.h"
#include "flow/straightness.h"
#include "tools/studies/gaussian/sampling.h"

namespace gradvar::gaussian {

namespace rectification {

namespace {

using nlohmann::json;

constexpr double kAngle = 120;
constexpr std::size_t kPaths = 12;

SolverOptions precise() { return {.method = SolverMethod::dopri5, .rtol = 1e-10, .atol = 1e-10}; }

GaussianSetting setting(StartingPairs pairs, std::int64_t dim) {
  GaussianSetting s = rotated(dim, kAngle, dim / 2);
  s.target = correlated_gaussian(dim, 0.7, 2);
  if (pairs == StartingPairs::kOptimal) s.pairs = GaussianPairs::kOptimal;
  if (pairs == StartingPairs::kRandom) s.pairs = GaussianPairs::kIndependent;
  return s;
}

FunctionField<double> conditional_mean(const GaussianMoments& target) {
  const std::int64_t d = target.mean.size();
  Tensor<double> vectors = target.covariance;
  std::vector<double> values(d);
  blas::symmetric_eigen(d, vectors.data(), values.data());
  return FunctionField<double>({d}, [d, vectors, values, mean = target.mean](
                                        std::span<const double> x, double t, std::span<double> v) {
    std::copy(mean.values().begin(), mean.values().end(), v.begin());
    for (std::int64_t k = 0; k < d; ++k) {
      const double l = values[k], s = 1 - t;
      double along = 0;
      for (std::int64_t i = 0; i < d; ++i) along += vectors.row(k)[i] * (x[i] - t * mean[i]);
      along *= (t * l - s) / (s * s + t * t * l);
      for (std::int64_t i = 0; i < d; ++i) v[i] += along * vectors.row(k)[i];
    }
  });
}

Tensor<double> draw(Purpose purpose, std::int64_t rows, std::int64_t dim) {
  Tensor<double> values(Shape{rows, dim});
  RandomStream(0, purpose).normals<double>(0, 0, values.values());
  return values;
}

double distance(const Tensor<double>& a, const Tensor<double>& b, std::int64_t n,
                std::int64_t other) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.row_size(); ++i) {
    sum += (a.row(n)[i] - b.row(other)[i]) * (a.row(n)[i] - b.row(other)[i]);
  }
  return std::sqrt(sum);
}

// Mean distance of row n to row n + shift of the other.
double mean_distance(const Tensor<double>& a, const Tensor<double>& b, std::int64_t shift = 0) {
  double sum = 0;
  for (std::int64_t n = 0; n < a.rows(); ++n) sum += distance(a, b, n, (n + shift) % b.rows());
  return sum / static_cast<double>(a.rows());
}

// The map of a flow that is affine, from where it takes 0 and the unit vectors.
AffineMap map_of(const Field<double>& field) {
  const std::int64_t d = field.sample_shape().size();
  Tensor<double> basis(Shape{d + 1, d});
  for (std::int64_t i = 0; i < d; ++i) basis.row(i + 1)[i] = 1;
  const Tensor<double> ends = solve<double>(field, precise(), basis).end;
  AffineMap map{Tensor<double>(Shape{d, d}), Tensor<double>(Shape{d})};
  for (std::int64_t i = 0; i < d; ++i) {
    map.offset[i] = ends.row(0)[i];
    for (std::int64_t j = 0; j < d; ++j)
      map.matrix[i * d + j] = ends.row(j + 1)[i] - ends.row(0)[i];
  }
  return map;
}

// What one flow does to its pairs, and how much its paths bend.
json round_of(const Field<double>& field, const Tensor<double>& x0, const Tensor<double>& partners,
              Tensor<double>& ends) {
  ends = solve<double>(field, precise(), x0).end;
  const Solution<double> fine = solve<double>(field, {.method = SolverMethod::rk4, .steps = 40}, x0,
                                              0, 1, {.every_step = true, .times = {}});
  double bend = 0, speed = 0;
  for (const double s : straightness<double>(field, fine.trajectory)) bend += s;
  for (std::int64_t n = 0; n < x0.rows(); ++n) speed += std::pow(distance(ends, x0, n, n), 2);
  json result = {{"straightness", bend / speed},
                 {"moved", mean_distance(ends, partners) / mean_distance(partners, partners, 1)}};
  for (const std::int64_t steps : kEulerSteps) {
    const SolverOptions euler{.method = SolverMethod::euler, .steps = steps};
    result["euler"].push_back(mean_distance(solve<double>(field, euler, x0).end, ends) /
                              mean_distance(partners, partners, 1));
  }
  return result;
}

json paths_of(const Field<double>& field, const Tensor<double>& x0) {
  const auto count = static_cast<std::int64_t>(kPaths);
  const Solution<double> way =
      solve<double>(field, {.method = SolverMethod::rk4, .steps = 40}, x0.rows_copy(0, count), 0, 1,
                    {.every_step = true, .times = {}});
  json paths;
  for (std::int64_t n = 0; n < count; ++n) {
    for (std::size_t k = 0; k < way.trajectory.times.size(); ++k) {
      const double* at =
          way.trajectory.states.data() + (static_cast<std::int64_t>(k) * count + n) * 2;
      paths["x"].push_back(at[0]);
      paths["y"].push_back(at[1]);
    }
    paths["x"].push_back(nullptr);  // a gap between paths
    paths["y"].push_back(nullptr);
  }
  return paths;
}

}  // namespace
}  // namespace rectification

nlohmann::json rectify_twice(StartingPairs pairs, std::int64_t dim, std::int64_t sources) {
  using namespace rectification;
  const GaussianSetting s = setting(pairs, dim);
  const bool random = pairs == StartingPairs::kRandom;
  const Tensor<double> x0 = draw(Purpose::kSource, sources, dim);
  const AffineMap spread{symmetric_power(s.target.covariance, 0.5, "target"), s.target.mean};
  const Tensor<double> x1 =
      random ? spread.apply(draw(Purpose::kTarget, sources, dim)) : s.map().apply(x0);
  LanePool pool(1);
  const FunctionField<double> bent = conditional_mean(s.target);
  const AffineGaussianField<double> own(random ? s.optimal() : s.map());
  const NetworkField<double> straight(own, pool);
  const Field<double>& first = random ? static_cast<const Field<double>&>(bent) : straight;
  Tensor<double> after_first, after_second;
  json results = {{"first", round_of(first, x0, x1, after_first)}};

  const AffineMap rectified = map_of(first);
  const AffineGaussianField<double> model(rectified);
  const NetworkField<double> second(model, pool);
  results["second"] = round_of(second, x0, after_first, after_second);
  const AffineMap again = map_of(second);
  double change = 0;
  for (std::int64_t i = 0; i < again.matrix.size(); ++i) {
    change = std::max(change, std::abs(again.matrix[i] - rectified.matrix[i]));
  }
  results["map_change"] = change;
  if (dim == 2) {
    results["first"]["paths"] = paths_of(first, x0);
    results["second"]["paths"] = paths_of(second, x0);
  }
  return results;
}

}  // namespace gradvar::gaussian

// Three roads to one number: the closed form; the engine's per-sample gradients at Gauss-Hermite
// nodes, which are exact since squared gradients have degree 4 in the normals; and Monte Carlo.

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/engine.h"
#include "flow/affine_gaussian.h"
#include "flow/gaussian_theory.h"
#include "flow/objective.h"
#include "flow/quadrature.h"
#include "tests/flow/gaussian_cases.h"

namespace gradvar::gaussian_roads_test {
namespace {

using testing::normal_rows;
using testing::random_gaussian;

// A coupling in general position, a field that is neither its own nor the optimal one.
struct Case {
  std::string name;
  std::int64_t dim;
  bool mapped;
  Interpolant interpolant;
  double t_begin = 0, t_end = 1;

  [[nodiscard]] GaussianMoments source() const { return random_gaussian(1, dim); }
  [[nodiscard]] GaussianMoments target() const { return random_gaussian(2, dim); }
  [[nodiscard]] AffineMap turned(double degrees) const {
    return dim == 1 ? optimal_map(source(), target())
                    : rotated_map(source(), target(), rotation_matrix(dim, degrees, 1));
  }
  [[nodiscard]] AffineMap field() const {
    AffineMap map = turned(30);
    map.offset[0] += 0.3;
    map.matrix[0] *= 1.2;
    return map;
  }
  [[nodiscard]] GaussianCoupling coupling() const {
    return mapped ? GaussianCoupling::mapped(source(), turned(100))
                  : GaussianCoupling::independent(source(), target());
  }
  [[nodiscard]] GaussianTheory theory() const { return {coupling(), field(), interpolant}; }
  // How many normals drive a sample.
  [[nodiscard]] std::int64_t normals() const {
    return dim * (1 + (mapped ? 0 : 1) + (interpolant.needs_noise() ? 1 : 0));
  }
};

const Case kCases[] = {
    {"linear map in one dimension", 1, true, {}},
    {"linear map", 2, true, {}},
    {"linear independent", 2, false, {}},
    {"linear map in three dimensions", 3, true, {}},
    {"constant map", 2, true, {.kind = InterpolantKind::kConstantNoise, .sigma = 0.4}},
    {"constant independent", 2, false, {.kind = InterpolantKind::kConstantNoise, .sigma = 0.4}},
    {"bridge map", 2, true, {.kind = InterpolantKind::kBridge, .sigma = 0.7}},
    {"full bridge",
     2,
     true,
     {.kind = InterpolantKind::kBridge, .sigma = 0.7, .target = BridgeTarget::kFull},
     0.1,
     0.8},
    {"trigonometric", 2, false, {.kind = InterpolantKind::kTrigonometric}},
};

// Samples made of normals w [n, normals] and times.
struct Samples {
  Samples(const Case& c, const Tensor<double>& w, const std::vector<double>& times) : t(times) {
    const std::int64_t d = c.dim, n = w.rows();
    std::int64_t used = 0;
    const auto next = [&] {
      Tensor<double> part(Shape{n, d});
      for (std::int64_t k = 0; k < n; ++k) {
        for (std::int64_t i = 0; i < d; ++i) part.row(k)[i] = w.row(k)[used + i];
      }
      used += d;
      return part;
    };
    const auto drawn = [&](const GaussianMoments& law) {
      return AffineMap{symmetric_power(law.covariance, 0.5, "test"), law.mean}.apply(next());
    };
    x0 = drawn(c.source());
    x1 = c.mapped ? c.turned(100).apply(x0) : drawn(c.target());
    if (c.interpolant.needs_noise()) z = next();
  }
  [[nodiscard]] Engine<double>::BuildLosses losses(const Case& c,
                                                   const Model<double>& model) const {
    return [this, &c, &model](Tape<double>& tape, const LaneRows<double>& rows) {
      const auto part = [&](const Tensor<double>& all) {
        return all.size() == 0 ? std::span<const double>{}
                               : all.values().subspan(rows.begin * c.dim, rows.count * c.dim);
      };
      return flow_losses<double>(
          tape, model, c.interpolant,
          {part(x0), part(x1), std::span(t).subspan(rows.begin, rows.count), part(z)}, rows.count);
    };
  }
  Tensor<double> x0, x1, z;
  std::vector<double> t;
};

// Three Gauss-Hermite nodes a dimension are exact up to degree 5.
struct Nodes {
  Tensor<double> w;
  std::vector<double> weights;

  explicit Nodes(std::int64_t dimensions) {
    constexpr double kNode[] = {-std::numbers::sqrt3, 0, std::numbers::sqrt3};
    constexpr double kWeight[] = {1.0 / 6, 2.0 / 3, 1.0 / 6};
    const auto count = static_cast<std::int64_t>(std::pow(3, dimensions) + 0.5);
    w = Tensor<double>(Shape{count, dimensions});
    weights.assign(count, 1);
    for (std::int64_t n = 0; n < count; ++n) {
      for (std::int64_t i = 0, digits = n; i < dimensions; ++i, digits /= 3) {
        w.row(n)[i] = kNode[digits % 3];
        weights[n] *= kWeight[digits % 3];
      }
    }
  }
};

struct Road {
  MomentSummary theta, matrix;
  double loss;
};

// Over the nodes of a rule in t; a rule of one node is one time.
Road by_engine(const Case& c, const Quadrature& rule) {
  const AffineGaussianField<double> field(c.field());
  LanePool pool(2);
  Engine<double> engine(field.parameters(), pool, 2);
  MomentsCollector<double> collector;
  StreamingMoments moments(field.parameters().layout());
  const Nodes nodes(c.normals());
  double loss = 0, total = 0;
  for (std::size_t node = 0; node < rule.nodes.size(); ++node) {
    std::vector<double> weights = nodes.weights, losses(weights.size());
    for (double& weight : weights) weight *= rule.weights[node];
    const Samples samples(c, nodes.w, std::vector<double>(weights.size(), rule.nodes[node]));
    engine.run(static_cast<std::int64_t>(weights.size()), samples.losses(c, field), {&collector},
               losses, weights);
    moments.merge<double>(collector.mean(), collector.squared_deviations(), collector.weights());
    for (std::size_t n = 0; n < weights.size(); ++n) loss += weights[n] * losses[n];
    total += rule.weights[node];
  }
  const std::vector<MomentSummary> parts = moments.summaries(Estimator::kPopulation);
  return {parts[0], parts[1], loss / total};
}

void expect_same(const MomentSummary& a, const MomentSummary& b, const std::string& name) {
  const double size = b.trace + b.mean_squared_norm;
  EXPECT_NEAR(a.trace, b.trace, 1e-9 * size) << name;
  EXPECT_NEAR(a.mean_squared_norm, b.mean_squared_norm, 1e-9 * size) << name;
}

TEST(GaussianRoads, TheEngineAtGaussHermiteNodesMeetsTheClosedFormAtEveryTime) {
  for (const Case& c : kCases) {
    for (const double t : {c.t_begin, 0.35, c.t_end}) {
      const Road road = by_engine(c, {{t}, {1}});
      const GaussianTimePoint exact = c.theory().at(t);
      expect_same(road.theta, exact.theta, c.name);
      expect_same(road.matrix, exact.matrix, c.name);
      EXPECT_NEAR(road.loss, exact.loss, 1e-10 * exact.loss) << c.name;
    }
  }
}

TEST(GaussianRoads, TheEngineAtGaussHermiteNodesMeetsTheIntegral) {
  for (const Case& c : kCases) {
    const Road road = by_engine(c, gauss_legendre(48, c.t_begin, c.t_end));
    const GaussianVariance exact = c.theory().over(c.t_begin, c.t_end);
    expect_same(road.theta, exact.theta, c.name);
    expect_same(road.matrix, exact.matrix, c.name);
    EXPECT_NEAR(road.loss, exact.loss, 1e-10 * exact.loss) << c.name;
  }
}

// tr Cov as the mean of |g - mean|^2, whose own spread gives the standard error.
TEST(GaussianRoads, MonteCarloIsWithinThreeStandardErrors) {
  const std::int64_t count = 20000;
  for (const Case& c : kCases) {
    const AffineGaussianField<double> field(c.field());
    LanePool pool(2);
    Engine<double> engine(field.parameters(), pool, 2);
    PerSampleCollector<double> each;
    std::vector<double> t(count), losses(count);
    for (std::int64_t n = 0; n < count; ++n) {
      const double uniform =
          RandomStream(3, Purpose::kTest).uniform(1, static_cast<std::uint32_t>(n));
      t[n] = c.t_begin + uniform * (c.t_end - c.t_begin);
    }
    const Samples samples(c, normal_rows(77, count, c.normals()), t);
    engine.run(count, samples.losses(c, field), {&each}, losses);
    const GaussianVariance exact = c.theory().over(c.t_begin, c.t_end);
    for (const auto& [id, expected] :
         {std::pair(field.theta(), exact.theta), std::pair(field.matrix(), exact.matrix)}) {
      std::vector<double> mean(each.gradient(0, id).size());
      for (std::int64_t n = 0; n < count; ++n) {
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += each.gradient(n, id)[i] / count;
      }
      double sum = 0, squares = 0;
      for (std::int64_t n = 0; n < count; ++n) {
        double distance = 0;
        for (std::size_t i = 0; i < mean.size(); ++i) {
          distance += std::pow(each.gradient(n, id)[i] - mean[i], 2);
        }
        sum += distance / count;
        squares += distance * distance / count;
      }
      const double standard_error = std::sqrt((squares - sum * sum) / count);
      EXPECT_NEAR(sum, expected.trace, 3 * standard_error) << c.name;
      EXPECT_LT(standard_error, 0.2 * expected.trace) << c.name << ": a test that says something";
    }
  }
}

// The second moment, trace + |mean|^2: of the two the trace alone is hard to sample.
TEST(GaussianRoads, AMillionDrawsAreWithinThreeStandardErrors) {
  const std::int64_t blocks = 20, count = 50000;
  for (const Case& c : {kCases[4]}) {
    const AffineGaussianField<double> field(c.field());
    LanePool pool(2);
    Engine<double> engine(field.parameters(), pool, 2);
    NormsCollector<double> norms;
    std::vector<double> t(count), losses(count);
    double sum = 0, squares = 0;
    for (std::int64_t block = 0; block < blocks; ++block) {
      for (std::int64_t n = 0; n < count; ++n) {
        t[n] = RandomStream(5, Purpose::kTest)
                   .uniform(static_cast<std::uint64_t>(block), static_cast<std::uint32_t>(n));
      }
      const Tensor<double> w =
          normal_rows(static_cast<std::uint64_t>(100 + block), count, c.normals());
      const Samples samples(c, w, t);
      engine.run(count, samples.losses(c, field), {&norms}, losses);
      for (const double squared_norm : norms.squared_norms()) {
        sum += squared_norm;
        squares += squared_norm * squared_norm;
      }
    }
    const auto draws = static_cast<double>(blocks * count);
    const double mean = sum / draws;
    const double standard_error = std::sqrt((squares / draws - mean * mean) / draws);
    const MomentSummary whole = c.theory().over().whole();
    const double expected = whole.trace + whole.mean_squared_norm;
    EXPECT_LT(standard_error, 0.02 * expected) << c.name << ": a test that says something";
    EXPECT_NEAR(mean, expected, 3 * standard_error) << c.name;
  }
}

}  // namespace
}  // namespace gradvar::gaussian_roads_test

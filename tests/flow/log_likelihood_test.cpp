// The likelihood of points under flows whose law is known, and traces against differences.

#include "flow/log_likelihood.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

#include "flow/affine_gaussian.h"
#include "nn/mlp.h"
#include "tests/flow/gaussian_cases.h"

namespace gradvar::log_likelihood_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

const SolverOptions kFine = {.method = SolverMethod::dopri5, .rtol = 1e-10, .atol = 1e-10};

TEST(LogLikelihood, AGaussianDensityIsTheFormula) {
  const GaussianMoments law = {Tensor<double>(Shape{1}, std::vector<double>{2}),
                               Tensor<double>(Shape{1, 1}, std::vector<double>{9})};
  const std::vector<double> logs = gaussian_log_density(law, column({2, 5}));
  EXPECT_NEAR(logs[0], -std::log(3 * std::sqrt(2 * std::numbers::pi)), 1e-14);
  EXPECT_NEAR(logs[1], logs[0] - 0.5, 1e-14);
}

// The field of an affine map carries N(0, I) into N(mean, covariance), so the likelihood is that.
TEST(LogLikelihood, OfAnAffineFlowIsThatOfItsGaussian) {
  const std::int64_t d = 3;
  const GaussianMoments from = testing::standard_gaussian(d), to = testing::random_gaussian(2, d);
  const AffineGaussianField<double> field(optimal_map(from, to));
  LanePool pool(2);
  const Tensor<double> x = normal_rows(3, 6, d);
  const LogLikelihood found = log_likelihood<double>(field, pool, from, x, kFine);
  const std::vector<double> expected = gaussian_log_density(to, x);
  EXPECT_TRUE(found.exact);
  EXPECT_GT(found.mean_evaluations, 6);
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(found.nats[i], expected[i], 1e-7);
}

Mlp<double> small_net(std::int64_t dim) {
  Mlp<double> net({.dim = dim, .width = 8, .depth = 2});
  net.initialise(1);
  return net;
}

TEST(LogLikelihood, TheTraceIsThatOfDifferences) {
  const std::int64_t d = 3, rows = 5;
  const Mlp<double> net = small_net(d);
  LanePool pool(1);
  const TraceField<double> field(net, pool);
  const NetworkField<double> plain(net, pool);
  const Tensor<double> x = normal_rows(1, rows, d);
  std::vector<double> states(rows * (d + 2)), out(rows * (d + 2)), t(rows, 0.3);
  for (std::int64_t n = 0; n < rows; ++n) {
    for (std::int64_t k = 0; k < d; ++k) states[n * (d + 2) + k] = x.row(n)[k];
  }
  field.velocity(states, t, rows, out);
  std::vector<double> trace(rows), up(rows * d), down(rows * d), v(rows * d);
  plain.velocity(x.values(), t, rows, v);
  const double h = 1e-5;
  for (std::int64_t k = 0; k < d; ++k) {
    Tensor<double> above = x, below = x;
    for (std::int64_t n = 0; n < rows; ++n) {
      above.row(n)[k] += h;
      below.row(n)[k] -= h;
    }
    plain.velocity(above.values(), t, rows, up);
    plain.velocity(below.values(), t, rows, down);
    for (std::int64_t n = 0; n < rows; ++n) trace[n] += (up[n * d + k] - down[n * d + k]) / (2 * h);
  }
  for (std::int64_t n = 0; n < rows; ++n) {
    EXPECT_NEAR(out[n * (d + 2) + d], trace[n], 1e-8);
    EXPECT_EQ(out[n * (d + 2) + d + 1], 0);
    for (std::int64_t k = 0; k < d; ++k) EXPECT_NEAR(out[n * (d + 2) + k], v[n * d + k], 1e-14);
  }
}

TEST(LogLikelihood, HutchinsonsEstimateHasTheExactMean) {
  const std::int64_t d = 3;
  const Mlp<double> net = small_net(d);
  const GaussianMoments from = testing::standard_gaussian(d);
  LanePool pool(1);
  const SolverOptions coarse = {.method = SolverMethod::heun, .steps = 4};
  const Tensor<double> x = normal_rows(1, 4, d);
  const auto estimate = [&](std::uint64_t seed, std::int64_t probes) {
    return log_likelihood<double>(net, pool, from, x, coarse,
                                  {.exact_dims = 0, .probes = probes, .seed = seed});
  };
  const LogLikelihood exact = log_likelihood<double>(net, pool, from, x, coarse);
  const LogLikelihood many = estimate(1, 4000), few = estimate(1, 1), other = estimate(2, 1);
  EXPECT_FALSE(many.exact);
  double difference = 0;
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(many.nats[i], exact.nats[i], 0.03);
    difference += std::abs(few.nats[i] - other.nats[i]);
  }
  EXPECT_GT(difference, 1e-6);  // probes follow the seed
}

// Over many points the errors of the estimate are as large as its standard errors say.
TEST(LogLikelihood, HutchinsonsStandardErrorIsThatOfItsProbes) {
  const std::int64_t d = 3, n = 200;
  const Mlp<double> net = small_net(d);
  const GaussianMoments from = testing::standard_gaussian(d);
  LanePool pool(1);
  const SolverOptions coarse = {.method = SolverMethod::heun, .steps = 4};
  const Tensor<double> x = normal_rows(1, n, d);
  const LogLikelihood exact = log_likelihood<double>(net, pool, from, x, coarse);
  EXPECT_TRUE(exact.standard_error.empty());
  const LogLikelihood found =
      log_likelihood<double>(net, pool, from, x, coarse, {.exact_dims = 0, .probes = 30});
  ASSERT_EQ(found.standard_error.size(), static_cast<std::size_t>(n));
  double squares = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double off = (found.nats[i] - exact.nats[i]) / found.standard_error[i];
    squares += off * off / static_cast<double>(n);
  }
  EXPECT_NEAR(squares, 1, 0.4);
  const LogLikelihood single =
      log_likelihood<double>(net, pool, from, x, coarse, {.exact_dims = 0, .probes = 1});
  EXPECT_TRUE(std::isnan(single.standard_error[0])) << "one probe has no spread";
}

TEST(LogLikelihood, RefusesWhatDoesNotFit) {
  const Mlp<double> net = small_net(2);
  LanePool pool(1);
  const GaussianMoments from = testing::standard_gaussian(2);
  EXPECT_EQ(
      sentence([&] { (void)log_likelihood<double>(net, pool, from, normal_rows(1, 4, 3), kFine); }),
      "[log_likelihood] x is 4x3, the model's samples are 2");
  EXPECT_EQ(
      sentence([&] {
        (void)gaussian_log_density({from.mean, Tensor<double>(Shape{2, 2})}, normal_rows(1, 4, 2));
      }),
      "[gaussian] the covariance is singular: points have no density");
  EXPECT_EQ(sentence([&] { (void)TraceField<double>(net, pool, {.probes = 0}); }),
            "[log_likelihood] there are 0 probes, expected 1 or more");
}

}  // namespace
}  // namespace gradvar::log_likelihood_test

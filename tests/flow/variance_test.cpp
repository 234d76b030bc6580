// The exact variance against the loop it stands for: every pair, node and draw, one by one.

#include "flow/variance.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "autograd/collectors/norms.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/collectors/projection.h"
#include "flow/distances.h"
#include "flow/objective.h"
#include "flow/quadrature.h"
#include "nn/mlp.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::variance_test {
namespace {

using testing::normal_rows;
using testing::sentence;

constexpr std::int64_t kPairs = 5, kDim = 2;
constexpr Interpolant kNoisy{.kind = InterpolantKind::kConstantNoise, .sigma = 0.4};

template <class Real>
struct Case {
  explicit Case(const MlpOptions& options = {.dim = kDim,
                                             .width = 6,
                                             .depth = 2,
                                             .activation = Activation::silu})
      : model(options), pool(2), engine((model.initialise(1), model.parameters()), pool, 2) {}

  [[nodiscard]] VarianceReport measure(const Interpolant& interpolant,
                                       const VarianceOptions& options) {
    return measure_variance(engine, model, interpolant, x0, x1, options);
  }

  Mlp<Real> model;
  LanePool pool;
  Engine<Real> engine;
  Tensor<Real> x0 = convert<Real>(normal_rows(1, kPairs, kDim));
  Tensor<Real> x1 = convert<Real>(normal_rows(2, kPairs, kDim));
};

// Weighted moments of gradients kept whole, by the definition.
struct ByLoop {
  std::vector<std::vector<double>> gradients;
  std::vector<double> weights;
  double loss = 0;

  [[nodiscard]] MomentSummary summary(std::int64_t offset, std::int64_t size) const {
    double total = 0;
    for (const double w : weights) total += w;
    MomentSummary summary;
    for (std::int64_t i = offset; i < offset + size; ++i) {
      double mean = 0, squares = 0;
      for (std::size_t k = 0; k < weights.size(); ++k) mean += weights[k] * gradients[k][i] / total;
      for (std::size_t k = 0; k < weights.size(); ++k) {
        squares += weights[k] * std::pow(gradients[k][i] - mean, 2) / total;
      }
      summary += {squares, mean * mean};
    }
    return summary;
  }
};

// Samples come one at a time. The noise is that of the stream the header promises to be fixed.
ByLoop by_loop(Case<double>& c, const Interpolant& interpolant, const VarianceOptions& options) {
  ByLoop loop;
  const double width = (options.t_end - options.t_begin) / options.time_bins;
  const int draws = interpolant.needs_noise() ? options.noise_draws : 1;
  PerSampleCollector<double> each;
  std::uint64_t stream = 0;
  for (int bin = 0; bin < options.time_bins; ++bin) {
    const double begin = options.t_begin + bin * width;
    const Quadrature rule = gauss_legendre(options.nodes_per_bin, begin, begin + width);
    for (int node = 0; node < options.nodes_per_bin; ++node) {
      for (int draw = 0; draw < draws; ++draw, ++stream) {
        for (std::int64_t pair = 0; pair < kPairs; ++pair) {
          std::vector<double> z(interpolant.needs_noise() ? kDim : 0), loss(1);
          RandomStream(options.seed, Purpose::kNoise)
              .normals<double>(stream, static_cast<std::uint32_t>(pair), z);
          const std::vector<double> t = {rule.nodes[node]};
          c.engine.run(
              1,
              [&](Tape<double>& tape, const LaneRows<double>&) {
                return flow_losses<double>(tape, c.model, interpolant,
                                           {c.x0.row(pair), c.x1.row(pair), t, z}, 1);
              },
              {&each}, loss);
          const std::span<const double> g = each.gradients().row(0);
          loop.gradients.emplace_back(g.begin(), g.end());
          loop.weights.push_back(rule.weights[node]);
          loop.loss += rule.weights[node] * loss[0];
        }
      }
    }
  }
  loop.loss /= kPairs * draws * (options.t_end - options.t_begin);
  return loop;
}

void expect_near(const MomentSummary& a, const MomentSummary& b, double relative) {
  EXPECT_NEAR(a.trace, b.trace, relative * b.trace);
  EXPECT_NEAR(a.mean_squared_norm, b.mean_squared_norm, relative * b.mean_squared_norm);
}

TEST(Variance, EqualsTheLoopOverPairsNodesAndDraws) {
  Case<double> c;
  const VarianceOptions plain{.time_bins = 3, .nodes_per_bin = 2};
  const VarianceOptions part{
      .time_bins = 2, .nodes_per_bin = 3, .noise_draws = 4, .t_begin = 0.25, .t_end = 0.75};
  const Interpolant full{
      .kind = InterpolantKind::kBridge, .sigma = 0.3, .target = BridgeTarget::kFull};
  const std::pair<Interpolant, VarianceOptions> cases[] = {
      {{}, plain}, {kNoisy, part}, {full, part}};
  for (const auto& [interpolant, options] : cases) {
    const VarianceReport report = c.measure(interpolant, options);
    const ByLoop loop = by_loop(c, interpolant, options);
    EXPECT_EQ(report.samples, static_cast<std::int64_t>(loop.weights.size()));
    EXPECT_NEAR(report.loss, loop.loss, 1e-12 * loop.loss) << interpolant.spec();
    const ParameterLayout& layout = c.model.parameters().layout();
    ASSERT_EQ(report.by_parameter.size(), static_cast<std::size_t>(layout.count()));
    for (int i = 0; i < layout.count(); ++i) {
      const ParameterInfo& info = layout.infos()[i];
      expect_near(report.by_parameter[i], loop.summary(info.offset, info.size()), 1e-12);
    }
    expect_near(report.whole, loop.summary(0, layout.padded_size()), 1e-12);
  }
}

TEST(Variance, LayersAndParametersAddUpToTheWhole) {
  Case<double> c;
  const VarianceReport report = c.measure({}, {});
  EXPECT_EQ(report.by_layer.size(), 3u);
  expect_near(summarise_whole(report.by_layer), report.whole, 1e-14);
  expect_near(summarise_whole(report.by_parameter), report.whole, 1e-14);
}

// The law of total variance: within bins, plus between their means. Bins are equally wide.
TEST(Variance, BinsMergeToTheWhole) {
  Case<double> c;
  const VarianceOptions options{.time_bins = 4, .nodes_per_bin = 3};
  const VarianceReport report = c.measure(kNoisy, options);
  ASSERT_EQ(report.by_time.size(), 4u);
  MomentSummary bins;
  double loss = 0;
  for (int bin = 0; bin < 4; ++bin) {
    const TimeBin& one = report.by_time[bin];
    EXPECT_DOUBLE_EQ(one.t_begin, bin / 4.0);
    EXPECT_DOUBLE_EQ(one.t_end, (bin + 1) / 4.0);
    bins += {one.moments.trace / 4, one.moments.mean_squared_norm / 4};
    loss += one.loss / 4;
  }
  // E|g|^2 = trace + |mean|^2 is linear in the law.
  EXPECT_NEAR(bins.trace + bins.mean_squared_norm,
              report.whole.trace + report.whole.mean_squared_norm, 1e-11 * report.whole.trace);
  EXPECT_LT(bins.trace, report.whole.trace);
  EXPECT_NEAR(loss, report.loss, 1e-13 * loss);
}

TEST(Variance, ABinIsTheMeasureOfItsInterval) {
  Case<double> c;
  const VarianceReport report = c.measure({}, {.time_bins = 4, .nodes_per_bin = 3});
  const VarianceReport second =
      c.measure({}, {.time_bins = 1, .nodes_per_bin = 3, .t_begin = 0.25, .t_end = 0.5});
  expect_near(report.by_time[1].moments, second.whole, 1e-12);
  EXPECT_NEAR(report.by_time[1].loss, second.loss, 1e-13);
}

TEST(Variance, MicrobatchesDoNotMatter) {
  Case<double> c;
  VarianceOptions options{.time_bins = 2, .nodes_per_bin = 2, .noise_draws = 3};
  const VarianceReport whole = c.measure(kNoisy, options);
  for (const std::int64_t microbatch : {1, 7, 30, 59, 60}) {
    options.microbatch = microbatch;
    const VarianceReport parts = c.measure(kNoisy, options);
    expect_near(parts.whole, whole.whole, 1e-12);
    EXPECT_NEAR(parts.loss, whole.loss, 1e-13 * whole.loss);
    EXPECT_EQ(parts.samples, whole.samples);
  }
}

TEST(Variance, TheNoiseStaysTheSameBetweenMeasurementsAndChangesWithTheSeed) {
  Case<double> c;
  VarianceOptions options{.time_bins = 2, .seed = 4};
  const VarianceReport first = c.measure(kNoisy, options), second = c.measure(kNoisy, options);
  EXPECT_EQ(first.whole.trace, second.whole.trace);
  EXPECT_EQ(first.loss, second.loss);
  options.seed = 5;
  EXPECT_NE(c.measure(kNoisy, options).whole.trace, first.whole.trace);
  EXPECT_EQ(c.measure({}, options).loss, c.measure({}, {.time_bins = 2}).loss)
      << "without noise there is nothing to seed";
}

TEST(Variance, DoublingTheNodesChangesLittleForASmoothNetwork) {
  for (const Activation activation : {Activation::silu, Activation::tanh}) {
    Case<double> c({.dim = kDim, .width = 6, .depth = 2, .activation = activation});
    const VarianceReport coarse = c.measure({}, {.nodes_per_bin = 2});
    const VarianceReport fine = c.measure({}, {.nodes_per_bin = 4});
    expect_near(coarse.whole, fine.whole, 1e-6);
    EXPECT_EQ(fine.samples, 2 * coarse.samples);
  }
}

// The bar: 64 nodes against 128, for a network of the size that is trained.
TEST(Variance, SixtyFourNodesAgreeWithTwiceAsManyToAMillionth) {
  Case<double> c({.dim = kDim, .width = 64, .depth = 3, .activation = Activation::silu});
  for (const int bins : {1, 8}) {
    const VarianceReport coarse = c.measure({}, {.time_bins = bins, .nodes_per_bin = 64 / bins});
    const VarianceReport fine = c.measure({}, {.time_bins = bins, .nodes_per_bin = 128 / bins});
    expect_near(coarse.whole, fine.whole, 1e-6);
    for (std::size_t i = 0; i < fine.by_layer.size(); ++i) {
      expect_near(coarse.by_layer[i], fine.by_layer[i], 1e-6);
    }
  }
}

// Draws of the law itself: |g - m|^2 has the trace for its mean when m is the exact mean.
TEST(Variance, LiesWithinThreeStandardErrorsOfMonteCarlo) {
  constexpr std::int64_t kBatch = 4000, kBatches = 50;
  Case<double> c;
  for (const Interpolant& interpolant : {Interpolant{}, kNoisy}) {
    const VarianceReport exact =
        c.measure(interpolant, {.nodes_per_bin = 4, .noise_nodes = interpolant.sigma > 0 ? 12 : 0});
    Tensor<double> direction(Shape{1, c.model.parameters().layout().padded_size()},
                             exact.moments.mean());
    ProjectionCollector<double> projection(direction);
    NormsCollector<double> norms;
    const RandomStream stream(77, Purpose::kTest);
    std::vector<double> x0(kBatch * kDim), x1(kBatch * kDim), t(kBatch), z(kBatch * kDim);
    std::vector<double> losses(kBatch), values;
    double loss = 0;
    for (std::int64_t batch = 0; batch < kBatches; ++batch) {
      stream.uniforms<double>(3 * batch, 0, t);
      stream.normals<double>(3 * batch + 1, 0, z);
      for (std::int64_t n = 0; n < kBatch; ++n) {
        const std::int64_t pair =
            stream.below(kPairs, 3 * batch + 2, static_cast<std::uint32_t>(n));
        std::ranges::copy(c.x0.row(pair), x0.begin() + n * kDim);
        std::ranges::copy(c.x1.row(pair), x1.begin() + n * kDim);
      }
      c.engine.run(
          kBatch,
          [&](Tape<double>& tape, const LaneRows<double>& rows) {
            const auto part = [&](const std::vector<double>& all) {
              return std::span(all).subspan(rows.begin * kDim, rows.count * kDim);
            };
            return flow_losses<double>(
                tape, c.model, interpolant,
                {part(x0), part(x1), std::span(t).subspan(rows.begin, rows.count), part(z)},
                rows.count);
          },
          {&norms, &projection}, losses);
      for (std::int64_t n = 0; n < kBatch; ++n) {
        values.push_back(norms.squared_norms()[n] - 2 * projection.projections()[n] +
                         exact.whole.mean_squared_norm);
        loss += losses[n] / (kBatch * kBatches);
      }
    }
    const Summary summary = summarise(values);
    const double error = summary.standard_deviation / std::sqrt(static_cast<double>(summary.n));
    EXPECT_NEAR(summary.mean, exact.whole.trace, 3 * error) << interpolant.spec();
    EXPECT_LT(error, 0.01 * exact.whole.trace) << "the claim must be able to fail";
    EXPECT_NEAR(loss, exact.loss, 0.02 * exact.loss);
  }
}

TEST(Variance, GaussHermiteNodesConverge) {
  Case<double> c;
  const VarianceReport coarse = c.measure(kNoisy, {.noise_nodes = 10});
  const VarianceReport fine = c.measure(kNoisy, {.noise_nodes = 20});
  expect_near(coarse.whole, fine.whole, 1e-6);
  EXPECT_FALSE(fine.noise_drawn);
  EXPECT_EQ(coarse.samples, kPairs * 20 * 100);
}

TEST(Variance, F32AgreesWithF64) {
  Case<float> single;
  Case<double> twice;
  std::ranges::copy(single.model.parameters().flat(), twice.model.parameters().flat().begin());
  const VarianceOptions options{.time_bins = 3, .noise_draws = 2};
  expect_near(single.measure(kNoisy, options).whole, twice.measure(kNoisy, options).whole, 1e-4);
}

TEST(Variance, RefusesOptionsOutsideTheirRange) {
  Case<double> c;
  const auto refusal = [&](const VarianceOptions& options) {
    return sentence([&] { (void)c.measure({}, options); });
  };
  EXPECT_EQ(refusal({.time_bins = 0}), "[variance] time-bins is 0, expected 1 or more");
  EXPECT_EQ(refusal({.nodes_per_bin = -1}), "[variance] nodes is -1, expected 1 or more");
  EXPECT_EQ(refusal({.noise_draws = 0}), "[variance] noise-draws is 0, expected 1 or more");
  EXPECT_EQ(refusal({.microbatch = 0}), "[variance] microbatch is 0, expected 1 or more");
  EXPECT_EQ(refusal({.t_begin = 0.5, .t_end = 0.5}),
            "[variance] t goes from 0.5 to 0.5, expected 0 <= t-begin < t-end <= 1");
  EXPECT_EQ(refusal({.t_end = 1.5}),
            "[variance] t goes from 0 to 1.5, expected 0 <= t-begin < t-end <= 1");
  EXPECT_EQ(sentence([&] { (void)c.measure({.sigma = 1}, {}); }),
            "[interpolant] sigma is 1 for an interpolant without noise, expected 0");
}

TEST(Variance, RefusesPairsThatDoNotFit) {
  Case<double> c;
  const auto refusal = [&](const Shape& a, const Shape& b) {
    return sentence([&] {
      (void)measure_variance(c.engine, c.model, {}, Tensor<double>(a), Tensor<double>(b), {});
    });
  };
  EXPECT_EQ(refusal({3, 2}, {4, 2}), "[variance] x0 is 3x2, x1 is 4x2: the shapes must agree");
  EXPECT_EQ(refusal({0, 2}, {0, 2}), "[variance] there are no pairs, expected at least one");
  EXPECT_NE(refusal({3, 4}, {3, 4}), "nothing was thrown");
}

}  // namespace
}  // namespace gradvar::variance_test

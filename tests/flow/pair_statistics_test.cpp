// The second pass against the Gram matrix of the whole design, and its errors against repetition.

#include "flow/pair_statistics.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

#include "tests/flow/variance_cases.h"

namespace gradvar::pair_statistics_test {
namespace {

using testing::kNoisy;
using testing::sentence;
using testing::SmallCase;
using testing::whole_design;
using testing::WholeDesign;

template <class Real>
PairReport measure(SmallCase<Real>& c, const Interpolant& interpolant,
                   const VarianceOptions& options) {
  return measure_pairs(c.engine, c.model, interpolant, c.x0, c.x1, options,
                       c.measure(interpolant, options));
}

const VarianceOptions kPlain{.time_bins = 3, .nodes_per_bin = 2};
const VarianceOptions kDrawn{.time_bins = 2, .nodes_per_bin = 2, .noise_draws = 3};
const VarianceOptions kHermite{.time_bins = 2, .nodes_per_bin = 2, .noise_nodes = 3};
const std::pair<Interpolant, VarianceOptions> kCases[] = {
    {{}, kPlain}, {kNoisy, kDrawn}, {kNoisy, kHermite}};

TEST(Attribution, EqualsTheBlockSumsOfTheGramMatrixForEveryLayer) {
  for (const auto& [interpolant, options] : kCases) {
    SmallCase<double> c;
    const PairReport report = measure(c, interpolant, options);
    const WholeDesign design = whole_design(c, interpolant, options);
    const auto expect_squares = [&](const NestedSquares& mine, const Tensor<double>& gram) {
      const double scale = design.block_sums(gram, 1);
      EXPECT_NEAR(mine.sample, scale, 1e-12 * scale);
      EXPECT_NEAR(mine.moment, design.block_sums(gram, design.points), 1e-12 * scale);
      EXPECT_NEAR(mine.pair, design.block_sums(gram, design.points * design.nodes), 1e-12 * scale);
      EXPECT_NEAR(mine.mean, design.block_sums(gram, design.size()), 1e-12 * scale);
    };
    expect_squares(report.whole, design.gram);
    ASSERT_EQ(report.by_layer.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) expect_squares(report.by_layer[i], design.layer_grams[i]);
  }
}

TEST(Attribution, AddsUpToTheTraceOfTheFirstPass) {
  for (const auto& [interpolant, options] : kCases) {
    SmallCase<double> c(7);
    const VarianceReport first = c.measure(interpolant, options);
    const PairReport report =
        measure_pairs(c.engine, c.model, interpolant, c.x0, c.x1, options, first);
    EXPECT_NEAR(report.whole.parts().total(), first.whole.trace, 1e-10 * first.whole.trace);
    for (std::size_t i = 0; i < first.by_layer.size(); ++i) {
      EXPECT_NEAR(report.by_layer[i].parts().total(), first.by_layer[i].trace,
                  1e-10 * first.by_layer[i].trace);
    }
  }
}

TEST(Attribution, WithoutNoiseThereIsNoPartOfNoiseAndWithOnePairNoneOfPairs) {
  SmallCase<double> c;
  const VarianceParts plain = measure(c, {}, kPlain).whole.parts();
  EXPECT_EQ(plain.noise, 0);
  EXPECT_GT(plain.pair, 0.01 * plain.total());
  EXPECT_GT(plain.time, 0.01 * plain.total());
  SmallCase<double> one(1);
  const VarianceParts alone = measure(one, {}, kPlain).whole.parts();
  EXPECT_NEAR(alone.pair, 0, 1e-12 * alone.total());
  SmallCase<float> single;
  EXPECT_EQ(measure(single, {}, kPlain).whole.parts().noise, 0);
}

// Averaged over seeds, the unbiased parts of two draws are those of Gauss-Hermite nodes; the plain
// ones of time and noise are not.
TEST(Attribution, UnbiasedPartsAreFreeOfTheDrawsOwnNoise) {
  SmallCase<double> c;
  VarianceOptions options{.time_bins = 2, .nodes_per_bin = 2, .noise_nodes = 12};
  const VarianceParts truth = measure(c, kNoisy, options).whole.parts();
  options.noise_nodes = 0;
  options.noise_draws = 2;
  constexpr int kSeeds = 400;
  const char* names[] = {"pair", "time", "noise"};
  double sum[3] = {}, squares[3] = {}, plain[3] = {};
  for (int seed = 0; seed < kSeeds; ++seed) {
    options.seed = seed;
    const PairReport report = measure(c, kNoisy, options);
    const VarianceParts parts = report.unbiased_parts(report.whole), biased = report.whole.parts();
    const double values[] = {parts.pair, parts.time, parts.noise};
    const double raw[] = {biased.pair, biased.time, biased.noise};
    for (int i = 0; i < 3; ++i) {
      sum[i] += values[i] / kSeeds;
      squares[i] += values[i] * values[i] / kSeeds;
      plain[i] += raw[i] / kSeeds;
    }
  }
  const double expected[] = {truth.pair, truth.time, truth.noise};
  for (int i = 0; i < 3; ++i) {
    const double error = std::sqrt((squares[i] - sum[i] * sum[i]) / kSeeds);
    EXPECT_NEAR(sum[i], expected[i], 4 * error) << names[i];
    // The pairs' own part is off by less than these many seeds can see.
    if (i > 0) {
      EXPECT_GT(std::abs(plain[i] - expected[i]), 4 * error) << names[i];
    }
  }
}

TEST(PairStatistics, EqualTheSumsOverEachPairsSamples) {
  for (const auto& [interpolant, options] : kCases) {
    SmallCase<double> c;
    const PairReport report = measure(c, interpolant, options);
    const WholeDesign design = whole_design(c, interpolant, options);
    const std::int64_t group = design.nodes * design.points, size = design.size();
    for (std::int64_t i = 0; i < design.pairs; ++i) {
      double loss = 0, norm = 0, mean = 0, projection = 0;
      for (std::int64_t n = i * group; n < (i + 1) * group; ++n) {
        const double w = design.weights[n] * static_cast<double>(design.pairs);
        loss += w * design.losses[n];
        norm += w * design.gram[n * size + n];
        for (std::int64_t m = 0; m < size; ++m) {
          projection += w * design.weights[m] * design.gram[n * size + m];
          if (m / group != i) continue;
          mean +=
              w * design.weights[m] * static_cast<double>(design.pairs) * design.gram[n * size + m];
        }
      }
      const PairStatistics& pair = report.by_pair[i];
      EXPECT_NEAR(pair.loss, loss, 1e-12 * loss);
      EXPECT_NEAR(pair.squared_norm, norm, 1e-12 * norm);
      EXPECT_NEAR(pair.mean_squared_norm, mean, 1e-12 * norm);
      EXPECT_NEAR(pair.projection, projection, 1e-12 * norm);
      EXPECT_NEAR(pair.trace(), norm - mean, 1e-12 * norm);
      EXPECT_NEAR(pair.cosine(report.whole.mean),
                  projection / std::sqrt(mean * design.block_sums(design.gram, size)), 1e-11);
    }
  }
}

TEST(PairStatistics, AverageToTheLossAndTheSecondMomentOfTheFirstPass) {
  SmallCase<double> c(6);
  const VarianceReport first = c.measure(kNoisy, kDrawn);
  const PairReport report = measure_pairs(c.engine, c.model, kNoisy, c.x0, c.x1, kDrawn, first);
  double loss = 0, norm = 0, projection = 0;
  for (const PairStatistics& pair : report.by_pair) {
    loss += pair.loss / 6;
    norm += pair.squared_norm / 6;
    projection += pair.projection / 6;
  }
  EXPECT_NEAR(loss, first.loss, 1e-12 * loss);
  EXPECT_NEAR(norm, first.whole.trace + first.whole.mean_squared_norm, 1e-12 * norm);
  EXPECT_NEAR(projection, first.whole.mean_squared_norm, 1e-12 * norm);
}

TEST(PairStatistics, NeitherMicrobatchesNorLanesMatter) {
  SmallCase<double> c(7);
  const PairReport whole = measure(c, kNoisy, kDrawn);
  for (const std::int64_t microbatch : {1, 30, 50}) {
    for (const int lanes : {1, 3, 5}) {
      SmallCase<double> other(7, 2, lanes);
      VarianceOptions options = kDrawn;
      options.microbatch = microbatch;
      const PairReport parts = measure(other, kNoisy, options);
      EXPECT_NEAR(parts.whole.pair, whole.whole.pair, 1e-12 * whole.whole.pair);
      EXPECT_NEAR(parts.noise_errors.trace, whole.noise_errors.trace,
                  1e-10 * whole.noise_errors.trace);
      for (int i = 0; i < 7; ++i) {
        EXPECT_NEAR(parts.by_pair[i].loss, whole.by_pair[i].loss, 1e-12 * whole.by_pair[i].loss);
      }
    }
  }
}

TEST(PairStatistics, F32AgreesWithF64) {
  SmallCase<float> single;
  SmallCase<double> twice;
  std::ranges::copy(single.model.parameters().flat(), twice.model.parameters().flat().begin());
  const PairReport a = measure(single, kNoisy, kDrawn), b = measure(twice, kNoisy, kDrawn);
  EXPECT_NEAR(a.whole.pair, b.whole.pair, 1e-4 * b.whole.sample);
  EXPECT_NEAR(a.whole.moment, b.whole.moment, 1e-4 * b.whole.sample);
  EXPECT_NEAR(a.jackknife.noise_scale.high, b.jackknife.noise_scale.high,
              1e-3 * b.jackknife.noise_scale.high);
}

// The standard error says what repetition with other seeds shows.
TEST(NoiseErrors, AreThoseOfRepetitionWithOtherSeeds) {
  SmallCase<double> c(4);
  VarianceOptions options{.time_bins = 2, .nodes_per_bin = 2, .noise_draws = 2};
  constexpr int kSeeds = 400;
  const char* names[] = {"loss", "trace", "|mean|^2", "SNR", "noise scale"};
  double sum[5] = {}, squares[5] = {}, claimed[5] = {};
  for (int seed = 0; seed < kSeeds; ++seed) {
    options.seed = 1000 + seed;
    const VarianceReport first = c.measure(kNoisy, options);
    const NoiseErrors errors =
        measure_pairs(c.engine, c.model, kNoisy, c.x0, c.x1, options, first).noise_errors;
    const double values[] = {first.loss, first.whole.trace, first.whole.mean_squared_norm,
                             first.whole.signal_to_noise(), first.whole.noise_scale()};
    const double mine[] = {errors.loss, errors.trace, errors.mean_squared_norm,
                           errors.signal_to_noise, errors.noise_scale};
    for (int i = 0; i < 5; ++i) {
      sum[i] += values[i] / kSeeds;
      squares[i] += values[i] * values[i] / kSeeds;
      claimed[i] += mine[i] * mine[i] / kSeeds;
    }
  }
  // The deviation of 400 is known to 3.5 % for a normal law, the ratios are less than normal.
  for (int i = 0; i < 5; ++i) {
    const double seen = std::sqrt(squares[i] - sum[i] * sum[i]);
    EXPECT_NEAR(std::sqrt(claimed[i]) / seen, 1, 0.25) << names[i];
  }
}

TEST(NoiseErrors, AreZeroWithoutDrawsAndUnknownForASingleOne) {
  SmallCase<double> c;
  EXPECT_EQ(measure(c, {}, kPlain).noise_errors.trace, 0);
  EXPECT_EQ(measure(c, kNoisy, kHermite).noise_errors.trace, 0);
  const PairReport single = measure(c, kNoisy, kPlain);
  EXPECT_TRUE(std::isnan(single.noise_errors.trace));
  EXPECT_FALSE(single.has_unbiased_parts());
}

TEST(Jackknife, LeavesEachPairOutExactly) {
  SmallCase<double> c(6);
  const PairReport report = measure(c, {}, kPlain);
  std::vector<double> left;
  for (std::int64_t out = 0; out < 6; ++out) {
    SmallCase<double> less(5);
    for (std::int64_t i = 0, to = 0; i < 6; ++i) {
      if (i == out) continue;
      std::ranges::copy(c.x0.row(i), less.x0.row(to).begin());
      std::ranges::copy(c.x1.row(i), less.x1.row(to++).begin());
    }
    left.push_back(less.measure({}, kPlain).whole.noise_scale());
  }
  const double mean = std::accumulate(left.begin(), left.end(), 0.0) / 6;
  double spread = 0;
  for (const double one : left) spread += std::pow(one - mean, 2);
  const Jackknifed& scale = report.jackknife.noise_scale;
  EXPECT_NEAR(scale.standard_error, std::sqrt(spread * 5 / 6), 1e-9 * scale.standard_error);
  EXPECT_NEAR(scale.bias, 5 * (mean - scale.estimate), 1e-9 * scale.estimate);
  double log_mean = 0, log_spread = 0;
  for (const double one : left) log_mean += std::log(one) / 6;
  for (const double one : left) log_spread += std::pow(std::log(one) - log_mean, 2);
  const double width = 2.570581835636 * std::sqrt(log_spread * 5 / 6);
  EXPECT_NEAR(scale.high, scale.estimate * std::exp(width), 1e-9 * scale.high);
  EXPECT_NEAR(scale.low, scale.estimate * std::exp(-width), 1e-9 * scale.low);
  EXPECT_NEAR(report.jackknife.signal_to_noise.high, 1 / scale.low, 1e-9 / scale.low);
}

TEST(Jackknife, OfASinglePairHasAnEstimateAndNoInterval) {
  const PairStatistics pair{.loss = 1, .squared_norm = 5, .mean_squared_norm = 2, .projection = 2};
  const PairJackknife one = jackknife_over_pairs({&pair, 1}, 2);
  EXPECT_EQ(one.noise_scale.estimate, 1.5);
  EXPECT_TRUE(std::isnan(one.noise_scale.standard_error));
  EXPECT_TRUE(std::isnan(one.noise_scale.high));
  EXPECT_EQ(sentence([] { (void)jackknife_over_pairs({}, 1); }),
            "[jackknife] there are no pairs, expected at least one");
}

TEST(Jackknife, EqualPairsHaveNoError) {
  const std::vector<PairStatistics> pairs(
      8, {.loss = 1, .squared_norm = 5, .mean_squared_norm = 2, .projection = 2});
  const PairJackknife result = jackknife_over_pairs(pairs, 2);
  EXPECT_NEAR(result.trace.standard_error, 0, 1e-14);
  EXPECT_NEAR(result.trace.estimate, 3, 1e-14);
}

TEST(Alignment, IsTheWeightedLawOfTheCosines) {
  SmallCase<double> c;
  const PairReport report = measure(c, {}, kPlain);
  const WholeDesign design = whole_design(c, {}, kPlain);
  const std::int64_t size = design.size();
  const double mean_squared = design.block_sums(design.gram, size);
  double below = 0, mean = 0, against = 0;
  const double median = report.alignment.quantile(0.5);
  for (std::int64_t n = 0; n < size; ++n) {
    double inner = 0;
    for (std::int64_t m = 0; m < size; ++m) {
      inner += design.weights[m] * design.gram[n * size + m];
    }
    const double cosine = inner / std::sqrt(mean_squared * design.gram[n * size + n]);
    mean += design.weights[n] * cosine;
    if (cosine < 0) against += design.weights[n];
    if (cosine < median - 1e-9) below += design.weights[n];
  }
  EXPECT_NEAR(report.alignment.mean, mean, 1e-12);
  EXPECT_NEAR(report.alignment.share_against, against, 1e-12);
  EXPECT_LT(below, 0.5);
  EXPECT_GT(below, 0.5 - 0.12);  // one sample's weight at most
  EXPECT_EQ(report.alignment.quantile(0), report.alignment.cosines.front());
  EXPECT_EQ(report.alignment.quantile(1), report.alignment.cosines.back());
  EXPECT_NEAR(report.alignment.without_direction, 0, 1e-12);
}

TEST(PairStatistics, RefuseWhatCannotStayTogether) {
  SmallCase<double> c;
  const VarianceReport first = c.measure(kNoisy, kDrawn);
  const auto refusal = [&](const VarianceOptions& options) {
    return sentence(
        [&] { (void)measure_pairs(c.engine, c.model, kNoisy, c.x0, c.x1, options, first); });
  };
  EXPECT_EQ(
      refusal({.noise_draws = 5000}),
      "[variance] 20 nodes with 5000 points of noise are too many samples of each pair, which "
      "stay together; expected at most 65536");
  EXPECT_EQ(refusal({.nodes_per_bin = 0}), "[variance] nodes is 0, expected 1 or more");
  EXPECT_EQ(refusal({.noise_nodes = -1}), "[variance] noise-nodes is -1, expected 0 or more");
  SmallCase<double> wide(3, 4);
  EXPECT_EQ(sentence([&] { (void)wide.measure(kNoisy, {.noise_nodes = 3}); }),
            "[variance] noise-nodes is 3 and a sample has 4 coordinates, expected at most 3: use "
            "noise-draws instead");
}

}  // namespace
}  // namespace gradvar::pair_statistics_test

#include "autograd/statistics.h"

#include <cmath>
#include <gtest/gtest.h>

#include "autograd/random.h"
#include "tests/autograd/refusal_of.h"

namespace gradvar::statistics_test {
namespace {

using testing::refusal_of;

constexpr std::int64_t kSamples = 12;

ParameterLayout two_layers() {
  ParameterLayout layout;
  (void)layout.add("a.weight", {3});
  (void)layout.add("a.bias", {1});
  (void)layout.add("b.weight", {17});
  return layout;
}

// Gradients [kSamples, padded], zero in the padding.
Tensor<double> gradients(const ParameterLayout& layout) {
  Tensor<double> g(Shape{kSamples, layout.padded_size()});
  for (std::int64_t n = 0; n < kSamples; ++n) {
    for (int k = 0; k < layout.count(); ++k) {
      RandomStream(1, Purpose::kTest).normals<double>(k, n, layout.slice(g.row(n), ParameterId{k}));
    }
  }
  return g;
}

// Mean and M2 of some rows, in the plainest way.
struct Moments {
  std::vector<double> mean, m2;
  Weights weights;
};
Moments plain(const Tensor<double>& g, std::span<const double> w, std::int64_t begin,
              std::int64_t end) {
  Moments moments{std::vector<double>(g.row_size()), std::vector<double>(g.row_size()), {}};
  moments.weights = Weights::of(w.subspan(begin, end - begin), end - begin);
  for (std::int64_t i = 0; i < g.row_size(); ++i) {
    for (std::int64_t n = begin; n < end; ++n) moments.mean[i] += w[n] * g.row(n)[i];
    moments.mean[i] /= moments.weights.sum;
    for (std::int64_t n = begin; n < end; ++n) {
      moments.m2[i] += w[n] * std::pow(g.row(n)[i] - moments.mean[i], 2);
    }
  }
  return moments;
}

void merge(StreamingMoments& into, const Moments& moments) {
  into.merge<double>(moments.mean, moments.m2, moments.weights);
}

TEST(StreamingMoments, OfManyBatchesEqualOnePass) {
  const ParameterLayout layout = two_layers();
  const Tensor<double> g = gradients(layout);
  for (const bool weighted : {false, true}) {
    std::vector<double> w(kSamples, 1.0);
    if (weighted) {
      for (std::int64_t n = 0; n < kSamples; ++n) w[n] = 0.1 + n % 4;
    }
    const Moments whole = plain(g, w, 0, kSamples);
    for (const std::vector<std::int64_t>& cuts :
         {std::vector<std::int64_t>{0, 12}, {0, 1, 12}, {0, 5, 7, 12}, {0, 1, 2, 3, 12}}) {
      StreamingMoments streamed(layout);
      for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
        merge(streamed, plain(g, w, cuts[k], cuts[k + 1]));
      }
      EXPECT_EQ(streamed.weights().samples, kSamples);
      EXPECT_NEAR(streamed.weights().sum, whole.weights.sum, 1e-14);
      EXPECT_NEAR(streamed.weights().sum_squares, whole.weights.sum_squares, 1e-13);
      for (std::int64_t i = 0; i < g.row_size(); ++i) {
        EXPECT_NEAR(streamed.mean()[i], whole.mean[i], 1e-14);
        EXPECT_NEAR(streamed.squared_deviations()[i], whole.m2[i], 1e-12);
      }
    }
  }
}

TEST(StreamingMoments, OfStreamsMergeLikeBatches) {
  const ParameterLayout layout = two_layers();
  const Tensor<double> g = gradients(layout);
  const std::vector<double> w(kSamples, 1.0);
  StreamingMoments left(layout), right(layout);
  merge(left, plain(g, w, 0, 5));
  merge(right, plain(g, w, 5, 9));
  merge(right, plain(g, w, 9, 12));
  left.merge(right);
  const Moments whole = plain(g, w, 0, kSamples);
  for (std::int64_t i = 0; i < g.row_size(); ++i) {
    EXPECT_NEAR(left.squared_deviations()[i], whole.m2[i], 1e-12);
  }
}

TEST(StreamingMoments, HaveTheSameBitsForAnyThreads) {
  ParameterLayout layout;
  (void)layout.add("a", {3, 1777});
  const auto streamed = [&](int threads) {
    LanePool pool(std::max(threads, 1));
    StreamingMoments moments(layout);
    std::vector<float> mean(layout.padded_size()), m2(layout.padded_size());
    for (std::uint64_t batch = 0; batch < 5; ++batch) {
      RandomStream(1, Purpose::kTest).normals<float>(batch, 0, mean);
      RandomStream(1, Purpose::kTest).normals<float>(batch, 1, m2);
      moments.merge<float>(mean, m2, {7, 3.1, 1.9}, threads == 0 ? nullptr : &pool);
    }
    std::vector<double> all(moments.mean().begin(), moments.mean().end());
    all.insert(all.end(), moments.squared_deviations().begin(), moments.squared_deviations().end());
    return all;
  };
  const std::vector<double> alone = streamed(0);
  for (const int threads : {1, 2, 3, 7}) EXPECT_EQ(streamed(threads), alone) << threads;
}

TEST(StreamingMoments, KeepTheirDigitsWhenTheMeanIsLarge) {
  ParameterLayout layout;
  (void)layout.add("a", {1});
  StreamingMoments streamed(layout);
  const double far = 1e9;
  for (int n = 0; n < 1000; ++n) {
    std::vector<double> mean(layout.padded_size()), m2(layout.padded_size());
    mean[0] = far + (n % 2 == 0 ? 1 : -1);
    streamed.merge<double>(mean, m2, {1, 1, 1});
  }
  EXPECT_NEAR(streamed.variance(Estimator::kPopulation)[0], 1.0, 1e-6);
}

TEST(StreamingMoments, ABatchWithoutWeightChangesNothing) {
  const ParameterLayout layout = two_layers();
  const Tensor<double> g = gradients(layout);
  const std::vector<double> w(kSamples, 1.0);
  StreamingMoments streamed(layout);
  merge(streamed, plain(g, w, 0, 5));
  const double before = streamed.mean()[0];
  Moments nothing = plain(g, w, 5, 9);
  nothing.weights = {4, 0, 0};
  merge(streamed, nothing);
  EXPECT_EQ(streamed.mean()[0], before);
  EXPECT_EQ(streamed.weights().sum, 5.0);
}

TEST(StreamingMoments, SayWhatTheirUnitsAre) {
  const ParameterLayout layout = two_layers();
  const Tensor<double> g = gradients(layout);
  const std::vector<double> w(kSamples, 1.0);
  const Moments whole = plain(g, w, 0, kSamples);
  StreamingMoments streamed(layout);
  merge(streamed, whole);
  const Tensor<double> population = streamed.variance(Estimator::kPopulation);
  const Tensor<double> unbiased = streamed.variance(Estimator::kUnbiased);
  double trace = 0, squared = 0;
  for (std::int64_t i = 0; i < g.row_size(); ++i) {
    EXPECT_NEAR(population[i], whole.m2[i] / kSamples, 1e-14);
    EXPECT_NEAR(unbiased[i], whole.m2[i] / (kSamples - 1), 1e-14);
    trace += whole.m2[i] / (kSamples - 1);
    squared += whole.mean[i] * whole.mean[i];
  }
  const MomentSummary total = summarise_whole(streamed.summaries(Estimator::kUnbiased));
  EXPECT_NEAR(total.trace, trace, 1e-12);
  EXPECT_NEAR(total.mean_squared_norm, squared, 1e-13);
  EXPECT_EQ(total.signal_to_noise(), total.mean_squared_norm / total.trace);
  EXPECT_EQ(total.noise_scale(), total.trace / total.mean_squared_norm);
  EXPECT_EQ(to_string(Estimator::kUnbiased), "unbiased");
  EXPECT_EQ(to_string(Estimator::kPopulation), "population");
}

TEST(Summaries, OfALayerAddItsParametersUp) {
  const ParameterLayout layout = two_layers();
  const std::vector<MomentSummary> by_parameter = {{1, 10}, {2, 20}, {4, 40}};
  const std::vector<MomentSummary> layers = summarise_layers(layout, by_parameter);
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[0].trace, 3.0);
  EXPECT_EQ(layers[0].mean_squared_norm, 30.0);
  EXPECT_EQ(layers[1].trace, 4.0);
}

TEST(Weights, AreOnesWhenNoneAreGiven) {
  const Weights weights = Weights::of<float>({}, 7);
  EXPECT_EQ(weights.samples, 7);
  EXPECT_EQ(weights.sum, 7.0);
  EXPECT_EQ(weights.divisor(Estimator::kPopulation), 7.0);
  EXPECT_EQ(weights.divisor(Estimator::kUnbiased), 6.0);
}

TEST(Weights, TheUnbiasedVarianceDoesNotChangeWhenAllWeightsAreScaled) {
  const std::vector<double> small = {0.1, 0.2, 0.7}, large = {10, 20, 70};
  EXPECT_NEAR(Weights::of<double>(small, 3).divisor(Estimator::kUnbiased) * 100,
              Weights::of<double>(large, 3).divisor(Estimator::kUnbiased), 1e-12);
}

TEST(Weights, TheUnbiasedVarianceOfASingleSampleIsRefused) {
  const std::string sentence =
      "[statistics] the unbiased variance of 1 sample(s) is not defined when one of them carries "
      "all the weight; give at least two or ask for the population variance";
  // Among these weights are some whose w - w^2 / w is not 0 but the last bit of w.
  for (int i = 1; i < 200; ++i) {
    const std::vector<double> one = {0.1 * i};
    EXPECT_EQ(refusal_of([&] { (void)Weights::of<double>(one, 1).divisor(Estimator::kUnbiased); }),
              sentence)
        << one[0];
    EXPECT_EQ(Weights::of<double>(one, 1).divisor(Estimator::kPopulation), one[0]);
  }
  const std::vector<double> two = {0, 3};
  EXPECT_NE(refusal_of([&] { (void)Weights::of<double>(two, 2).divisor(Estimator::kUnbiased); }),
            "nothing was refused");
}

TEST(StreamingMoments, RefuseMomentsOfAnotherSize) {
  StreamingMoments streamed(two_layers());
  const std::vector<double> five(5);
  EXPECT_EQ(refusal_of([&] {
              streamed.merge<double>(five, five, {1, 1, 1});
            }),
            "[statistics] moments of 5 numbers cannot be merged into moments of 64");
}

}  // namespace
}  // namespace gradvar::statistics_test

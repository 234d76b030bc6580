// Every statistic against the loop over single samples: the promise of the library.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "autograd/collectors/gram.h"
#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/collectors/projection.h"
#include "autograd/collectors/sum.h"
#include "tests/autograd/small_net.h"

namespace gradvar::collectors_test {
namespace {

using testing::NetKind;
using testing::SmallNet;

constexpr std::int64_t kBatch = 23;

template <class Real>
double tolerance() {
  return sizeof(Real) == 8 ? 1e-12 : 1e-4;
}

// Each sample's gradient from a batch of its own, in f64: [kBatch, padded size].
template <class Real>
Tensor<double> one_by_one(const SmallNet<Real>& net) {
  LanePool pool(1);
  Engine<Real> engine(net.parameters, pool, 1);
  Tensor<double> gradients(Shape{kBatch, net.parameters.layout().padded_size()});
  Real loss;
  for (std::int64_t n = 0; n < kBatch; ++n) {
    PerSampleCollector<Real> alone;
    engine.run(1, net.losses(n), {&alone}, {&loss, 1});
    for (std::int64_t i = 0; i < gradients.row_size(); ++i) {
      gradients[n * gradients.row_size() + i] = alone.gradients()[i];
    }
  }
  return gradients;
}

std::vector<double> sample_weights(bool weighted) {
  if (!weighted) return std::vector<double>(kBatch, 1.0);
  std::vector<double> weights;
  for (std::int64_t n = 0; n < kBatch; ++n) weights.push_back(n % 5 == 4 ? 0.0 : 0.25 + 0.1 * n);
  return weights;
}

// Largest |a - b| over the elements of each parameter, relative to its largest |b|.
template <class Real>
double worst_difference(const ParameterLayout& layout, std::span<const Real> a,
                        std::span<const double> b) {
  double worst = 0;
  for (int k = 0; k < layout.count(); ++k) {
    const auto mine = layout.slice(a, ParameterId{k});
    const auto theirs = layout.slice(b, ParameterId{k});
    double difference = 0, magnitude = 0;
    for (std::size_t i = 0; i < mine.size(); ++i) {
      difference = std::max(difference, std::abs(static_cast<double>(mine[i]) - theirs[i]));
      magnitude = std::max(magnitude, std::abs(theirs[i]));
    }
    if (difference > 0) worst = std::max(worst, difference / magnitude);
  }
  return worst;
}

struct Case {
  NetKind kind;
  bool weighted;
  int lanes;
};

class CollectorExactness : public ::testing::TestWithParam<Case> {
 protected:
  template <class Real>
  void check_all() {
    const Case c = GetParam();
    const SmallNet<Real> net(c.kind, kBatch);
    const ParameterLayout& layout = net.parameters.layout();
    const Tensor<double> truth = one_by_one(net);
    const std::vector<double> weights = sample_weights(c.weighted);
    std::vector<Real> given;
    if (c.weighted) given.assign(weights.begin(), weights.end());
    for (std::size_t n = 0; n < given.size(); ++n) ASSERT_EQ(given[n], Real(weights[n]));

    Tensor<Real> directions(Shape{2, layout.padded_size()});
    RandomStream(5, Purpose::kDirections).normals<Real>(0, 0, directions.values());

    LanePool pool(2);
    Engine<Real> engine(net.parameters, pool, c.lanes);
    SumCollector<Real> sum;
    MomentsCollector<Real> moments;
    NormsCollector<Real> norms;
    GramCollector<Real> gram;
    ProjectionCollector<Real> projection(directions);
    PerSampleCollector<Real> whole;
    std::vector<Real> losses(kBatch);
    engine.run(kBatch, net.losses(), {&sum, &moments, &norms, &gram, &projection, &whole}, losses,
               given);

    // The same in the plainest way.
    const std::int64_t size = layout.padded_size();
    double total = 0;
    for (double w : weights) total += w;
    std::vector<double> mean(size), m2(size);
    for (std::int64_t i = 0; i < size; ++i) {
      for (std::int64_t n = 0; n < kBatch; ++n) mean[i] += weights[n] * truth[n * size + i];
      mean[i] /= total;
      for (std::int64_t n = 0; n < kBatch; ++n) {
        const double deviation = truth[n * size + i] - mean[i];
        m2[i] += weights[n] * deviation * deviation;
      }
    }
    const double bar = tolerance<Real>();
    EXPECT_LE(worst_difference<Real>(layout, sum.mean(), mean), bar);
    EXPECT_LE(worst_difference<Real>(layout, moments.mean(), mean), bar);
    EXPECT_LE(worst_difference<Real>(layout, moments.squared_deviations(), m2), bar);
    check_traces(layout, moments, mean, m2, weights, bar);

    double largest_norm = 0, worst_gram = 0, worst_norm = 0, worst_whole = 0, largest = 0;
    double worst_projection = 0, largest_projection = 0;
    for (std::int64_t n = 0; n < kBatch; ++n) {
      for (std::int64_t m = 0; m < kBatch; ++m) {
        double inner = 0;
        for (std::int64_t i = 0; i < size; ++i) inner += truth[n * size + i] * truth[m * size + i];
        worst_gram = std::max(worst_gram, std::abs(gram.gram()[n * kBatch + m] - inner));
        EXPECT_EQ(gram.gram()[n * kBatch + m], gram.gram()[m * kBatch + n]);
        if (n != m) continue;
        largest_norm = std::max(largest_norm, inner);
        worst_norm = std::max(worst_norm, std::abs(norms.squared_norms()[n] - inner));
      }
      for (std::int64_t i = 0; i < size; ++i) {
        largest = std::max(largest, std::abs(truth[n * size + i]));
        worst_whole = std::max(
            worst_whole,
            std::abs(static_cast<double>(whole.gradients()[n * size + i]) - truth[n * size + i]));
      }
      for (int k = 0; k < 2; ++k) {
        double inner = 0;
        for (std::int64_t i = 0; i < size; ++i) {
          inner += truth[n * size + i] * static_cast<double>(directions[k * size + i]);
        }
        largest_projection = std::max(largest_projection, std::abs(inner));
        worst_projection =
            std::max(worst_projection, std::abs(projection.projections()[k * kBatch + n] - inner));
      }
    }
    EXPECT_LE(worst_norm, bar * largest_norm);
    EXPECT_LE(worst_gram, bar * largest_norm);
    EXPECT_LE(worst_whole, bar * largest);
    EXPECT_LE(worst_projection, bar * largest_projection);
    EXPECT_GT(largest_norm, 0.1) << "the case tests nothing when gradients vanish";
  }

  template <class Real>
  void check_traces(const ParameterLayout& layout, const MomentsCollector<Real>& moments,
                    std::span<const double> mean, std::span<const double> m2,
                    std::span<const double> weights, double bar) {
    double w = 0, w2 = 0;
    for (double weight : weights) {
      w += weight;
      w2 += weight * weight;
    }
    for (const Estimator estimator : {Estimator::kPopulation, Estimator::kUnbiased}) {
      const double divisor = estimator == Estimator::kPopulation ? w : w - w2 / w;
      const std::vector<MomentSummary> summaries = moments.summaries(estimator);
      double trace = 0, squared = 0;
      for (int k = 0; k < layout.count(); ++k) {
        const auto deviations = layout.slice(m2, ParameterId{k});
        double expected = 0;
        for (double d : deviations) expected += d / divisor;
        EXPECT_NEAR(summaries[k].trace, expected, bar * expected);
        trace += expected;
      }
      for (double g : mean) squared += g * g;
      const MomentSummary total = summarise_whole(summaries);
      EXPECT_NEAR(total.trace, trace, bar * trace);
      EXPECT_NEAR(total.mean_squared_norm, squared, bar * squared);
    }
  }
};

TEST_P(CollectorExactness, EveryStatisticEqualsTheLoopOverSamplesInF64) { check_all<double>(); }
TEST_P(CollectorExactness, EveryStatisticEqualsTheLoopOverSamplesInF32) { check_all<float>(); }

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  const std::string kinds[] = {"Plain", "Tied", "Tokens", "TiedTokens"};
  return kinds[static_cast<int>(info.param.kind)] + (info.param.weighted ? "Weighted" : "") +
         "Lanes" + std::to_string(info.param.lanes);
}

INSTANTIATE_TEST_SUITE_P(
    Nets, CollectorExactness,
    ::testing::Values(Case{NetKind::kPlain, false, 1}, Case{NetKind::kPlain, false, 2},
                      Case{NetKind::kPlain, true, 3}, Case{NetKind::kPlain, false, 40},
                      Case{NetKind::kTied, false, 1}, Case{NetKind::kTied, true, 2},
                      Case{NetKind::kTokens, false, 2}, Case{NetKind::kTokens, true, 5},
                      Case{NetKind::kTiedTokens, false, 3}, Case{NetKind::kTiedTokens, true, 1}),
    case_name);

// The mean gradient is some hundred times the standard deviation. Without the fallback the f32
// variance would be off by a few parts in a thousand here.
template <class Real>
void check_large_mean(double spread) {
  const SmallNet<Real> net(NetKind::kPlain, kBatch, spread);
  const ParameterLayout& layout = net.parameters.layout();
  const Tensor<double> truth = one_by_one(net);
  LanePool pool(1);
  Engine<Real> engine(net.parameters, pool, 2);
  MomentsCollector<Real> moments;
  std::vector<Real> losses(kBatch);
  engine.run(kBatch, net.losses(), {&moments}, losses);
  const std::int64_t size = layout.padded_size();
  std::vector<double> mean(size), m2(size);
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t n = 0; n < kBatch; ++n) mean[i] += truth[n * size + i] / kBatch;
    for (std::int64_t n = 0; n < kBatch; ++n) {
      m2[i] += (truth[n * size + i] - mean[i]) * (truth[n * size + i] - mean[i]);
    }
  }
  EXPECT_LE(worst_difference<Real>(layout, moments.squared_deviations(), m2), tolerance<Real>());
}
TEST(Moments, StayExactWhenTheMeanDwarfsTheSpreadInF32) { check_large_mean<float>(1e-2); }
TEST(Moments, StayExactWhenTheMeanDwarfsTheSpreadInF64) { check_large_mean<double>(1e-3); }

TEST(Moments, TheFallbackAloneAgreesWithTheFactoredRoad) {
  const SmallNet<double> net(NetKind::kPlain, kBatch);
  class Compare final : public GradientReceiver<double> {
   public:
    void receive(const SampleGradients<double>& g) override {
      Arena scratch;
      std::vector<double> sum(g.size()), m2(g.size()), direct(g.size());
      centred_moments<double>(g, {}, scratch, sum.data(), m2.data());
      sum_gradients<double>(g, {}, scratch, direct.data());
      for (std::int64_t i = 0; i < g.size(); ++i) EXPECT_NEAR(sum[i], direct[i], 1e-12);
      ++count;
    }
    int count = 0;
  } compare;
  Tape<double> tape(net.parameters);
  tape.backward(net.losses()(tape, {0, 0, kBatch, {}}), &compare);
  EXPECT_EQ(compare.count, 6) << "three layers, weight and bias; the unused one is never offered";
}

TEST(Moments, AParameterNoOpUsesHasZeroMeanAndZeroVariance) {
  const SmallNet<float> net(NetKind::kPlain, kBatch);
  LanePool pool(1);
  Engine<float> engine(net.parameters, pool, 2);
  MomentsCollector<float> moments;
  std::vector<float> losses(kBatch);
  engine.run(kBatch, net.losses(), {&moments}, losses);
  const ParameterId unused = net.parameters.layout().find("unused.weight").value();
  for (float g : net.parameters.layout().slice(moments.squared_deviations(), unused)) {
    EXPECT_EQ(g, 0.0F);
  }
  EXPECT_EQ(moments.summaries(Estimator::kUnbiased)[unused.index].trace, 0.0);
}

TEST(Collectors, GiveTheSameBitsOnOneTwoAndThreeThreads) {
  const SmallNet<float> net(NetKind::kTiedTokens, kBatch);
  std::vector<std::vector<float>> variances;
  std::vector<std::vector<double>> grams;
  std::vector<double> traces;
  for (const int threads : {1, 2, 3}) {
    LanePool pool(threads);
    Engine<float> engine(net.parameters, pool, 4);
    MomentsCollector<float> moments;
    GramCollector<float> gram;
    std::vector<float> losses(kBatch);
    engine.run(kBatch, net.losses(), {&moments, &gram}, losses);
    variances.emplace_back(moments.squared_deviations().begin(),
                           moments.squared_deviations().end());
    grams.emplace_back(gram.gram().values().begin(), gram.gram().values().end());
    traces.push_back(summarise_whole(moments.summaries(Estimator::kUnbiased)).trace);
  }
  EXPECT_EQ(variances[0], variances[1]);
  EXPECT_EQ(variances[0], variances[2]);
  EXPECT_EQ(grams[0], grams[1]);
  EXPECT_EQ(grams[0], grams[2]);
  EXPECT_EQ(traces[0], traces[1]);
  EXPECT_EQ(traces[0], traces[2]);
}

TEST(Collectors, CanBeUsedAgainForABatchOfAnotherSize) {
  const SmallNet<double> net(NetKind::kPlain, kBatch);
  LanePool pool(1);
  Engine<double> engine(net.parameters, pool, 3);
  MomentsCollector<double> again, fresh;
  std::vector<double> losses(kBatch);
  engine.run(kBatch, net.losses(), {&again}, losses);
  engine.run(2, net.losses(), {&again}, std::span(losses).first(2));
  engine.run(2, net.losses(), {&fresh}, std::span(losses).first(2));
  EXPECT_TRUE(std::ranges::equal(again.squared_deviations(), fresh.squared_deviations()));
  EXPECT_EQ(again.weights().samples, 2);
}

TEST(Gram, OfLayersAddsUpToTheWhole) {
  const SmallNet<double> net(NetKind::kTied, kBatch);
  LanePool pool(1);
  Engine<double> engine(net.parameters, pool, 2);
  GramCollector<double> gram;
  std::vector<double> losses(kBatch);
  engine.run(kBatch, net.losses(), {&gram}, losses);
  Tensor<double> total(Shape{kBatch, kBatch});
  for (int k = 0; k < net.parameters.layout().count(); ++k) {
    const ParameterId one[] = {ParameterId{k}};
    const Tensor<double> part = gram.gram_of(one, pool);
    for (std::int64_t i = 0; i < total.size(); ++i) total[i] += part[i];
  }
  for (std::int64_t i = 0; i < total.size(); ++i) EXPECT_NEAR(total[i], gram.gram()[i], 1e-10);
}

TEST(Projection, RefusesDirectionsThatDoNotFit) {
  const SmallNet<double> net(NetKind::kPlain, kBatch);
  LanePool pool(1);
  Engine<double> engine(net.parameters, pool, 1);
  ProjectionCollector<double> projection(Tensor<double>(Shape{2, 5}));
  std::vector<double> losses(kBatch);
  try {
    engine.run(kBatch, net.losses(), {&projection}, losses);
    FAIL() << "directions of the wrong size were taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("[projection] the directions are 2x5"),
              std::string::npos)
        << error.what();
  }
}

// Samples that are nearly alike, summed one after the other in f32, lose three digits here.
TEST(MomentsCollector, ALargeBatchInF32KeepsItsDigits) {
  constexpr std::int64_t kMany = 60000;
  for (const NetKind kind : {NetKind::kPlain, NetKind::kTied}) {
    const auto mean = [&](auto real) {
      using Real = decltype(real);
      SmallNet<Real> net(kind, kMany, 1e-3);
      LanePool pool(1);
      Engine<Real> engine(net.parameters, pool, 1);
      MomentsCollector<Real> moments;
      std::vector<Real> losses(kMany);
      engine.run(kMany, net.losses(), {&moments}, losses);
      const std::span<const Real> values = std::as_const(moments).mean();
      return std::vector<double>(values.begin(), values.end());
    };
    const std::vector<double> narrow = mean(0.0F), wide = mean(0.0);
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < wide.size(); ++i) {
      largest = std::max(largest, std::abs(wide[i]));
      difference = std::max(difference, std::abs(narrow[i] - wide[i]));
    }
    EXPECT_LT(difference, 1e-5 * largest);
  }
}

}  // namespace
}  // namespace gradvar::collectors_test

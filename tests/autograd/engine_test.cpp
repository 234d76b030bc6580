#include "autograd/engine.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/collectors/sum.h"
#include "tests/autograd/refusal_of.h"
#include "tests/autograd/small_net.h"

namespace gradvar::engine_test {
namespace {

using testing::NetKind;
using testing::refusal_of;
using testing::SmallNet;

constexpr std::int64_t kBatch = 23;

struct Results {
  std::vector<float> losses, mean, variance, per_sample;
  std::vector<double> norms;
  friend bool operator==(const Results&, const Results&) = default;
};

Results run(const SmallNet<float>& net, int threads, int lanes, std::span<const float> weights) {
  LanePool pool(threads);
  Engine<float> engine(net.parameters, pool, lanes);
  SumCollector<float> sum;
  MomentsCollector<float> moments;
  NormsCollector<float> norms;
  PerSampleCollector<float> each;
  Results results;
  results.losses.resize(kBatch);
  engine.run(kBatch, net.losses(), {&sum, &moments, &norms, &each}, results.losses, weights);
  const auto copy = [](const auto& from) { return std::vector(from.begin(), from.end()); };
  results.mean = copy(sum.mean());
  results.variance = copy(moments.squared_deviations());
  for (const double norm : norms.squared_norms()) results.norms.push_back(norm);
  for (const float g : each.gradients().values()) results.per_sample.push_back(g);
  return results;
}

TEST(Engine, GivesTheSameBitsOnAnyNumberOfThreads) {
  const std::vector<float> weights(kBatch, 0.3F);
  for (const NetKind kind : {NetKind::kPlain, NetKind::kTied, NetKind::kTiedTokens}) {
    const SmallNet<float> net(kind, kBatch);
    for (const int lanes : {1, 4, 7}) {
      const Results alone = run(net, 1, lanes, weights);
      EXPECT_EQ(alone, run(net, 2, lanes, weights));
      EXPECT_EQ(alone, run(net, 3, lanes, weights));
      EXPECT_EQ(alone, run(net, 3, lanes, weights)) << "and the same again";
    }
  }
}

TEST(Engine, LossesDoNotDependOnLanes) {
  const SmallNet<double> net(NetKind::kPlain, kBatch);
  LanePool pool(2);
  std::vector<double> one(kBatch), many(kBatch);
  Engine<double>(net.parameters, pool, 1).forward(kBatch, net.losses(), one);
  Engine<double>(net.parameters, pool, 40).forward(kBatch, net.losses(), many);
  for (std::int64_t n = 0; n < kBatch; ++n) EXPECT_NEAR(one[n], many[n], 1e-13 * one[n]);
}

TEST(Engine, ABatchSmallerThanItsLanesUsesOneLaneASample) {
  const SmallNet<double> net(NetKind::kPlain, kBatch);
  LanePool pool(2);
  Engine<double> engine(net.parameters, pool, 8);
  EXPECT_EQ(engine.lanes(), 8);
  std::atomic<int> recorded = 0;
  std::vector<double> losses(3);
  MomentsCollector<double> moments;
  engine.run(
      3,
      [&](Tape<double>& tape, const LaneRows<double>& rows) {
        EXPECT_EQ(rows.count, 1);
        ++recorded;
        return net.losses()(tape, rows);
      },
      {&moments}, losses);
  EXPECT_EQ(recorded, 3);
  EXPECT_EQ(moments.weights().samples, 3);
}

TEST(Engine, GivesEachLaneItsRowsAndTheirWeights) {
  const SmallNet<double> net(NetKind::kPlain, kBatch);
  LanePool pool(1);
  Engine<double> engine(net.parameters, pool, 3);
  std::vector<double> weights(kBatch), losses(kBatch);
  for (std::int64_t n = 0; n < kBatch; ++n) weights[n] = 1.0 + n;
  std::int64_t at = 0;
  SumCollector<double> sum;
  engine.run(
      kBatch,
      [&](Tape<double>& tape, const LaneRows<double>& rows) {
        EXPECT_EQ(rows.begin, at);
        EXPECT_EQ(rows.weights.front(), 1.0 + at);
        at += rows.count;
        return net.losses()(tape, rows);
      },
      {&sum}, losses, weights);
  EXPECT_EQ(at, kBatch);
  EXPECT_EQ(sum.total_weight(), kBatch * (kBatch + 1) / 2);
}

// A lane without any weight comes first, and the rest are nearly alike, so that the moments fall
// back to two passes. Lane 0 then held what was merged first in place of its own zeros.
TEST(Moments, StayExactWhenTheFirstLaneWeighsNothing) {
  const SmallNet<double> net(NetKind::kPlain, kBatch, 1e-3);
  std::vector<double> weights(kBatch, 1.0), losses(kBatch);
  for (std::int64_t n = 0; n < kBatch / 2; ++n) weights[n] = 0;
  LanePool pool(1);
  Engine<double> two(net.parameters, pool, 2), one(net.parameters, pool, 1);
  MomentsCollector<double> split, whole;
  two.run(kBatch, net.losses(), {&split}, losses, weights);
  one.run(kBatch, net.losses(), {&whole}, losses, weights);
  for (int k = 0; k < net.parameters.layout().count(); ++k) {
    const ParameterId id{k};
    const auto part = [&](std::span<const double> flat) {
      return net.parameters.layout().slice(flat, id);
    };
    const auto m2 = part(whole.squared_deviations()), found = part(split.squared_deviations());
    const auto mean = part(std::as_const(whole).mean()), got = part(std::as_const(split).mean());
    double largest = 0, largest_mean = 0;
    for (const double m : m2) largest = std::max(largest, m);
    for (const double m : mean) largest_mean = std::max(largest_mean, std::abs(m));
    for (std::size_t i = 0; i < m2.size(); ++i) {
      EXPECT_NEAR(found[i], m2[i], 1e-12 * largest) << net.parameters.info(id).name;
      EXPECT_NEAR(got[i], mean[i], 1e-12 * largest_mean) << net.parameters.info(id).name;
    }
  }
}

// Two models whose flat arrays are equally long: the collector must not keep the first one's
// places.
TEST(Collectors, CanBeUsedAgainForAnotherModelOfTheSameSize) {
  MomentsCollector<double> moments;
  SumCollector<double> sum;
  LanePool pool(1);
  const std::vector<double> ones(3 * 17, 1.0);
  std::vector<double> losses(3);
  for (const bool swapped : {false, true}) {
    ParameterSet<double> set;
    const std::int64_t first = swapped ? 17 : 16, second = swapped ? 16 : 17;
    const ParameterId a = set.add("a", {first}), b = set.add("b", {second});
    Engine<double> engine(set, pool, 1);
    const auto build = [&](Tape<double>& tape, const LaneRows<double>&) {
      const auto part = [&](std::int64_t columns) {
        return tape.input(std::span<const double>(ones).first(3 * columns), {3, columns});
      };
      return add(tape, gradvar::sum(tape, gain(tape, part(first), a)),
                 gradvar::sum(tape, gain(tape, part(second), b)));
    };
    engine.run(3, build, {&moments, &sum}, losses);
    for (const std::span<const double> mean :
         {std::as_const(moments).mean(), std::as_const(sum).mean()}) {
      for (const ParameterId id : {a, b}) {
        for (const double g : set.layout().slice(mean, id)) EXPECT_NEAR(g, 1.0, 1e-15);
      }
    }
    EXPECT_NEAR(summarise_whole(moments.summaries(Estimator::kPopulation)).mean_squared_norm, 33,
                1e-12);
  }
}

TEST(Engine, AllocatesNothingForABatchLikeTheLast) {
  const SmallNet<float> net(NetKind::kTokens, kBatch);
  LanePool pool(1);
  Engine<float> engine(net.parameters, pool, 3);
  SumCollector<float> sum;
  std::vector<float> losses(kBatch);
  for (int round = 0; round < 2; ++round) engine.run(kBatch, net.losses(), {&sum}, losses);
  const std::size_t held = engine.held_bytes();
  EXPECT_GT(held, 0u);
  for (int round = 0; round < 3; ++round) engine.run(kBatch, net.losses(), {&sum}, losses);
  EXPECT_EQ(engine.held_bytes(), held);
}

TEST(Engine, SaysWhereTheFirstNumberThatIsNotFiniteCameUp) {
  SmallNet<float> net(NetKind::kPlain, kBatch);
  const ParameterId middle = net.parameters.layout().find("middle.bias").value();
  LanePool pool(2);
  Engine<float> engine(net.parameters, pool, 2);
  std::vector<float> losses(kBatch);
  engine.forward(kBatch, net.losses(), losses);
  EXPECT_EQ(engine.first_nonfinite(), "");
  net.parameters.values(middle)[2] = std::numeric_limits<float>::infinity();
  engine.forward(kBatch, net.losses(), losses);
  EXPECT_EQ(engine.first_nonfinite(), "dense (middle)");
}

TEST(Engine, PassesOnWhatALaneThrowsAndCarriesOn) {
  const SmallNet<float> net(NetKind::kPlain, kBatch);
  LanePool pool(2);
  Engine<float> engine(net.parameters, pool, 4);
  std::vector<float> losses(kBatch);
  EXPECT_EQ(refusal_of([&] {
              engine.forward(
                  kBatch,
                  [](Tape<float>&, const LaneRows<float>& rows) -> Value {
                    throw std::invalid_argument("lane " + std::to_string(rows.lane));
                  },
                  losses);
            }),
            "lane 0");
  engine.forward(kBatch, net.losses(), losses);
  EXPECT_GT(losses.back(), 0.0F);
}

TEST(Engine, RefusesWhatDoesNotFit) {
  const SmallNet<float> net(NetKind::kPlain, kBatch);
  LanePool pool(1);
  Engine<float> engine(net.parameters, pool, 2);
  SumCollector<float> sum;
  const auto attempt = [&](std::int64_t batch, std::size_t places, std::vector<float> weights) {
    std::vector<float> losses(places);
    return refusal_of([&] { engine.run(batch, net.losses(), {&sum}, losses, weights); });
  };
  EXPECT_EQ(attempt(0, 0, {}), "[engine] the batch has 0 samples, expected 1 or more");
  EXPECT_EQ(attempt(3, 4, {}), "[engine] 4 places for 3 losses");
  EXPECT_EQ(attempt(3, 3, {1, 1}), "[engine] 2 weights for 3 samples");
  EXPECT_EQ(attempt(2, 2, {1, -1}),
            "[engine] the weight of sample 1 is -1.000000, expected a finite number of 0 or more");
  EXPECT_EQ(attempt(1, 1, {std::nanf("")}),
            "[engine] the weight of sample 0 is nan, expected a finite number of 0 or more");
  EXPECT_EQ(attempt(2, 2, {0, 0}),
            "[engine] the sample weights are all 0, expected a positive sum");
  EXPECT_EQ(refusal_of([&] { Engine<float>(net.parameters, pool, 0); }),
            "[lanes] 0 lanes asked for, expected 1 to 4096");
  EXPECT_EQ(refusal_of([&] { Engine<float>(net.parameters, pool, 4097); }),
            "[lanes] 4097 lanes asked for, expected 1 to 4096");
}

// Before, losses of another shape were written past the end of the caller's array.
TEST(Engine, RefusesAnythingButOneLossASample) {
  const SmallNet<float> net(NetKind::kPlain, kBatch);
  LanePool pool(1);
  Engine<float> engine(net.parameters, pool, 1);
  const std::vector<float> x(12);
  std::vector<float> losses(4);
  EXPECT_EQ(refusal_of([&] {
              engine.forward(
                  4,
                  [&](Tape<float>& tape, const LaneRows<float>&) {
                    return tape.input(x, {4, 3});
                  },
                  losses);
            }),
            "[engine] the losses are 4x3, expected one per sample, 4");
}

}  // namespace
}  // namespace gradvar::engine_test

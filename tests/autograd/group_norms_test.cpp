// Norms of weighted group sums against the sums themselves, for every kind of factor.

#include "autograd/collectors/group_norms.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "autograd/collectors/norms.h"
#include "autograd/collectors/per_sample.h"
#include "tests/autograd/refusal_of.h"
#include "tests/autograd/small_net.h"

namespace gradvar::group_norms_test {
namespace {

using testing::NetKind;
using testing::SmallNet;

constexpr std::int64_t kBatch = 24;

template <class Real>
std::vector<Real> weights_with_zeros() {
  std::vector<Real> weights;
  for (std::int64_t n = 0; n < kBatch; ++n) {
    weights.push_back(n % 7 == 3 ? Real(0) : static_cast<Real>(0.25 + 0.1 * n));
  }
  return weights;
}

template <class Real>
void expect_sums(NetKind kind, std::int64_t group, int lanes, bool weighted, double bar) {
  const SmallNet<Real> net(kind, kBatch);
  const ParameterLayout& layout = net.parameters.layout();
  LanePool pool(2);
  Engine<Real> engine(net.parameters, pool, lanes);
  GroupNormsCollector<Real> norms(group);
  PerSampleCollector<Real> each;
  std::vector<Real> losses(kBatch), weights;
  if (weighted) weights = weights_with_zeros<Real>();
  engine.run(kBatch, net.losses(), {&norms, &each}, losses, weights);
  for (int k = 0; k < layout.count(); ++k) {
    const std::span<const double> mine = norms.squared_norms(ParameterId{k});
    ASSERT_EQ(mine.size(), static_cast<std::size_t>(kBatch / group));
    for (std::int64_t j = 0; j < kBatch / group; ++j) {
      double truth = 0;
      for (std::int64_t i = 0; i < layout.infos()[k].size(); ++i) {
        double sum = 0;
        for (std::int64_t n = j * group; n < (j + 1) * group; ++n) {
          sum += (weighted ? static_cast<double>(weights[n]) : 1.0) *
                 static_cast<double>(each.gradient(n, ParameterId{k})[i]);
        }
        truth += sum * sum;
      }
      EXPECT_NEAR(mine[j], truth, bar * truth) << layout.infos()[k].name << " group " << j;
    }
  }
}

TEST(GroupNorms, EqualTheSumsForEveryKindOfFactor) {
  for (const NetKind kind :
       {NetKind::kPlain, NetKind::kTied, NetKind::kTokens, NetKind::kTiedTokens}) {
    for (const std::int64_t group : {1, 2, 3, 12}) {
      for (const bool weighted : {false, true}) {
        expect_sums<double>(kind, group, 2, weighted, 1e-12);
        expect_sums<float>(kind, group, 1, weighted, 1e-4);
      }
    }
    expect_sums<double>(kind, 24, 1, true, 1e-12);
  }
}

TEST(GroupNorms, OfGroupsOfOneAreTheNorms) {
  const SmallNet<double> net(NetKind::kTokens, kBatch);
  LanePool pool(1);
  Engine<double> engine(net.parameters, pool, 3);
  GroupNormsCollector<double> groups(1);
  NormsCollector<double> norms;
  std::vector<double> losses(kBatch);
  engine.run(kBatch, net.losses(), {&groups, &norms}, losses);
  for (std::int64_t n = 0; n < kBatch; ++n) {
    EXPECT_NEAR(groups.squared_norms()[n], norms.squared_norms()[n],
                1e-12 * norms.squared_norms()[n]);
  }
}

TEST(GroupNorms, SameBitsForAnyNumberOfThreads) {
  const SmallNet<float> net(NetKind::kPlain, kBatch);
  std::vector<double> first;
  for (const int threads : {1, 2, 3}) {
    LanePool pool(threads);
    Engine<float> engine(net.parameters, pool, 4);
    GroupNormsCollector<float> groups(3);
    std::vector<float> losses(kBatch);
    engine.run(kBatch, net.losses(), {&groups}, losses);
    const std::vector<double> now(groups.squared_norms().begin(), groups.squared_norms().end());
    if (first.empty()) first = now;
    EXPECT_EQ(now, first);
  }
}

TEST(GroupNorms, ALaneThatCutsAGroupIsRefused) {
  const SmallNet<double> net(NetKind::kPlain, kBatch);
  LanePool pool(1);
  Engine<double> engine(net.parameters, pool, 2);
  GroupNormsCollector<double> groups(8);
  std::vector<double> losses(kBatch);
  EXPECT_EQ(testing::refusal_of([&] { engine.run(kBatch, net.losses(), {&groups}, losses); }),
            "[group-norms] lane 0 has samples 0 to 12 and cuts a group of 8; make the batch a "
            "multiple of lanes x group");
}

}  // namespace
}  // namespace gradvar::group_norms_test

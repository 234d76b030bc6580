// Which formula, and that all of them agree: cost is the only difference.

#include "autograd/planner.h"

#include <gtest/gtest.h>
#include <vector>

#include "autograd/collectors/gram.h"
#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/random.h"

namespace gradvar::planner_test {
namespace {

using Uses = std::vector<Factor<double>>;

SampleGradients<double> with(const Uses& uses, std::int64_t p, std::int64_t d) {
  return {.parameter = {0}, .batch = 3, .fan_out = p, .fan_in = d, .uses = uses};
}
Factor<double> outer(std::int64_t positions) {
  return Factor<double>::outer(nullptr, nullptr, positions);
}
Factor<double> rows() { return Factor<double>::rows(nullptr); }

TEST(Planner, GradientsGivenWholeStayRows) {
  const Uses uses = {rows()};
  EXPECT_EQ(plan_moments(with(uses, 4, 1)), Formula::kRows);
  EXPECT_EQ(plan_norms(with(uses, 4, 1)), Formula::kRows);
  EXPECT_EQ(plan_gram(with(uses, 4, 1), 100), Formula::kRows);
}

TEST(Planner, OneOuterProductASampleFactors) {
  const Uses uses = {outer(1)};
  EXPECT_EQ(plan_moments(with(uses, 64, 64)), Formula::kFactored);
  EXPECT_EQ(plan_norms(with(uses, 64, 64)), Formula::kFactored);
  EXPECT_EQ(plan_gram(with(uses, 64, 64), 100), Formula::kFactored);
}

TEST(Planner, NothingFactorsOverPositionsOrUses) {
  for (const Uses& uses : {Uses{outer(2)}, Uses{outer(1), outer(1)}, Uses{outer(1), rows()}}) {
    EXPECT_EQ(plan_moments(with(uses, 64, 64)), Formula::kFolded);
    EXPECT_NE(plan_norms(with(uses, 64, 64)), Formula::kFactored);
    EXPECT_NE(plan_gram(with(uses, 64, 64), 100), Formula::kFactored);
  }
}

TEST(Planner, FewPositionsOfALargeLayerAreMultipliedPairByPair) {
  const Uses few = {outer(2)}, many = {outer(256)};
  EXPECT_EQ(plan_norms(with(few, 64, 64)), Formula::kPositions);
  EXPECT_EQ(plan_norms(with(many, 64, 64)), Formula::kFolded);
  EXPECT_EQ(plan_gram(with(few, 64, 64), 100), Formula::kPositions);
  EXPECT_EQ(plan_gram(with(many, 64, 64), 100), Formula::kFolded);
}

TEST(Planner, RowsAmongTheUsesAreNeverMultipliedPairByPair) {
  const Uses mixed = {outer(1), rows()};
  EXPECT_EQ(plan_norms(with(mixed, 64, 64)), Formula::kFolded);
  EXPECT_EQ(plan_gram(with(mixed, 64, 64), 100), Formula::kFolded);
}

TEST(Planner, CostsMeetWhereTheTableSays) {
  // Norms: T^2 (p + d) against p d (T + 1), p = d = 8: 16 T^2 < 64 (T + 1) up to T = 4.
  for (const std::int64_t t : {2, 3, 4, 5, 6}) {
    const Uses uses = {outer(t)};
    EXPECT_EQ(plan_norms(with(uses, 8, 8)), t <= 4 ? Formula::kPositions : Formula::kFolded) << t;
  }
}

// The table of planner.h, written out: B = 10, p = 8, d = 18.
TEST(Planner, CostsAreThoseOfTheTable) {
  const PatchGrid grid{.height = 4, .width = 5, .channels = 2, .kernel = 3};
  const Uses whole = {rows()}, one = {outer(1)}, tokens = {outer(3)};
  const Uses twice = {Factor<double>::patches(nullptr, nullptr, grid),
                      Factor<double>::patches(nullptr, nullptr, grid)};
  const auto sum = [](const Uses& uses) { return sum_multiplications(with(uses, 8, 18), 10); };
  const auto moments = [](const Uses& uses) {
    const auto gradients = with(uses, 8, 18);
    return moments_multiplications(gradients, plan_moments(gradients), 10);
  };
  const auto norms = [](const Uses& uses, Formula formula) {
    return norms_multiplications(with(uses, 8, 18), formula, 10);
  };
  EXPECT_EQ(sum(whole), 1440);
  EXPECT_EQ(sum(one), 1440);
  EXPECT_EQ(sum(tokens), 3 * 1440);
  EXPECT_EQ(sum(twice), 40 * 1440) << "20 positions, used twice";
  EXPECT_EQ(moments(whole), 2 * 1440);
  EXPECT_EQ(moments(one), 2 * 1440);
  EXPECT_EQ(moments(tokens), 5 * 1440);
  EXPECT_EQ(moments(twice), 42 * 1440);
  EXPECT_EQ(norms(whole, Formula::kRows), 1440);
  EXPECT_EQ(norms(one, Formula::kFactored), 10 * 26);
  EXPECT_EQ(norms(tokens, Formula::kPositions), 10 * 9 * 26);
  EXPECT_EQ(norms(tokens, Formula::kFolded), 4 * 1440);
}

TEST(Planner, PatchesAreNeverMultipliedPairByPair) {
  const PatchGrid one_position{.height = 1, .width = 1, .channels = 64, .kernel = 3};
  const Uses uses = {Factor<double>::patches(nullptr, nullptr, one_position)};
  EXPECT_EQ(plan_moments(with(uses, 64, 576)), Formula::kFolded);
  EXPECT_EQ(plan_norms(with(uses, 64, 576)), Formula::kFolded);
  EXPECT_EQ(plan_gram(with(uses, 64, 576), 100), Formula::kFolded);
}

TEST(Planner, NamesItsFormulas) {
  EXPECT_EQ(to_string(Formula::kRows), "rows");
  EXPECT_EQ(to_string(Formula::kFactored), "factored");
  EXPECT_EQ(to_string(Formula::kPositions), "positions");
  EXPECT_EQ(to_string(Formula::kFolded), "folded");
  EXPECT_EQ(to_string(static_cast<Formula>(99)), "unknown");
}

// Uses whose plan is a different one for each size, against gradients made whole.
struct Given {
  std::int64_t p, d;
  std::vector<std::int64_t> positions;  // of each outer use; 0 for rows, -s for patches
};

class EveryFormula : public ::testing::TestWithParam<Given> {};

TEST_P(EveryFormula, GivesTheNormsAndInnerProductsOfTheWholeGradients) {
  const Given& given = GetParam();
  constexpr std::int64_t kBatch = 3;
  const std::int64_t size = given.p * given.d;
  std::vector<std::vector<double>> memory;
  const auto noise = [&](std::int64_t count) {
    std::vector<double>& numbers = memory.emplace_back(count);
    RandomStream(9, Purpose::kTest).normals<double>(memory.size(), 0, numbers);
    return numbers.data();
  };
  memory.reserve(16);
  Uses uses;
  for (const std::int64_t t : given.positions) {
    if (t == 0) {
      uses.push_back(Factor<double>::rows(noise(kBatch * size)));
    } else if (t < 0) {
      const PatchGrid grid{.height = 4, .width = 5, .channels = 2, .kernel = 3, .stride = -t};
      const double* delta = noise(kBatch * grid.positions() * given.p);
      uses.push_back(Factor<double>::patches(delta, noise(kBatch * grid.image_size()), grid));
    } else {
      const double* delta = noise(kBatch * t * given.p);
      uses.push_back(Factor<double>::outer(delta, noise(kBatch * t * given.d), t));
    }
  }
  const SampleGradients<double> gradients = with(uses, given.p, given.d);
  std::vector<std::vector<double>> whole(kBatch, std::vector<double>(size));
  Arena scratch;
  for (std::int64_t n = 0; n < kBatch; ++n) gradients.materialise(n, scratch, whole[n].data());

  ParameterLayout layout;
  (void)layout.add("w", {given.p, given.d});
  LanePool pool(1);
  NormsCollector<double> norms;
  GramCollector<double> gram;
  MomentsCollector<double> moments;
  for (Collector<double>* collector :
       std::initializer_list<Collector<double>*>{&norms, &gram, &moments}) {
    collector->begin(layout, {kBatch, 1, {}});
    offer<double>({&collector, 1}, gradients, {0, 0, kBatch, {}}, scratch);
    collector->merge(pool);
  }
  for (std::int64_t n = 0; n < kBatch; ++n) {
    for (std::int64_t m = 0; m < kBatch; ++m) {
      double inner = 0;
      for (std::int64_t i = 0; i < size; ++i) inner += whole[n][i] * whole[m][i];
      EXPECT_NEAR(gram.gram()[n * kBatch + m], inner, 1e-11 * size);
      if (n == m) {
        EXPECT_NEAR(norms.squared_norms()[n], inner, 1e-12 * inner);
      }
    }
  }
  for (std::int64_t i = 0; i < size; ++i) {
    double mean = 0, m2 = 0;
    for (std::int64_t n = 0; n < kBatch; ++n) mean += whole[n][i] / kBatch;
    for (std::int64_t n = 0; n < kBatch; ++n) m2 += (whole[n][i] - mean) * (whole[n][i] - mean);
    EXPECT_NEAR(moments.squared_deviations()[i], m2, 1e-11);
  }
}

INSTANTIATE_TEST_SUITE_P(Uses, EveryFormula,
                         ::testing::Values(Given{5, 1, {0}}, Given{3, 17, {1}}, Given{1, 1, {1}},
                                           Given{8, 8, {2}}, Given{8, 8, {9}}, Given{8, 8, {1, 1}},
                                           Given{9, 7, {2, 3}}, Given{8, 8, {1, 0}},
                                           Given{4, 3, {0, 0}}, Given{3, 18, {-1}},
                                           Given{3, 18, {-2, -1}}, Given{3, 18, {-2, 0, 4}}));

}  // namespace
}  // namespace gradvar::planner_test

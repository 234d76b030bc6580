#include "autograd/random.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>

namespace gradvar::random_test {
namespace {

using Words = std::array<std::uint32_t, 4>;

// kat_vectors of Random123 1.14, philox4x32 with 10 rounds.
TEST(Philox, GivesThePublishedKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, DependsOnSeedPurposeStepAndSample) {
  const RandomStream stream(1, Purpose::kTest);
  const Words block = stream.block(5, 7, 0);
  EXPECT_EQ(block, RandomStream(1, Purpose::kTest).block(5, 7, 0));
  EXPECT_NE(block, RandomStream(2, Purpose::kTest).block(5, 7, 0));
  EXPECT_NE(block, RandomStream(std::uint64_t{1} << 32, Purpose::kTest).block(5, 7, 0));
  EXPECT_NE(block, RandomStream(1, Purpose::kNoise).block(5, 7, 0));
  EXPECT_NE(block, stream.block(6, 7, 0));
  EXPECT_NE(block, stream.block(5 + (std::uint64_t{1} << 32), 7, 0));
  EXPECT_NE(block, stream.block(5, 8, 0));
  EXPECT_NE(block, stream.block(5, 7, 1));
}

TEST(RandomStream, ALongerRowBeginsLikeAShorterOne) {
  const RandomStream stream(3, Purpose::kTest);
  for (const std::size_t size : {1u, 3u, 4u, 5u, 17u}) {
    std::vector<double> shorter(size), longer(33);
    stream.normals<double>(2, 9, shorter);
    stream.normals<double>(2, 9, longer);
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
    stream.uniforms<double>(2, 9, shorter);
    stream.uniforms<double>(2, 9, longer);
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  }
}

TEST(RandomStream, RoundsTheSameDrawsToF32) {
  const RandomStream stream(3, Purpose::kTest);
  std::vector<double> wide(33);
  std::vector<float> narrow(33);
  stream.normals<double>(0, 0, wide);
  stream.normals<float>(0, 0, narrow);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    EXPECT_EQ(narrow[i], static_cast<float>(wide[i]));
  }
}

// Means of powers over many samples; each bound is five standard errors.
TEST(RandomStream, UniformsHaveTheMomentsOfTheUniformLaw) {
  constexpr int kSamples = 20000, kDraws = 5;
  const RandomStream stream(4, Purpose::kTest);
  double mean = 0, square = 0, neighbours = 0;
  std::vector<double> draws(kDraws);
  for (int n = 0; n < kSamples; ++n) {
    stream.uniforms<double>(0, n, draws);
    for (const double u : draws) {
      ASSERT_GT(u, 0.0);
      ASSERT_LT(u, 1.0);
      mean += u / (kSamples * kDraws);
      square += (u - 0.5) * (u - 0.5) / (kSamples * kDraws);
    }
    neighbours += (draws[0] - 0.5) * (draws[1] - 0.5) / kSamples;
  }
  EXPECT_NEAR(mean, 0.5, 5 * std::sqrt(1.0 / 12 / (kSamples * kDraws)));
  EXPECT_NEAR(square, 1.0 / 12, 5 * std::sqrt(1.0 / 180 / (kSamples * kDraws)));
  EXPECT_NEAR(neighbours, 0, 5.0 / 12 / std::sqrt(kSamples));
}

TEST(RandomStream, NormalsHaveTheMomentsOfTheNormalLaw) {
  constexpr int kSamples = 20000, kDraws = 6;
  const RandomStream stream(5, Purpose::kTest);
  double moments[5] = {}, neighbours = 0;
  std::vector<double> draws(kDraws);
  for (int n = 0; n < kSamples; ++n) {
    stream.normals<double>(0, n, draws);
    for (const double z : draws) {
      ASSERT_LT(std::abs(z), 6.8);
      for (int power = 1; power <= 4; ++power) {
        moments[power] += std::pow(z, power) / (kSamples * kDraws);
      }
    }
    neighbours += draws[0] * draws[1] / kSamples;
  }
  const double error = 5 / std::sqrt(kSamples * kDraws);
  EXPECT_NEAR(moments[1], 0, error);
  EXPECT_NEAR(moments[2], 1, error * std::sqrt(2.0));
  EXPECT_NEAR(moments[3], 0, error * std::sqrt(15.0));
  EXPECT_NEAR(moments[4], 3, error * std::sqrt(96.0));
  EXPECT_NEAR(neighbours, 0, 5 / std::sqrt(kSamples));
}

// One of 2^25 draws is so close to 1 that f32 would round it there, and 1 / (1 - u) after it.
TEST(RandomStream, AnF32UniformIsNeverOne) {
  std::vector<float> draws(4);
  const RandomStream stream(1, Purpose::kTest);
  stream.uniforms<float>(0, 5156289, draws);
  EXPECT_EQ(*std::max_element(draws.begin(), draws.end()), 1 - 0x1p-24F);
  std::vector<double> wide(4);
  stream.uniforms<double>(0, 5156289, wide);
  EXPECT_EQ(static_cast<float>(*std::max_element(wide.begin(), wide.end())), 1.0F);
}

TEST(RandomStream, BelowIsUnbiased) {
  constexpr std::uint32_t kSides = 7;
  constexpr int kRolls = 70000;
  const RandomStream stream(6, Purpose::kTest);
  std::vector<double> counts(kSides);
  for (int n = 0; n < kRolls; ++n) {
    const std::uint32_t side = stream.below(kSides, 0, n);
    ASSERT_LT(side, kSides);
    ++counts[side];
  }
  double chi_squared = 0;
  for (const double count : counts) {
    chi_squared += (count - kRolls / kSides) * (count - kRolls / kSides) / (kRolls / kSides);
  }
  EXPECT_LT(chi_squared, 22.5);  // 6 degrees of freedom: exceeded once in a thousand seeds
}

// With 3 * 2^30 sides a quarter of all words must be thrown away; without that, multiples of three
// would come up half of the time.
TEST(RandomStream, BelowIsUnbiasedWhereRejectionMatters) {
  constexpr std::uint32_t kSides = 3u << 30;
  constexpr int kRolls = 30000;
  const RandomStream stream(6, Purpose::kTest);
  std::vector<double> thirds(3);
  double multiples = 0;
  for (int n = 0; n < kRolls; ++n) {
    const std::uint32_t side = stream.below(kSides, 1, n);
    ++thirds[side >> 30];
    multiples += side % 3 == 0;
  }
  for (const double third : thirds) EXPECT_NEAR(third / kRolls, 1.0 / 3, 0.014);
  EXPECT_NEAR(multiples / kRolls, 1.0 / 3, 0.014);
}

TEST(RandomStream, BelowOneIsZero) {
  EXPECT_EQ(RandomStream(6, Purpose::kTest).below(1, 0, 0), 0u);
}

TEST(RandomStream, APermutationHoldsEachPlaceOnce) {
  for (const std::size_t size : {0u, 1u, 2u, 17u, 1000u}) {
    std::vector<std::int64_t> order(size), sorted(size);
    RandomStream(7, Purpose::kTest).permutation(3, order);
    std::vector<std::int64_t> found = order;
    std::sort(found.begin(), found.end());
    std::iota(sorted.begin(), sorted.end(), 0);
    EXPECT_EQ(found, sorted);
    if (size > 2) {
      EXPECT_NE(order, sorted);
    }
  }
}

TEST(RandomStream, EveryPermutationIsAsLikely) {
  constexpr int kTrials = 24000;
  std::vector<double> counts(24);
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<std::int64_t> order(4);
    RandomStream(8, Purpose::kTest).permutation(trial, order);
    int rank = 0;  // in lexicographic order
    for (int i = 0; i < 4; ++i) {
      rank = rank * (4 - i) + static_cast<int>(std::count_if(order.begin() + i, order.end(),
                                                             [&](auto x) { return x < order[i]; }));
    }
    ++counts[rank];
  }
  double chi_squared = 0;
  for (const double count : counts) chi_squared += (count - 1000) * (count - 1000) / 1000;
  EXPECT_LT(chi_squared, 49.8);  // 23 degrees of freedom: exceeded once in a thousand seeds
}

}  // namespace
}  // namespace gradvar::random_test

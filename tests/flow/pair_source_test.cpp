// Fixed pairs: which rows a step takes.

#include "flow/pair_source.h"

#include <cmath>
#include <gtest/gtest.h>

#include "tests/flow/solver_cases.h"

namespace gradvar::pair_source_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

// The index of the pair in each row of a step's batch: x0 is 0, 1, 2, ... and x1 is 100 more.
std::vector<int> drawn(const PairSource<double>& pairs, std::uint64_t step, std::int64_t first,
                       std::int64_t count) {
  std::vector<double> x0(count), x1(count);
  pairs.draw(step, first, count, x0, x1);
  std::vector<int> indices;
  for (std::int64_t n = 0; n < count; ++n) {
    EXPECT_EQ(x1[n], x0[n] + 100) << "partners stay together";
    indices.push_back(static_cast<int>(x0[n]));
  }
  return indices;
}

FixedPairs<double> numbered(int count, std::uint64_t seed) {
  std::vector<double> x0, x1;
  for (int i = 0; i < count; ++i) {
    x0.push_back(i);
    x1.push_back(i + 100);
  }
  return {column(x0), column(x1), seed};
}

TEST(FixedPairs, ARowIsDecidedByStepAndRowAlone) {
  const FixedPairs<double> pairs = numbered(50, 3);
  const std::vector<int> whole = drawn(pairs, 9, 0, 30);
  std::vector<int> parts = drawn(pairs, 9, 0, 11);
  for (const int index : drawn(pairs, 9, 11, 19)) parts.push_back(index);
  EXPECT_EQ(parts, whole);
  EXPECT_NE(drawn(pairs, 10, 0, 30), whole);
  EXPECT_NE(drawn(numbered(50, 4), 9, 0, 30), whole);
}

TEST(FixedPairs, EveryPairIsTakenEquallyOften) {
  const FixedPairs<double> pairs = numbered(7, 3);
  std::vector<int> counts(7);
  for (const int index : drawn(pairs, 0, 0, 70000)) ++counts[index];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(10000));
}

TEST(FixedPairs, KeepTheShapeOfASampleInEitherPrecision) {
  Tensor<double> x0 = normal_rows(1, 1, 6), x1 = normal_rows(2, 1, 6);
  x0.reshape({1, 2, 3});
  x1.reshape({1, 2, 3});
  const FixedPairs<float> pairs(x0, x1, 0);
  EXPECT_EQ(pairs.sample_shape(), (Shape{2, 3}));
  std::vector<float> a(12), b(12);
  pairs.draw(5, 0, 2, a, b);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(a[i], static_cast<float>(x0[i % 6]));
    EXPECT_EQ(b[i], static_cast<float>(x1[i % 6]));
  }
}

TEST(FixedPairs, RefuseWhatIsNoSetOfPairs) {
  const auto refusal = [](const Shape& a, const Shape& b) {
    return sentence([&] { FixedPairs<double>(Tensor<double>(a), Tensor<double>(b), 0); });
  };
  EXPECT_EQ(refusal({3, 2}, {4, 2}), "[pairs] x0 is 3x2, x1 is 4x2: the shapes must agree");
  EXPECT_EQ(refusal({0, 2}, {0, 2}), "[pairs] x0 is 0x2, expected at least one pair, Nxd");
  EXPECT_EQ(refusal({3}, {3}), "[pairs] x0 is 3, expected at least one pair, Nxd");
}

}  // namespace
}  // namespace gradvar::pair_source_test

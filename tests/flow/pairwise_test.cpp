// Pairwise distances in blocks, against the double loop.

#include "flow/pairwise.h"

#include <cmath>
#include <gtest/gtest.h>

#include "tests/flow/solver_cases.h"

namespace gradvar::pairwise_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

double by_loop(const Tensor<double>& x, const Tensor<double>& y, std::int64_t i, std::int64_t j) {
  double sum = 0;
  for (std::int64_t k = 0; k < x.row_size(); ++k) {
    const double difference = x.row(i)[k] - y.row(j)[k];
    sum += difference * difference;
  }
  return sum;
}

// The whole matrix, put together from blocks.
Tensor<double> matrix(const PairwiseDistances& distances, LanePool* pool = nullptr) {
  Tensor<double> all(Shape{distances.x_rows(), distances.y_rows()});
  const double visited = distances.sum(
      [&](const PairwiseDistances::Block& block) {
        for (std::int64_t i = 0; i < block.x_count; ++i) {
          for (std::int64_t j = 0; j < block.y_count; ++j) {
            all.row(block.x_begin + i)[block.y_begin + j] = block.squared[i * block.y_count + j];
          }
        }
        return static_cast<double>(block.x_count * block.y_count);
      },
      pool);
  EXPECT_EQ(visited, static_cast<double>(all.size()));
  return all;
}

TEST(Pairwise, MatchesTheDoubleLoopForAnyBlock) {
  for (const std::int64_t d : {1, 3, 50}) {
    const Tensor<double> x = normal_rows(1, 37, d), y = normal_rows(2, 23, d);
    for (const std::int64_t block : {1, 7, 23, 37, 256}) {
      const Tensor<double> all = matrix(PairwiseDistances(x, y, block));
      for (std::int64_t i = 0; i < 37; ++i) {
        for (std::int64_t j = 0; j < 23; ++j) {
          const double expected = by_loop(x, y, i, j);
          EXPECT_NEAR(all.row(i)[j], expected, 1e-11 * expected) << d << " " << block;
        }
      }
    }
  }
}

TEST(Pairwise, ThreadsDoNotChangeABit) {
  const Tensor<double> x = normal_rows(1, 61, 4), y = normal_rows(2, 40, 4);
  const PairwiseDistances distances(x, y, 8);
  const Tensor<double> alone = matrix(distances);
  const auto root_sum = [](const PairwiseDistances::Block& block) {
    double sum = 0;
    for (const double s : block.squared) sum += std::sqrt(s);
    return sum;
  };
  for (const int threads : {2, 3}) {
    LanePool pool(threads);
    const Tensor<double> together = matrix(distances, &pool);
    for (std::int64_t i = 0; i < alone.size(); ++i) EXPECT_EQ(together[i], alone[i]);
    EXPECT_EQ(distances.sum(root_sum, &pool), distances.sum(root_sum));
  }
}

TEST(Pairwise, FarCloudsKeepTheirDigits) {
  Tensor<double> x = normal_rows(1, 9, 3), y = normal_rows(2, 9, 3);
  const Tensor<double> near_x = x, near_y = y;
  for (double& value : x.values()) value += 1e6;
  for (double& value : y.values()) value += 1e6;
  const Tensor<double> all = matrix(PairwiseDistances(x, y));
  for (std::int64_t i = 0; i < 9; ++i) {
    for (std::int64_t j = 0; j < 9; ++j) {
      EXPECT_NEAR(all.row(i)[j], by_loop(near_x, near_y, i, j), 1e-8);  // 1e6 eps, on each side
      EXPECT_NEAR(all.row(i)[j], by_loop(x, y, i, j), 1e-9);
    }
  }
}

TEST(Pairwise, EqualRowsAreAtDistanceZero) {
  const Tensor<double> x = normal_rows(1, 30, 6);
  const Tensor<double> all = matrix(PairwiseDistances(x, x, 7));
  for (std::int64_t i = 0; i < 30; ++i) EXPECT_EQ(all.row(i)[i], 0);
}

// Found by |x|^2 + |y|^2 - 2 x.y alone, both distances would be rounding errors.
TEST(Pairwise, KeepsSmallDistancesFarFromTheOrigin) {
  const Tensor<double> x = column({1e6 + 1, 5e6}), y = column({1e6 + 1, 1e6 + 1 + 0x1p-10, -9e6});
  std::vector<double> squared;
  (void)PairwiseDistances(x, y).sum([&](const PairwiseDistances::Block& block) {
    squared.assign(block.squared.begin(), block.squared.end());
    return 0.0;
  });
  EXPECT_EQ(squared[0], 0);
  EXPECT_NEAR(squared[1], 0x1p-20, 1e-11);
}

TEST(Pairwise, SamplesOfAnyShapeAndEmptySetsAreFine) {
  Tensor<double> x = normal_rows(1, 4, 6), y = normal_rows(2, 5, 6);
  const Tensor<double> flat = matrix(PairwiseDistances(x, y));
  x.reshape({4, 2, 3});
  y.reshape({5, 2, 3});
  const Tensor<double> shaped = matrix(PairwiseDistances(x, y));
  for (std::int64_t i = 0; i < flat.size(); ++i) EXPECT_EQ(shaped[i], flat[i]);
  EXPECT_EQ(matrix(PairwiseDistances(Tensor<double>(Shape{0, 2}), normal_rows(1, 3, 2))).size(), 0);
  EXPECT_EQ(matrix(PairwiseDistances(normal_rows(1, 3, 2), Tensor<double>(Shape{0, 2}))).size(), 0);
  const Tensor<double> points(Shape{2, 0});
  EXPECT_EQ(matrix(PairwiseDistances(points, points))[3], 0);
}

TEST(Pairwise, RefusesWhatHasNoDistance) {
  const Tensor<double> two = column({0, 1});
  EXPECT_EQ(sentence([&] {
              PairwiseDistances(two, Tensor<double>(Shape{2, 2}));
            }),
            "[distances] one set is 2x1, the other 2x2: the shapes of their samples must agree");
  EXPECT_EQ(sentence([&] {
              PairwiseDistances(column({0, NAN}), two);
            }),
            "[distances] row 1 of the first set is not finite");
  EXPECT_EQ(sentence([&] { PairwiseDistances(two, column({INFINITY})); }),
            "[distances] row 0 of the second set is not finite");
  EXPECT_EQ(sentence([&] { PairwiseDistances(two, two, 0); }),
            "[distances] a block has 0 rows, expected 1 or more");
}

}  // namespace
}  // namespace gradvar::pairwise_test

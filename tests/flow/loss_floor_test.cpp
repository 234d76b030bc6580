// The split of a loss into floor and excess: against integrals, and against the loss itself.

#include "flow/loss_floor.h"

#include <cmath>
#include <gtest/gtest.h>

#include "tests/flow/solver_cases.h"

namespace gradvar::loss_floor_test {
namespace {

using testing::column;
using testing::normal_rows;
using testing::sentence;

Interpolant constant(double sigma) {
  return {.kind = InterpolantKind::kConstantNoise, .sigma = sigma};
}

// v = 0.5 x - t.
template <class Real>
FunctionField<Real> some_field(std::int64_t dim) {
  return FunctionField<Real>({dim}, [](std::span<const Real> x, Real t, std::span<Real> v) {
    for (std::size_t i = 0; i < x.size(); ++i) v[i] = Real(0.5) * x[i] - t;
  });
}

constexpr LossFloorOptions kMany{.times = 64, .replicates = 64};

// One pair has one velocity: the floor is nothing and the excess is E |v - u|^2. Along 0 -> 2 with
// noise s and v = x / 2 - t it is E (s z / 2 - 2)^2 = s^2 / 4 + 4.
TEST(LossFloor, OfOnePairIsNothing) {
  LanePool pool(2);
  const LossFloor found = measure_loss_floor<double>(some_field<double>(1), column({0}),
                                                     column({2}), constant(0.6), kMany, pool);
  EXPECT_EQ(found.floor.value, 0);
  EXPECT_EQ(found.points, 64 * 64);
  EXPECT_NEAR(found.excess.value, 0.09 + 4, 4 * found.excess.standard_error);
  EXPECT_LT(found.excess.standard_error, 0.03);
}

// Two lines that start together and part in opposite directions, u = 1 and -1: near t = 0, with
// much noise, nothing tells them apart, so that w = 1/2, v* = 0 and the floor is 1.
TEST(LossFloor, OfPairsThatNothingTellsApartIsTheirVariance) {
  LanePool pool(1);
  const LossFloor found = measure_loss_floor<double>(
      FunctionField<double>({1},
                            [](std::span<const double>, double, std::span<double> v) { v[0] = 3; }),
      column({0, 0}), column({1, -1}), constant(5), {.t_end = 1e-9}, pool);
  EXPECT_NEAR(found.floor.value, 1, 1e-6);
  EXPECT_NEAR(found.excess.value, 9, 1e-6);
}

// The two parts and the loss, each measured on its own: the loss from u, which the split never
// looks at.
TEST(LossFloor, AndExcessAddUpToTheLoss) {
  LanePool pool(2);
  const std::int64_t pairs = 6, d = 2;
  const Tensor<double> x0 = normal_rows(1, pairs, d), x1 = normal_rows(2, pairs, d);
  for (const Interpolant& interpolant :
       {constant(0.7), Interpolant{.kind = InterpolantKind::kBridge, .sigma = 1.5}}) {
    const FunctionField<double> field = some_field<double>(d);
    const LossFloor found = measure_loss_floor<double>(field, x0, x1, interpolant, kMany, pool);
    constexpr int kDraws = 20000;
    double sum = 0, squares = 0;
    for (int draw = 0; draw < kDraws; ++draw) {
      const RandomStream stream(11, Purpose::kTest);
      double z[2], v[2], x[2];
      stream.normals<double>(draw, 0, z);
      const double t = stream.uniform(draw, 1);
      const std::int64_t pair = stream.below(pairs, draw, 2);
      const Interpolant::Coefficients c = interpolant.coefficients(t);
      double loss = 0;
      for (int k = 0; k < d; ++k) {
        x[k] = c.a * x0.row(pair)[k] + c.b * x1.row(pair)[k] + c.c * z[k];
      }
      field.velocity(x, std::vector<double>{t}, 1, v);
      for (int k = 0; k < d; ++k) {
        loss += std::pow(x1.row(pair)[k] - x0.row(pair)[k] - v[k], 2);
      }
      sum += loss / kDraws;
      squares += loss * loss / kDraws;
    }
    const double error = std::sqrt((squares - sum * sum) / kDraws);
    EXPECT_NEAR(found.floor.value + found.excess.value, sum, 4 * error);
    EXPECT_GT(found.floor.value, 10 * error) << "the case has something to tell apart";
    EXPECT_GT(found.excess.value, 10 * error);
  }
}

TEST(LossFloor, TheMinimiserHasNoExcess) {
  LanePool pool(2);
  const Tensor<double> x0 = normal_rows(3, 20, 3), x1 = normal_rows(4, 20, 3);
  const PairMinimiserField<double> minimiser(x0, x1, constant(0.4));
  const LossFloor found = measure_loss_floor<double>(minimiser, x0, x1, constant(0.4), {}, pool);
  EXPECT_LT(found.excess.value, 1e-20);
  EXPECT_GT(found.floor.value, 0.1);
}

// With few products to spend pairs are drawn; the answer is the same within its error, and nearly
// free of bias although a replicate has a single pair.
TEST(LossFloor, FromFewPairsIsThatOfAllWithinItsError) {
  LanePool pool(2);
  const std::int64_t pairs = 40, d = 2;
  const Tensor<double> x0 = normal_rows(5, pairs, d), x1 = normal_rows(6, pairs, d);
  const FunctionField<double> field = some_field<double>(d);
  const LossFloor all = measure_loss_floor<double>(field, x0, x1, constant(0.3), kMany, pool);
  LossFloorOptions few = kMany;
  few.replicates = 400;
  few.most_products = 1;
  const LossFloor some = measure_loss_floor<double>(field, x0, x1, constant(0.3), few, pool);
  EXPECT_EQ(all.points, 64 * 64 * pairs);
  EXPECT_EQ(some.points, 64 * 400);
  EXPECT_NEAR(some.floor.value, all.floor.value, 4 * some.floor.standard_error);
  EXPECT_NEAR(some.excess.value, all.excess.value, 4 * some.excess.standard_error);
  EXPECT_LT(some.excess.standard_error, 0.1 * all.excess.value);
}

TEST(LossFloor, SameBitsForAnyNumberOfThreads) {
  LanePool one(1), three(3);
  const Tensor<double> x0 = normal_rows(7, 30, 2), x1 = normal_rows(8, 30, 2);
  const auto measure = [&](LanePool& pool) {
    return measure_loss_floor<float>(some_field<float>(2), x0, x1, constant(0.3), {}, pool);
  };
  EXPECT_EQ(measure(one).floor.value, measure(three).floor.value);
  EXPECT_EQ(measure(one).excess.value, measure(three).excess.value);
}

TEST(LossFloor, RefusesWhatHasNoAnswer) {
  LanePool pool(1);
  const auto refusal = [&](const LossFloorOptions& options, std::int64_t dim = 1) {
    return sentence([&] {
      (void)measure_loss_floor<double>(
          some_field<double>(dim), column({0}), column({1}),
          {.kind = InterpolantKind::kBridge, .sigma = 1, .target = BridgeTarget::kFull}, options,
          pool);
    });
  };
  EXPECT_EQ(refusal({}), "[pair field] t is 0, where the full bridge target is infinite");
  EXPECT_EQ(refusal({.t_begin = 0.5}),
            "[pair field] t is 1, where the full bridge target is infinite");
  EXPECT_EQ(refusal({.times = 0}), "[loss floor] times is 0, expected 1 or more");
  EXPECT_EQ(refusal({.replicates = 1}), "[loss floor] replicates is 1, expected 2 or more");
  EXPECT_EQ(refusal({.t_begin = 0.5, .t_end = 0.5}),
            "[loss floor] t goes from 0.5 to 0.5, expected 0 <= t-begin < t-end <= 1");
  EXPECT_EQ(refusal({.t_begin = 0.1, .t_end = 0.9}, 2),
            "[loss floor] a sample of the pairs is 1, one of the field 2");
}

}  // namespace
}  // namespace gradvar::loss_floor_test

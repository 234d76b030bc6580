// Sums over all lanes at once, and lanes that do not agree.

#include "autograd/collectors/joint_products.h"

#include <cmath>
#include <gtest/gtest.h>

#include "autograd/collectors/gram.h"
#include "autograd/collectors/moments.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/collectors/sum.h"
#include "autograd/engine.h"
#include "autograd/ops.h"
#include "autograd/random.h"

namespace gradvar {
namespace {

TEST(JointProducts, PiecesAreRowBlocksThatCoverEveryParameterOnceTheLargestFirst) {
  ParameterLayout layout;
  layout.add("small", {5, 3});
  layout.add("bias", {400});
  layout.add("large", {300, 7});
  const std::vector<Piece> pieces = row_pieces_of(layout, 4);
  ASSERT_EQ(pieces.size(), 6U) << "the large one in 4 blocks of 64 rows or more, the others whole";
  std::vector<std::int64_t> covered(3);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    covered[piece.parameter] += piece.end - piece.begin;
    const Piece& before = pieces[i == 0 ? 0 : i - 1];
    EXPECT_GE(before.end - before.begin, piece.end - piece.begin);
    const ParameterInfo& info = layout.infos()[piece.parameter];
    EXPECT_EQ((piece.begin - info.offset) % info.shape.row_size(), 0) << "a block begins a row";
    EXPECT_EQ(rows_of(layout, piece).rows() * info.shape.row_size(), piece.end - piece.begin);
  }
  EXPECT_EQ(covered, (std::vector<std::int64_t>{15, 400, 2100}));
}

TEST(JointProducts, ColumnsOfRowsAreThoseOfTheBlockTimesTheWeights) {
  const double rows[] = {1, 2, 3, 4, 5, 6};
  const Factor<double> use = Factor<double>::rows(rows);
  const double weights[] = {1, 10};
  const LaneGradients<double> lane{{ParameterId{0}, 2, 3, 1, {&use, 1}}, weights};
  Arena scratch;
  const double* some = row_columns(lane, 1, 3, true, scratch);
  EXPECT_EQ(std::vector<double>(some, some + 4), (std::vector<double>{2, 3, 50, 60}));
  const double* plain = row_columns(lane, 2, 3, false, scratch);
  EXPECT_EQ(std::vector<double>(plain, plain + 2), (std::vector<double>{3, 6}));
  EXPECT_EQ(row_columns(lane, 0, 3, false, scratch), rows) << "whole rows are not copied";
}

// What a lane does with a parameter is its tape's affair: here `weight` [128,3] is a layer in the
// first lane (gradients as products), used twice in the second, and not at all in the third; no
// lane uses `free`.
TEST(Moments, LanesMayUseAParameterInDifferentWays) {
  ParameterSet<double> parameters;
  const ParameterId weight = parameters.add("weight", {128, 3});
  const ParameterId bias = parameters.add("bias", {128});
  const ParameterId free = parameters.add("free", {128, 2});
  RandomStream(5, Purpose::kTest).normals<double>(0, 0, parameters.flat());
  Tensor<double> x(Shape{6, 3}), target(Shape{6, 128});
  RandomStream(5, Purpose::kTest).normals<double>(1, 0, x.values());
  RandomStream(5, Purpose::kTest).normals<double>(2, 0, target.values());
  const auto build = [&](Tape<double>& tape, const LaneRows<double>& rows) {
    const auto part = [&](const Tensor<double>& all) {
      return tape.input(
          all.values().subspan(rows.begin * all.row_size(), rows.count * all.row_size()),
          Shape{rows.count, all.row_size()});
    };
    const Value given = part(x), wanted = part(target);
    Value y = given;
    if (rows.begin < 4) {
      y = dense(tape, given, weight, bias);
      if (rows.begin >= 2) y = add(tape, y, dense(tape, scale(tape, given, 2.0), weight, bias));
    } else {
      y = scale(tape, wanted, 0.5);
    }
    return squared_error(tape, y, wanted);
  };
  LanePool pool(2);
  Engine<double> engine(parameters, pool, 3);
  MomentsCollector<double> moments;
  SumCollector<double> sum;
  PerSampleCollector<double> each;
  std::vector<double> losses(6);
  const std::vector<double> weights = {1, 2, 0.5, 1, 0.25, 3};
  engine.run(6, build, {&moments, &sum, &each}, losses, weights);
  const std::int64_t size = parameters.layout().padded_size();
  double total = 0;
  for (double w : weights) total += w;
  for (std::int64_t i = 0; i < size; ++i) {
    double mean = 0, m2 = 0;
    for (int n = 0; n < 6; ++n) mean += weights[n] * each.gradients()[n * size + i] / total;
    for (int n = 0; n < 6; ++n) {
      m2 += weights[n] * std::pow(each.gradients()[n * size + i] - mean, 2);
    }
    EXPECT_NEAR(std::as_const(moments).mean()[i], mean, 1e-12 * (1 + std::abs(mean)));
    EXPECT_NEAR(std::as_const(sum).mean()[i], mean, 1e-12 * (1 + std::abs(mean)));
    EXPECT_NEAR(moments.squared_deviations()[i], m2, 1e-12 * (1 + m2));
  }
  EXPECT_EQ(parameters.layout().slice(moments.squared_deviations(), free)[0], 0.0);
}

// Gradients of the bias are y - target: a target far from y with little spread.
TEST(Moments, OfRowsAreExactWhereTheMeanDwarfsTheSpread) {
  constexpr std::int64_t kBatch = 600, kWidth = 3;
  ParameterSet<float> parameters;
  const ParameterId bias = parameters.add("bias", {kWidth});
  Tensor<float> target(Shape{kBatch, kWidth});
  const float low = 100'000.0F, step = 0.0078125F;  // neighbours in f32
  for (std::int64_t n = 0; n < kBatch; ++n) {
    for (std::int64_t k = 0; k < kWidth; ++k)
      target[n * kWidth + k] = low + (n % 7 == 0 ? step : 0);
  }
  const Tensor<float> zeros(target.shape());
  LanePool pool(2);
  Engine<float> engine(parameters, pool, 2);
  MomentsCollector<float> moments;
  std::vector<float> losses(kBatch);
  engine.run(
      kBatch,
      [&](Tape<float>& tape, const LaneRows<float>& rows) {
        const std::span<const float> part =
            target.values().subspan(rows.begin * kWidth, rows.count * kWidth);
        const Value zero = tape.input(zeros.values().first(part.size()), Shape{rows.count, kWidth});
        return squared_error(tape, shift(tape, zero, bias),
                             tape.input(part, Shape{rows.count, kWidth}));
      },
      {&moments}, losses);
  const double share = std::ceil(kBatch / 7.0) / kBatch;
  const double wanted = kBatch * share * (1 - share) * std::pow(2.0 * step, 2);
  for (std::int64_t k = 0; k < kWidth; ++k) {
    EXPECT_NEAR(moments.squared_deviations()[k], wanted, 1e-4 * wanted);
  }
}

TEST(Gram, RefusesLanesThatUseAParameterInDifferentWays) {
  ParameterSet<double> parameters;
  const ParameterId weight = parameters.add("weight", {4, 3});
  const ParameterId bias = parameters.add("bias", {4});
  const Tensor<double> x(Shape{4, 3});
  LanePool pool(2);
  Engine<double> engine(parameters, pool, 2);
  GramCollector<double> gram;
  std::vector<double> losses(4);
  try {
    engine.run(
        4,
        [&](Tape<double>& tape, const LaneRows<double>& rows) {
          const Value given =
              tape.input(x.values().subspan(rows.begin * 3, rows.count * 3), Shape{rows.count, 3});
          Value y = dense(tape, given, weight, bias);
          if (rows.begin > 0) y = add(tape, y, dense(tape, given, weight, bias));
          return squared_error(tape, y, scale(tape, y, 0.5));
        },
        {&gram}, losses);
    ADD_FAILURE() << "not refused";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("in different ways"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace gradvar

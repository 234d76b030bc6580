#include "autograd/tape.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "autograd/ops.h"
#include "tests/autograd/refusal_of.h"

namespace gradvar::tape_test {
namespace {

using testing::refusal_of;

// What a receiver was offered, in order.
class Offered final : public GradientReceiver<double> {
 public:
  void receive(const SampleGradients<double>& gradients) override {
    parameters.push_back(gradients.parameter.index);
    uses.push_back(gradients.uses.size());
    std::vector<double>& whole = per_sample.emplace_back(gradients.batch * gradients.size());
    Arena scratch;
    for (std::int64_t n = 0; n < gradients.batch; ++n) {
      gradients.materialise(n, scratch, whole.data() + n * gradients.size());
    }
  }
  std::vector<int> parameters;
  std::vector<std::size_t> uses;
  std::vector<std::vector<double>> per_sample;
};

std::vector<double> copied(std::span<const double> values) {
  return {values.begin(), values.end()};
}

class TapeTest : public ::testing::Test {
 protected:
  TapeTest() { std::ranges::copy(std::vector<double>{2, -1}, set.values(g).begin()); }
  ParameterSet<double> set;
  ParameterId g = set.add("layer.g", {2});
  ParameterId unused = set.add("unused.g", {2});
  std::vector<double> x = {1, 2, 3, 4, 5, 6};  // three samples of two
  const Shape shape{3, 2};
};

TEST_F(TapeTest, AValueUsedTwiceAddsItsGradientsUp) {
  Tape<double> tape(set);
  const Value v = tape.variable(x, shape);
  const Value y = add(tape, mul(tape, v, v), scale(tape, v, 3.0));  // x^2 + 3 x
  tape.backward(sum(tape, y), nullptr);
  EXPECT_EQ(copied(tape.adjoint(v)), (std::vector<double>{5, 7, 9, 11, 13, 15}));
}

TEST_F(TapeTest, AdjointsAreEachSamplesOwn) {
  Tape<double> tape(set);
  const Value v = tape.variable(x, shape);
  const std::vector<double> seed = {0, 1, -2};
  tape.backward(sum(tape, mul(tape, v, v)), seed, nullptr);
  EXPECT_EQ(copied(tape.adjoint(v)), (std::vector<double>{0, 0, 6, 8, -20, -24}));
}

TEST_F(TapeTest, AParameterIsOfferedOnceWithAllItsUsesAndAnUnusedOneNever) {
  Tape<double> tape(set);
  const Value v = tape.input(x, shape);
  Offered offered;
  tape.backward(sum(tape, gain(tape, gain(tape, v, g), g)), &offered);  // x g^2
  EXPECT_EQ(offered.parameters, std::vector<int>{g.index});
  EXPECT_EQ(offered.uses, std::vector<std::size_t>{2});
  // 2 x g with g = (2, -1).
  EXPECT_EQ(offered.per_sample[0], (std::vector<double>{4, -4, 12, -8, 20, -12}));
}

TEST_F(TapeTest, AUseThatNoLossDependsOnIsZeroAndHoldsNothingUp) {
  Tape<double> tape(set);
  const Value v = tape.input(x, shape);
  const Value used = gain(tape, v, g);
  (void)gain(tape, v, g);       // a dead end with a parameter that matters elsewhere
  (void)gain(tape, v, unused);  // and one that does not
  Offered offered;
  tape.backward(sum(tape, used), &offered);
  ASSERT_EQ(offered.parameters, (std::vector<int>{unused.index, g.index}));
  EXPECT_EQ(offered.per_sample[0], std::vector<double>(6, 0.0));
  EXPECT_EQ(offered.per_sample[1], x);
}

TEST_F(TapeTest, ValuesNoLossDependsOnHaveZeroAdjoints) {
  Tape<double> tape(set);
  const Value v = tape.variable(x, shape), aside = tape.variable(x, shape);
  (void)scale(tape, aside, 2.0);
  tape.backward(sum(tape, v), nullptr);
  EXPECT_EQ(copied(tape.adjoint(aside)), std::vector<double>(6, 0.0));
}

// A chain of a hundred ops needs two adjoints at a time; that of a leaf and that a factor lies in
// stay.
TEST_F(TapeTest, AWalkWithAReceiverGivesAdjointsBackAndANullOneKeepsThem) {
  const auto bytes_of_walk = [&](GradientReceiver<double>* receiver) {
    Tape<double> tape(set);
    const std::vector<double> rows(3 * 1024, 1.0);
    const Value v = tape.variable(rows, {3, 1024});
    Value chain = v;
    for (int i = 0; i < 100; ++i) chain = scale(tape, chain, 1.01);
    const Value last = chain;
    const std::size_t before = tape.arena().used_bytes();
    tape.backward(sum(tape, last), receiver);
    EXPECT_NEAR(tape.adjoint(v)[0], std::pow(1.01, 100), 1e-12);
    if (receiver == nullptr) {
      EXPECT_EQ(tape.adjoint(last)[0], 1);
    } else {
      EXPECT_THROW((void)tape.adjoint(last), std::invalid_argument);
    }
    return tape.arena().used_bytes() - before;
  };
  Offered offered;
  const std::size_t one = 3 * 1024 * sizeof(double);
  EXPECT_GT(bytes_of_walk(nullptr), 100 * one);
  EXPECT_LT(bytes_of_walk(&offered), 3 * one);
}

TEST_F(TapeTest, DataWantsNoAdjointAndWhatComesOfItNeither) {
  Tape<double> tape(set);
  const Value data = tape.input(x, shape), variable = tape.variable(x, shape);
  EXPECT_FALSE(tape.wants_adjoint(data));
  EXPECT_FALSE(tape.wants_adjoint(scale(tape, data, 2.0)));
  EXPECT_TRUE(tape.wants_adjoint(scale(tape, variable, 2.0)));
  EXPECT_TRUE(tape.wants_adjoint(add(tape, data, variable)));
  EXPECT_TRUE(tape.wants_adjoint(gain(tape, data, g)));
}

TEST_F(TapeTest, ResetForgetsValuesAndKeepsMemory) {
  Tape<double> tape(set);
  const auto step = [&](std::int64_t batch) {
    const Value v = tape.variable(std::span<const double>(x).first(2 * batch), {batch, 2});
    Offered offered;
    tape.backward(sum(tape, gain(tape, v, g)), &offered);
    EXPECT_EQ(tape.batch(), batch);
    return copied(tape.adjoint(v));
  };
  step(3);
  const std::size_t bytes = tape.arena_bytes();
  for (const std::int64_t batch : {1, 3, 2}) {
    tape.reset();
    const std::vector<double> dx = step(batch);
    for (std::size_t i = 0; i < dx.size(); ++i) EXPECT_EQ(dx[i], i % 2 == 0 ? 2.0 : -1.0);
    EXPECT_EQ(tape.arena_bytes(), bytes);
  }
}

TEST_F(TapeTest, ResetForgetsWhichSamplesItsRowsAre) {
  Tape<double> tape(set);
  EXPECT_FALSE(tape.random_rows().has_value());
  tape.set_random_rows({.seed = 1, .step = 2, .first = 3});
  ASSERT_TRUE(tape.random_rows().has_value());
  EXPECT_EQ(tape.random_rows()->first, 3);
  tape.reset();
  EXPECT_FALSE(tape.random_rows().has_value());
}

TEST_F(TapeTest, SeesParametersThatWereAddedAfterItWasMade) {
  Tape<double> tape(set);
  const ParameterId late = set.add("late", {2});
  tape.reset();
  Offered offered;
  tape.backward(sum(tape, shift(tape, tape.input(x, shape), late)), &offered);
  EXPECT_EQ(offered.parameters, std::vector<int>{late.index});
}

TEST_F(TapeTest, NamesTheFirstOpWhoseOutputIsNotFinite) {
  set.values(g)[1] = std::numeric_limits<double>::infinity();
  Tape<double> tape(set);
  const Value v = tape.input(x, shape);
  (void)gain(tape, scale(tape, v, 2.0), g);
  EXPECT_EQ(tape.first_nonfinite(), "gain (layer)");
  tape.reset();
  EXPECT_EQ(tape.first_nonfinite(), "");
  x[0] = std::nan("");
  (void)scale(tape, tape.input(x, shape), 2.0);
  EXPECT_EQ(tape.first_nonfinite(), "scale");
}

TEST_F(TapeTest, DescribesAValue) {
  Tape<double> tape(set);
  const Value v = tape.input(x, shape);
  EXPECT_EQ(tape.describe(v), "value 0, an input");
  EXPECT_EQ(tape.describe(scale(tape, v, 2.0)), "value 1, made by scale");
}

TEST_F(TapeTest, RefusesInputsThatDoNotFit) {
  Tape<double> tape(set);
  EXPECT_EQ(refusal_of([&] {
              (void)tape.input(x, {3, 3});
            }),
            "[tape] 6 numbers given for an input of shape 3x3");
  EXPECT_EQ(refusal_of([&] { (void)tape.input(std::span<const double>(x).first(1), {}); }),
            "[tape] an input is scalar, expected at least 1 axes");
  (void)tape.input(x, {3, 2});
  EXPECT_EQ(refusal_of([&] {
              (void)tape.variable(x, {2, 3});
            }),
            "[tape] an input is 2x3, this tape's batch is 3");
}

TEST_F(TapeTest, RefusesToWalkBackFromAnythingButOneLossASample) {
  Tape<double> tape(set);
  const Value v = tape.variable(x, shape);
  EXPECT_EQ(refusal_of([&] { tape.backward(v, nullptr); }),
            "[backward] the losses are 3x2, expected one per sample, 3");
  const std::vector<double> seed(4);
  const Value losses = sum(tape, v);
  EXPECT_EQ(refusal_of([&] { tape.backward(losses, seed, nullptr); }),
            "[backward] the seed has 4 numbers, expected one per sample, 3");
}

TEST_F(TapeTest, RefusesToWalkBackTwice) {
  Tape<double> tape(set);
  const Value losses = sum(tape, tape.variable(x, shape));
  tape.backward(losses, nullptr);
  EXPECT_EQ(refusal_of([&] { tape.backward(losses, nullptr); }),
            "[backward] this tape was walked back already, and adjoints would add up; reset it and "
            "record again");
}

// An op whose output lost the batch, and one that forgets to hand a factor over.
class Careless final : public Op<double> {
 public:
  std::string_view name() const override { return "careless"; }
  void forward(Tape<double>& tape) override { std::ranges::fill(tape.output(this->output), 0.0); }
  void backward(Tape<double>&) override {}
};

TEST_F(TapeTest, RefusesAnOpThatLosesTheBatch) {
  Tape<double> tape(set);
  const Value v = tape.input(x, shape);
  EXPECT_EQ(refusal_of([&] {
              (void)tape.record(Careless(), {2, 3}, {v});
            }),
            "[careless] the output is 2x3, this tape's batch is 3");
}

TEST_F(TapeTest, RefusesAnOpThatKeepsAParametersFactorsToItself) {
  Tape<double> tape(set);
  const Value v = tape.input(x, shape);
  const Value losses = tape.record(Careless(), {3}, {v}, {g});
  Offered offered;
  EXPECT_EQ(refusal_of([&] { tape.backward(losses, &offered); }),
            "[careless] per_sample handed over 0 factors for 1 parameters");
}

}  // namespace
}  // namespace gradvar::tape_test

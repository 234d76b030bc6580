// Fields: a network in blocks, and closed forms.

#include "flow/field.h"

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::field_test {
namespace {

using testing::sentence;

template <class Real>
std::vector<Real> draws(std::uint64_t which, std::int64_t count) {
  std::vector<Real> values(count);
  RandomStream(5, Purpose::kTest).normals<Real>(which, 0, values);
  return values;
}

// y_n = t_n x_n, so that a network has its time. Forward only.
template <class Real>
class TimesTime final : public Op<Real> {
 public:
  TimesTime(Value x, Value t) : x_(x), t_(t) {}
  std::string_view name() const override { return "times_time"; }
  void forward(Tape<Real>& tape) override {
    const std::span<const Real> x = tape.value(x_), t = tape.value(t_);
    const std::span<Real> y = tape.output(this->output);
    const std::size_t columns = y.size() / t.size();
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = x[i] * t[i / columns];
  }
  void backward(Tape<Real>&) override { FAIL() << "a field needs no gradients"; }

 private:
  Value x_, t_;
};

// v = dense(silu(t dense(x))), 3 -> 16 -> 3.
template <class Real>
class Network final : public Model<Real> {
 public:
  Network() {
    ParameterSet<Real>& p = this->parameters_;
    in_ = {p.add("in.weight", {16, 3}), p.add("in.bias", {16})};
    out_ = {p.add("out.weight", {3, 16}), p.add("out.bias", {3})};
    initialise(7);
  }
  [[nodiscard]] Shape sample_shape() const override { return {3}; }
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x, Value t) const override {
    const Value h = dense(tape, x, in_.weight, in_.bias);
    const Value scaled = tape.record(TimesTime<Real>(h, t), tape.shape(h), {h, t});
    return dense(tape, silu(tape, scaled), out_.weight, out_.bias);
  }
  [[nodiscard]] std::string spec() const override { return "network"; }
  void initialise(std::uint64_t seed) override {
    for (const ParameterId id : {in_.weight, in_.bias, out_.weight, out_.bias}) {
      const std::span<Real> values = this->parameters_.values(id);
      RandomStream(seed, Purpose::kTest).normals<Real>(100, id.index, values);
    }
  }

 private:
  struct Layer {
    ParameterId weight, bias;
  };
  Layer in_, out_;
};

template <class Real>
std::vector<Real> velocity(const Field<Real>& field, std::int64_t rows) {
  std::vector<Real> out(rows * 3);
  field.velocity(draws<Real>(1, rows * 3), draws<Real>(2, rows), rows, out);
  return out;
}

template <class Real>
class FieldTest : public ::testing::Test {};
using Reals = ::testing::Types<float, double>;
TYPED_TEST_SUITE(FieldTest, Reals);

TYPED_TEST(FieldTest, NetworkGivesWhatTheModelGivesRowByRow) {
  using Real = TypeParam;
  const Network<Real> model;
  LanePool pool(2);
  const NetworkField<Real> field(model, pool, 8);
  EXPECT_EQ(field.sample_shape(), Shape{3});
  for (const std::int64_t rows : {1, 7, 8, 9, 33}) {
    const std::vector<Real> out = velocity<Real>(field, rows);
    const std::vector<Real> x = draws<Real>(1, rows * 3), t = draws<Real>(2, rows);
    for (std::int64_t n = 0; n < rows; ++n) {
      Tape<Real> tape(model.parameters());
      const Value in = tape.input(std::span<const Real>(x).subspan(3 * n, 3), {1, 3});
      const Value time = tape.input(std::span<const Real>(t).subspan(n, 1), {1, 1});
      const Value v = model.forward(tape, in, time);
      for (int i = 0; i < 3; ++i) {
        EXPECT_NEAR(out[3 * n + i], tape.value(v)[i], sizeof(Real) == 4 ? 1e-5 : 1e-13);
      }
    }
  }
}

TYPED_TEST(FieldTest, BitsDoNotDependOnThreads) {
  using Real = TypeParam;
  const Network<Real> model;
  LanePool one(1);
  const std::vector<Real> alone = velocity<Real>(NetworkField<Real>(model, one, 8), 61);
  for (const int threads : {2, 3, 5}) {
    LanePool pool(threads);
    EXPECT_EQ(velocity<Real>(NetworkField<Real>(model, pool, 8), 61), alone) << threads;
  }
}

TYPED_TEST(FieldTest, FollowsTheParametersAndIsReusable) {
  using Real = TypeParam;
  Network<Real> model;
  LanePool pool(1);
  const NetworkField<Real> field(model, pool);
  const std::vector<Real> before = velocity<Real>(field, 5);
  EXPECT_EQ(velocity<Real>(field, 5), before);
  model.initialise(8);
  EXPECT_NE(velocity<Real>(field, 5), before);
}

TYPED_TEST(FieldTest, FunctionGivesEveryRowItsTime) {
  using Real = TypeParam;
  const FunctionField<Real> field({2}, [](std::span<const Real> x, Real t, std::span<Real> v) {
    v[0] = x[0] + t;
    v[1] = x[1] * t;
  });
  std::vector<Real> out(4);
  field.velocity(std::vector<Real>{1, 2, 3, 4}, std::vector<Real>{10, 20}, 2, out);
  EXPECT_EQ(out, (std::vector<Real>{11, 20, 23, 80}));
}

TYPED_TEST(FieldTest, NoRowsAreFine) {
  using Real = TypeParam;
  const Network<Real> model;
  LanePool pool(2);
  EXPECT_TRUE(velocity<Real>(NetworkField<Real>(model, pool), 0).empty());
}

TEST(Field, RefusesSpansOfAnotherSize) {
  const FunctionField<double> field = testing::bell_field<double>(3);
  std::vector<double> six(6), two(2), five(5);
  EXPECT_EQ(sentence([&] { field.velocity(five, two, 2, six); }),
            "[field] x has 5 numbers, expected 6 for 2 rows of shape 3");
  EXPECT_EQ(sentence([&] { field.velocity(six, six, 2, six); }),
            "[field] t has 6 numbers, expected 2 for 2 rows of shape 3");
  EXPECT_EQ(sentence([&] { field.velocity(six, two, 2, five); }),
            "[field] out has 5 numbers, expected 6 for 2 rows of shape 3");
  EXPECT_EQ(sentence([&] { field.velocity({}, {}, -1, {}); }),
            "[field] -1 rows asked for, expected 0 or more");
}

TEST(Field, RefusesBlocksWithoutRows) {
  const Network<double> model;
  LanePool pool(1);
  EXPECT_EQ(sentence([&] { NetworkField<double>(model, pool, 0); }),
            "[field] a block has 0 rows, expected 1 or more");
}

// A model whose output has another width than its input.
class Wide final : public Model<double> {
 public:
  [[nodiscard]] Shape sample_shape() const override { return {1}; }
  [[nodiscard]] Value forward(Tape<double>& tape, Value, Value) const override {
    static constexpr double kTwo[2] = {1, 2};
    return tape.input(kTwo, {1, 2});
  }
  [[nodiscard]] std::string spec() const override { return "wide"; }
  void initialise(std::uint64_t) override {}
};

TEST(Field, RefusesAModelOfAnotherOutputShape) {
  const Wide model;
  LanePool pool(1);
  std::vector<double> one(1);
  EXPECT_EQ(sentence([&] { NetworkField<double>(model, pool).velocity(one, one, 1, one); }),
            "[field] the model's velocity is 1x2, expected the shape of x, 1x1");
}

}  // namespace
}  // namespace gradvar::field_test

// The affine Gaussian field: the five claims of an op, and those of Lemma 1 and Proposition 1.

#include "flow/affine_gaussian.h"

#include <cmath>
#include <gtest/gtest.h>

#include "autograd/collectors/per_sample.h"
#include "autograd/collectors/sum.h"
#include "autograd/engine.h"
#include "autograd/ops.h"
#include "flow/objective.h"
#include "tests/flow/gaussian_cases.h"

namespace gradvar::affine_gaussian_test {
namespace {

using testing::identity;
using testing::normal_rows;
using testing::normal_vector;
using testing::random_gaussian;
using testing::sentence;

// x, t and targets of a batch; some neighbours share a time.
template <class Real>
struct Batch {
  Batch(std::int64_t count, std::int64_t d)
      : x(convert<Real>(normal_rows(1, count, d))),
        target(convert<Real>(normal_rows(2, count, d))) {
    t = Tensor<Real>(Shape{count, 1});
    for (std::int64_t n = 0; n < count; ++n) t[n] = static_cast<Real>((n / 2 * 2 % 7) / 7.0);
  }
  // |v - target|^2 of the samples first .. first + count.
  [[nodiscard]] typename Engine<Real>::BuildLosses losses(const AffineGaussianField<Real>& field,
                                                          std::int64_t first = 0) const {
    return [this, &field, first](Tape<Real>& tape, const LaneRows<Real>& rows) {
      const auto input = [&](const Tensor<Real>& all) {
        return tape.input(all.values().subspan((first + rows.begin) * all.row_size(),
                                               rows.count * all.row_size()),
                          all.shape().with_rows(rows.count));
      };
      return squared_error(tape, field.forward(tape, input(x), input(t)), input(target));
    };
  }
  Tensor<Real> x, target, t;
};

// theta and Theta in general position, the latter small enough to stay away from singular times.
template <class Real>
AffineGaussianField<Real> some_field(std::int64_t d) {
  AffineMap map{identity(d), normal_vector(5, d)};
  const Tensor<double> noise = normal_rows(6, d, d);
  for (std::int64_t i = 0; i < d * d; ++i) map.matrix[i] += 0.4 / std::sqrt(d) * noise[i];
  return AffineGaussianField<Real>(map);
}

template <class Real>
constexpr double kTolerance = sizeof(Real) == 4 ? 1e-5 : 1e-12;

template <class Real>
class AffineGaussianTest : public ::testing::Test {};
using Reals = ::testing::Types<float, double>;
TYPED_TEST_SUITE(AffineGaussianTest, Reals);

// The reference never inverts: z = A^-1 (x - t th) is checked by A z + t th = x.
TYPED_TEST(AffineGaussianTest, ForwardMatchesReference) {
  using Real = TypeParam;
  for (const std::int64_t d : {1, 2, 5, 17}) {
    for (const std::int64_t count : {1, 8, 9}) {
      const AffineGaussianField<Real> field = some_field<Real>(d);
      const Batch<Real> batch(count, d);
      Tape<Real> tape(field.parameters());
      const Value v = field.forward(tape, tape.input(batch.x.values(), batch.x.shape()),
                                    tape.input(batch.t.values(), batch.t.shape()));
      const std::span<const Real> theta = field.parameters().values(field.theta());
      const std::span<const Real> matrix = field.parameters().values(field.matrix());
      for (std::int64_t n = 0; n < count; ++n) {
        // From v = th + Th z and x = t th + z + t Th z: z = x - t v.
        std::vector<double> z(d);
        for (std::int64_t i = 0; i < d; ++i) {
          z[i] = double{batch.x.row(n)[i]} - double{batch.t[n]} * double{tape.value(v)[n * d + i]};
        }
        for (std::int64_t i = 0; i < d; ++i) {
          double expected = theta[i];
          for (std::int64_t j = 0; j < d; ++j) expected += double{matrix[i * d + j]} * z[j];
          EXPECT_NEAR(tape.value(v)[n * d + i], expected, kTolerance<Real> * 20) << d;
        }
      }
    }
  }
}

TEST(AffineGaussian, GradientMatchesFiniteDifference) {
  constexpr double kStep = 1e-6;
  for (const std::int64_t d : {1, 2, 4}) {
    const std::int64_t count = 5;
    AffineGaussianField<double> field = some_field<double>(d);
    Batch<double> batch(count, d);
    LanePool pool(1);
    Engine<double> engine(field.parameters(), pool, 2);
    PerSampleCollector<double> each;
    std::vector<double> losses(count), up(count), down(count);
    engine.run(count, batch.losses(field), {&each}, losses);
    const auto differences = [&](double& number) {
      const double kept = number;
      number = kept + kStep;
      engine.forward(count, batch.losses(field), up);
      number = kept - kStep;
      engine.forward(count, batch.losses(field), down);
      number = kept;
      std::vector<double> slopes(count);
      for (std::int64_t n = 0; n < count; ++n) slopes[n] = (up[n] - down[n]) / (2 * kStep);
      return slopes;
    };
    for (const ParameterId id : {field.theta(), field.matrix()}) {
      for (std::size_t i = 0; i < field.parameters().values(id).size(); ++i) {
        const std::vector<double> slopes = differences(field.parameters().values(id)[i]);
        for (std::int64_t n = 0; n < count; ++n) {
          EXPECT_NEAR(each.gradient(n, id)[i], slopes[n], 1e-7 * (1 + std::abs(slopes[n])));
        }
      }
    }
    Tape<double> tape(field.parameters());
    const Value x = tape.variable(batch.x.values(), batch.x.shape());
    const Value t = tape.variable(batch.t.values(), batch.t.shape());
    const Value target = tape.input(batch.target.values(), batch.target.shape());
    tape.backward(squared_error(tape, field.forward(tape, x, t), target), nullptr);
    for (std::int64_t n = 0; n < count; ++n) {
      EXPECT_NEAR(tape.adjoint(t)[n], differences(batch.t[n])[n], 1e-6) << "t of " << n;
      for (std::int64_t i = n * d; i < (n + 1) * d; ++i) {
        EXPECT_NEAR(tape.adjoint(x)[i], differences(batch.x[i])[n], 1e-6) << "x of " << n;
      }
    }
  }
}

TYPED_TEST(AffineGaussianTest, PerSampleMatchesBatchOfOneAndSumsToBatch) {
  using Real = TypeParam;
  const std::int64_t count = 9;
  for (const std::int64_t d : {1, 3, 16}) {
    const AffineGaussianField<Real> field = some_field<Real>(d);
    const Batch<Real> batch(count, d);
    LanePool pool(2);
    Engine<Real> engine(field.parameters(), pool, 2), alone(field.parameters(), pool, 1);
    PerSampleCollector<Real> each, one;
    SumCollector<Real> sum;
    std::vector<Real> losses(count), loss(1);
    engine.run(count, batch.losses(field), {&each, &sum}, losses);
    double largest = 0;
    for (const Real g : each.gradients().values()) largest = std::max<double>(largest, std::abs(g));
    std::vector<double> mean(each.gradients().row_size());
    for (std::int64_t n = 0; n < count; ++n) {
      alone.run(1, batch.losses(field, n), {&one}, loss);
      for (std::size_t i = 0; i < mean.size(); ++i) {
        const double g = each.gradients().row(n)[i];
        EXPECT_NEAR(g, one.gradients().row(0)[i], kTolerance<Real> * largest);
        mean[i] += g / count;
      }
    }
    for (std::size_t i = 0; i < mean.size(); ++i) {
      EXPECT_NEAR(sum.mean()[i], mean[i], kTolerance<Real> * largest);
    }
  }
}

TEST(AffineGaussian, RejectsBadShapes) {
  const std::vector<double> numbers(12);
  ParameterSet<double> p;
  const ParameterId two = p.add("two", {2}), square = p.add("square", {2, 2});
  const ParameterId oblong = p.add("oblong", {2, 3});
  const auto refusal = [&](const Shape& x, const Shape& t, ParameterId theta, ParameterId matrix) {
    return sentence([&] {
      Tape<double> tape(p);
      const std::span<const double> all(numbers);
      const Value xv = tape.input(all.first(x.size()), x);
      (void)affine_gaussian(tape, xv, tape.input(all.first(t.size()), t), theta, matrix);
    });
  };
  EXPECT_EQ(refusal({3, 2}, {3, 1}, two, square), "nothing was thrown");
  EXPECT_EQ(refusal({3, 2, 2}, {3, 1}, two, square),
            "[affine_gaussian] x is 3x2x2, expected Bxd with d of 1 or more");
  EXPECT_EQ(refusal({3, 2}, {3}, two, square), "[affine_gaussian] t is 3, expected 3x1");
  EXPECT_EQ(refusal({3, 3}, {3, 1}, two, square), "[affine_gaussian] theta is 2, expected 3");
  EXPECT_EQ(refusal({3, 2}, {3, 1}, two, oblong), "[affine_gaussian] Theta is 2x3, expected 2x2");
}

AffineMap half_turn() {
  return {identity(2, -1), Tensor<double>(Shape{2}, std::vector<double>{5, 5})};
}

std::string refusal_at(const AffineGaussianField<double>& field, const std::vector<double>& t) {
  return sentence([&] {
    const Tensor<double> x = normal_rows(1, static_cast<std::int64_t>(t.size()), 2);
    Tape<double> tape(field.parameters());
    (void)field.forward(tape, tape.input(x.values(), x.shape()), tape.input(t, {x.rows(), 1}));
  });
}

TEST(AffineGaussian, ASingularTimeIsAnErrorThatNamesItAndTheSample) {
  const AffineGaussianField<double> field(half_turn());
  EXPECT_EQ(refusal_at(field, {0.2, 0.7, 0.5}),
            "[affine_gaussian] sample 2: I + t Theta is singular at t = 0.500000");
  EXPECT_EQ(refusal_at(field, {0.499, 0.501}), "nothing was thrown");
}

// I + t Theta = (1 - 2t) I is perfectly conditioned there, and yet it has lost all its digits.
TEST(AffineGaussian, ATimeWithinRoundingOfASingularOneIsRefusedThoughItsMatrixIsWellConditioned) {
  const AffineGaussianField<double> field(half_turn());
  EXPECT_EQ(refusal_at(field, {0.5 + 1e-15}),
            "[affine_gaussian] sample 0: I + t Theta is singular at t = 0.500000");
}

TEST(AffineGaussian, AParameterThatIsNotFiniteIsRefused) {
  AffineGaussianField<double> field(2);
  field.parameters().values(field.matrix())[1] = NAN;
  EXPECT_EQ(refusal_at(field, {0, 0.5}),
            "[affine_gaussian] sample 0: I + t Theta is not finite at t = 0.000000");
}

// Proposition 1: zero loss and zero gradient for every sample, optimal or not.
TEST(AffineGaussian, ThePairOptimalFieldHasNoLossAndNoGradientOnItsLines) {
  const GaussianMoments from = random_gaussian(1, 4), to = random_gaussian(2, 4);
  for (const double degrees : {0.0, 60.0, 120.0, 180.0}) {
    const AffineMap map = rotated_map(from, to, rotation_matrix(4, degrees, 2));
    const AffineGaussianField<double> field(map);
    const Tensor<double> x0 = normal_rows(3, 6, 4), x1 = map.apply(x0);
    const std::vector<double> t = {0, 0.1, 0.3, 0.8, 0.9, 1};
    LanePool pool(1);
    Engine<double> engine(field.parameters(), pool, 1);
    PerSampleCollector<double> each;
    std::vector<double> losses(6);
    engine.run(
        6,
        [&](Tape<double>& tape, const LaneRows<double>&) {
          return flow_losses<double>(tape, field, {}, {x0.values(), x1.values(), t, {}}, 6);
        },
        {&each}, losses);
    for (const double loss : losses) EXPECT_NEAR(loss, 0, 1e-22) << degrees;
    for (const double g : each.gradients().values()) EXPECT_NEAR(g, 0, 1e-10) << degrees;
  }
}

TEST(AffineGaussian, HasItsParametersSpecAndZeroStart) {
  AffineGaussianField<float> field(half_turn());
  EXPECT_EQ(field.parameters().info(field.theta()).name, "theta");
  EXPECT_EQ(field.parameters().info(field.matrix()).name, "Theta");
  EXPECT_EQ(field.parameters().values(field.theta())[1], 5);
  EXPECT_EQ(field.parameters().values(field.matrix())[3], -2);
  EXPECT_EQ(field.spec(), "affine-gaussian:dim=2");
  EXPECT_EQ(AffineGaussianField<double>::parse(field.spec()).sample_shape(), Shape{2});
  field.initialise(1);
  EXPECT_EQ(field.parameters().values(field.matrix())[3], 0);
}

TEST(AffineGaussian, RefusesBadSpecsAndMaps) {
  const auto parse = [](const char* spec) {
    return sentence([spec] { (void)AffineGaussianField<double>::parse(spec); });
  };
  EXPECT_EQ(parse("affine-gaussian"), "[affine-gaussian] the key dim is missing");
  EXPECT_EQ(parse("affine-gaussian:dim=0"), "[affine-gaussian] dim is 0, expected 1 or more");
  EXPECT_EQ(parse("mlp:dim=2"), "[spec] the name 'mlp' is unknown, expected affine-gaussian");
  AffineGaussianField<double> field(3);
  EXPECT_EQ(sentence([&] { field.set(half_turn()); }),
            "[affine-gaussian] the map is 2x2 with an offset of 2, expected 3x3");
}

}  // namespace
}  // namespace gradvar::affine_gaussian_test

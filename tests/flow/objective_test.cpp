// The flow-matching loss, against sums by hand for an affine model.

#include "flow/objective.h"

#include <gtest/gtest.h>

#include "autograd/collectors/per_sample.h"
#include "autograd/engine.h"
#include "nn/mlp.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::objective_test {
namespace {

using testing::normal_rows;
using testing::sentence;

constexpr std::int64_t kBatch = 4, kDim = 2;

// Four pairs, times and noises, and an affine model v = W [x, t] + b.
struct Problem {
  Problem() : model({.dim = kDim, .depth = 0}) { model.initialise(3); }

  [[nodiscard]] FlowRows<double> rows(bool noisy, std::int64_t begin = 0,
                                      std::int64_t count = kBatch) const {
    const auto part = [&](const Tensor<double>& all) {
      return all.values().subspan(begin * kDim, count * kDim);
    };
    return {part(x0), part(x1), std::span(t).subspan(begin, count),
            noisy ? part(z) : std::span<const double>{}};
  }
  // u_t - v(x_t, t) of sample n.
  [[nodiscard]] std::vector<double> residual(const Interpolant& interpolant, std::int64_t n) const {
    std::vector<double> x(kDim), u(kDim);
    const FlowRows<double> row = rows(interpolant.needs_noise(), n, 1);
    interpolant.interpolate<double>(1, row.x0, row.x1, row.t, row.z, x, u);
    const std::span<const double> w = model.parameters().values(ParameterId{0});
    const std::span<const double> b = model.parameters().values(ParameterId{1});
    for (int i = 0; i < kDim; ++i) {
      u[i] -= w[3 * i] * x[0] + w[3 * i + 1] * x[1] + w[3 * i + 2] * t[n] + b[i];
    }
    return u;
  }

  Mlp<double> model;
  Tensor<double> x0 = normal_rows(1, kBatch, kDim), x1 = normal_rows(2, kBatch, kDim);
  Tensor<double> z = normal_rows(3, kBatch, kDim);
  std::vector<double> t = {0.1, 0.4, 0.5, 0.9};
};

const Interpolant kInterpolants[] = {
    {},
    {.kind = InterpolantKind::kConstantNoise, .sigma = 0.5},
    {.kind = InterpolantKind::kBridge, .sigma = 0.5},
    {.kind = InterpolantKind::kBridge, .sigma = 0.5, .target = BridgeTarget::kFull},
    {.kind = InterpolantKind::kTrigonometric},
};

TEST(Objective, IsTheSquaredResidualSummedOverCoordinates) {
  const Problem problem;
  for (const Interpolant& interpolant : kInterpolants) {
    Tape<double> tape(problem.model.parameters());
    const FlowRows<double> rows = problem.rows(interpolant.needs_noise());
    const Value losses = flow_losses(tape, problem.model, interpolant, rows, kBatch);
    ASSERT_EQ(tape.shape(losses), Shape{kBatch});
    for (std::int64_t n = 0; n < kBatch; ++n) {
      double expected = 0;
      for (const double r : problem.residual(interpolant, n)) expected += r * r;
      EXPECT_NEAR(tape.value(losses)[n], expected, 1e-13) << interpolant.spec();
    }
  }
}

TEST(Objective, TheGradientOfTheBiasIsMinusTwiceTheResidual) {
  const Problem problem;
  LanePool pool(1);
  Engine<double> engine(problem.model.parameters(), pool, 2);
  PerSampleCollector<double> each;
  std::vector<double> losses(kBatch);
  for (const Interpolant& interpolant : kInterpolants) {
    engine.run(
        kBatch,
        [&](Tape<double>& tape, const LaneRows<double>& lane) {
          const auto rows = problem.rows(interpolant.needs_noise(), lane.begin, lane.count);
          return flow_losses(tape, problem.model, interpolant, rows, lane.count);
        },
        {&each}, losses);
    for (std::int64_t n = 0; n < kBatch; ++n) {
      const std::vector<double> r = problem.residual(interpolant, n);
      for (int i = 0; i < kDim; ++i) {
        EXPECT_NEAR(each.gradient(n, ParameterId{1})[i], -2 * r[i], 1e-13) << interpolant.spec();
      }
    }
  }
}

TEST(Objective, RefusesRowsThatDoNotFitTheModel) {
  const Problem problem;
  Tape<double> tape(problem.model.parameters());
  EXPECT_EQ(sentence([&] {
              (void)flow_losses(tape, problem.model, {}, problem.rows(false), kBatch - 1);
            }),
            "[objective] x0 has 8 numbers, the model's 3 samples are 3x2");
}

}  // namespace
}  // namespace gradvar::objective_test

// Training steps: one set of bits whatever the threads, stops and resumes.

#include "flow/trainer.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "autograd/collectors/per_sample.h"
#include "flow/objective.h"
#include "nn/mlp.h"
#include "nn/sgd.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::trainer_test {
namespace {

using testing::normal_rows;
using testing::sentence;

constexpr Interpolant kNoisy{.kind = InterpolantKind::kConstantNoise, .sigma = 0.2};

TrainingOptions small_options() {
  return {.batch = 24,
          .lanes = 3,
          .seed = 5,
          .interpolant = kNoisy,
          .schedule = {.peak = 1e-2},
          .clip_norm = 1,
          .ema_decay = 0.9};
}

template <class Real>
std::vector<Real> copy_of(std::span<const Real> values) {
  return {values.begin(), values.end()};
}

// Everything a run is made of.
template <class Real>
struct Trial {
  explicit Trial(const TrainingOptions& options, int threads = 1, std::string_view rule = "adam")
      : model({.dim = 2, .width = 8, .depth = 2}),
        pairs(normal_rows(1, 40, 2), normal_rows(2, 40, 2), options.seed),
        optimizer(make_optimizer<Real>(rule, model.parameters().layout())),
        pool(threads) {
    model.initialise(1);
    trainer.emplace(model, pairs, *optimizer, options, pool);
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) losses.push_back(trainer->step().loss);
  }
  [[nodiscard]] std::vector<Real> parameters() const { return copy_of(model.parameters().flat()); }
  [[nodiscard]] std::vector<Real> average() { return copy_of<Real>(trainer->ema()->values()); }

  Mlp<Real> model;
  FixedPairs<Real> pairs;
  std::unique_ptr<Optimizer<Real>> optimizer;
  LanePool pool;
  std::optional<Trainer<Real>> trainer;
  std::vector<double> losses;
};

template <class Real>
class TrainerTest : public ::testing::Test {};
using Reals = ::testing::Types<float, double>;
TYPED_TEST_SUITE(TrainerTest, Reals);

TYPED_TEST(TrainerTest, BitsDoNotDependOnThreads) {
  Trial<TypeParam> one(small_options(), 1);
  one.steps(7);
  for (const int threads : {2, 3}) {
    Trial<TypeParam> several(small_options(), threads);
    several.steps(7);
    EXPECT_EQ(several.parameters(), one.parameters()) << threads;
    EXPECT_EQ(several.average(), one.average()) << threads;
    EXPECT_EQ(several.losses, one.losses) << threads;
  }
}

TYPED_TEST(TrainerTest, AResumedRunGoesOnAsIfNeverStopped) {
  using Real = TypeParam;
  Trial<Real> whole(small_options()), first(small_options()), second(small_options(), 2);
  whole.steps(9);
  first.steps(4);
  std::ranges::copy(first.parameters(), second.model.parameters().flat().begin());
  second.optimizer->set_steps(first.optimizer->steps());
  for (std::size_t i = 0; i < first.optimizer->states().size(); ++i) {
    second.optimizer->states()[i].values = first.optimizer->states()[i].values;
  }
  std::ranges::copy(first.average(), second.trainer->ema()->values().begin());
  second.trainer->ema()->set_updates(first.trainer->ema()->updates());
  second.trainer->set_steps(first.trainer->steps());
  second.steps(5);
  EXPECT_EQ(second.parameters(), whole.parameters());
  EXPECT_EQ(second.average(), whole.average());
  EXPECT_EQ(second.losses, (std::vector<double>(whole.losses.begin() + 4, whole.losses.end())));
  EXPECT_EQ(second.trainer->steps(), 9u);
}

TEST(Trainer, AStepIsTheMeanGradientOfTheBatchItDraws) {
  TrainingOptions options = small_options();
  options.clip_norm = options.ema_decay = 0;
  Trial<double> run(options, 1, "sgd");
  run.trainer->set_steps(6);
  const std::vector<double> before = run.parameters();
  // The same batch by hand: pairs, times and noise of step 6, by their streams.
  std::vector<double> x0(48), x1(48), t(24), z(48), losses(24);
  run.pairs.draw(6, 0, 24, x0, x1);
  for (std::uint32_t n = 0; n < 24; ++n) {
    t[n] = RandomStream(5, Purpose::kTime).uniform(6, n);
    RandomStream(5, Purpose::kNoise).normals<double>(6, n, std::span(z).subspan(2 * n, 2));
  }
  Engine<double> engine(run.model.parameters(), run.pool, 1);
  PerSampleCollector<double> each;
  engine.run(
      24,
      [&](Tape<double>& tape, const LaneRows<double>&) {
        return flow_losses<double>(tape, run.model, kNoisy, {x0, x1, t, z}, 24);
      },
      {&each}, losses);
  const StepResult result = run.trainer->step();
  double mean_loss = 0, squared_norm = 0;
  for (const double loss : losses) mean_loss += loss / 24;
  for (std::size_t i = 0; i < before.size(); ++i) {
    double mean = 0;
    for (std::int64_t n = 0; n < 24; ++n) mean += each.gradients().row(n)[i] / 24;
    squared_norm += mean * mean;
    EXPECT_NEAR(run.parameters()[i], before[i] - 0.01 * mean, 1e-14);
  }
  EXPECT_NEAR(result.loss, mean_loss, 1e-13);
  EXPECT_NEAR(result.gradient_norm, std::sqrt(squared_norm), 1e-13);
  EXPECT_EQ(result.learning_rate, 0.01);
}

TEST(Trainer, SeedsDecideTheBatches) {
  TrainingOptions other = small_options();
  other.seed = 6;
  Trial<double> a(small_options()), b(other);
  a.steps(1);
  b.steps(1);
  EXPECT_NE(a.losses, b.losses);
}

TEST(Trainer, TheScheduleSetsTheRateOfEachStep) {
  TrainingOptions options = small_options();
  options.schedule = {.peak = 0.1, .warmup = 4};
  Trial<double> run(options);
  for (const double rate : {0.025, 0.05, 0.075, 0.1, 0.1}) {
    EXPECT_DOUBLE_EQ(run.trainer->step().learning_rate, rate);
  }
}

TEST(Trainer, ClippingBoundsTheStepButReportsTheWholeNorm) {
  TrainingOptions options = small_options();
  const auto step_length = [&](double clip_norm) {
    options.clip_norm = clip_norm;
    Trial<double> run(options, 1, "sgd");
    const std::vector<double> before = run.parameters();
    const double norm = run.trainer->step().gradient_norm;
    double squared = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      squared += std::pow((run.parameters()[i] - before[i]) / 0.01, 2);
    }
    return std::pair(norm, std::sqrt(squared));
  };
  const auto [norm, free_length] = step_length(0);
  EXPECT_NEAR(free_length, norm, 1e-10);
  const auto [clipped_norm, length] = step_length(norm / 10);
  EXPECT_EQ(clipped_norm, norm);
  EXPECT_NEAR(length, norm / 10, 1e-5);
  EXPECT_NEAR(step_length(norm * 2).second, norm, 1e-10);
}

TEST(Trainer, TheAverageFollowsTheParameters) {
  TrainingOptions options = small_options();
  Trial<double> run(options);
  std::vector<double> average = run.parameters();
  for (int step = 0; step < 3; ++step) {
    run.steps(1);
    for (std::size_t i = 0; i < average.size(); ++i) {
      average[i] += 0.1 * (run.parameters()[i] - average[i]);
      EXPECT_NEAR(run.average()[i], average[i], 1e-15);
    }
  }
  options.ema_decay = 0;
  EXPECT_EQ(Trial<double>(options).trainer->ema(), nullptr);
}

TEST(Trainer, LossesFallOnAProblemThatCanBeLearnt) {
  const Tensor<double> x0 = normal_rows(1, 40, 2);
  Tensor<double> x1 = x0;
  for (double& value : x1.values()) value += 2;
  const FixedPairs<float> pairs(x0, x1, 0);
  Mlp<float> model({.dim = 2, .width = 8, .depth = 2});
  model.initialise(1);
  Sgd<float> optimizer(model.parameters().layout());
  LanePool pool(1);
  Trainer<float> trainer(model, pairs, optimizer, {.schedule = {.peak = 1e-2}}, pool);
  const double first = trainer.step().loss;
  double last = 0;
  for (int i = 0; i < 300; ++i) last = trainer.step().loss;
  EXPECT_LT(last, 0.05 * first);
}

// A parameter that is NaN or overflows stops the run where it shows.
template <class Trial>
void expect_stop(Trial& run, const std::string& words) {
  const auto before = run.parameters();
  const auto average = run.average();
  EXPECT_EQ(sentence<NonFiniteError>([&] { run.trainer->step(); }), words);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), run.parameters().begin(),
                         [](auto a, auto b) { return a == b || (std::isnan(a) && std::isnan(b)); }))
      << "the model is as before the step";
  EXPECT_EQ(run.average(), average);
  EXPECT_EQ(run.optimizer->steps(), static_cast<std::int64_t>(run.trainer->steps()));
}

TEST(Trainer, ANumberThatIsNotFiniteStopsWithTheStepAndTheLayer) {
  Trial<float> run(small_options());
  run.steps(2);
  run.model.parameters().values(ParameterId{2})[5] = NAN;
  expect_stop(run, "step 2: a number that is not finite in dense (net.2)");
  EXPECT_EQ(run.trainer->steps(), 2u);
}

// A loss of 2e36 is finite in f32, its gradient, 2e18 times hidden values of 1e21, is not.
TEST(Trainer, AGradientThatOverflowsStopsWithItsParameter) {
  Trial<float> run(small_options());
  std::ranges::fill(run.model.parameters().values(ParameterId{3}), 1e21f);
  std::ranges::fill(run.model.parameters().values(ParameterId{4}), 0.0f);
  std::ranges::fill(run.model.parameters().values(ParameterId{5}), 1e18f);
  expect_stop(run, "step 0: a number that is not finite in the gradient of net.4.weight");
}

// Every entry is finite, near 1e200, and the sum of squares is not.
TEST(Trainer, AGradientTooLongToMeasureStops) {
  Trial<double> run(small_options());
  std::ranges::fill(run.model.parameters().values(ParameterId{3}), 1e100);
  std::ranges::fill(run.model.parameters().values(ParameterId{4}), 0.0);
  std::ranges::fill(run.model.parameters().values(ParameterId{5}), 1e100);
  expect_stop(run, "step 0: a number that is not finite in the norm of the gradient");
}

// Times have 32 random bits: this one, 1 - 2^-33 or nearly, is 1 in f32, where the full bridge has
// no target, and the run stopped with a refusal.
TEST(Trainer, TimesNeverRoundToOne) {
  ASSERT_EQ(static_cast<float>(RandomStream(0, Purpose::kTime).uniform(644277, 20)), 1.0f);
  TrainingOptions options{.batch = 24, .seed = 0};
  options.interpolant = {
      .kind = InterpolantKind::kBridge, .sigma = 0.1, .target = BridgeTarget::kFull};
  Trial<float> run(options);
  run.trainer->set_steps(644277);
  EXPECT_TRUE(std::isfinite(run.trainer->step().loss));
}

TEST(Trainer, RefusesOptionsOutsideTheirRange) {
  const auto refusal = [](const std::function<void(TrainingOptions&)>& spoil) {
    TrainingOptions options = small_options();
    spoil(options);
    return sentence([&] { Trial<double> run(options); });
  };
  EXPECT_EQ(refusal([](TrainingOptions& o) { o.batch = 0; }),
            "[training] the batch is 0, expected 1 or more");
  EXPECT_EQ(refusal([](TrainingOptions& o) { o.lanes = 0; }),
            "[lanes] 0 lanes asked for, expected 1 to 4096");
  EXPECT_EQ(refusal([](TrainingOptions& o) { o.clip_norm = -1; }),
            "[training] clip-norm is -1, expected 0 (no clipping) or a finite number above it");
  EXPECT_EQ(refusal([](TrainingOptions& o) { o.ema_decay = 1; }),
            "[training] ema-decay is 1, expected 0 (no average) or more and less than 1");
  EXPECT_EQ(refusal([](TrainingOptions& o) { o.ema_decay = -0.5; }),
            "[training] ema-decay is -0.5, expected 0 (no average) or more and less than 1");
  EXPECT_EQ(refusal([](TrainingOptions& o) { o.interpolant.sigma = -1; }),
            "[interpolant] sigma is -1, expected a finite number of 0 or more");
  EXPECT_NE(refusal([](TrainingOptions& o) { o.schedule.peak = NAN; }), "nothing was thrown");
}

TEST(Trainer, RefusesPairsOfAnotherShapeThanTheModel) {
  Mlp<double> model({.dim = 3});
  const FixedPairs<double> pairs(normal_rows(1, 4, 2), normal_rows(2, 4, 2), 0);
  Sgd<double> optimizer(model.parameters().layout());
  LanePool pool(1);
  EXPECT_EQ(sentence([&] { Trainer<double>(model, pairs, optimizer, {}, pool); }),
            "[training] a sample of the pairs is 2, a sample of the model is 3: the shapes must "
            "agree");
}

}  // namespace
}  // namespace gradvar::trainer_test

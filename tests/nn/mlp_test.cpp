// The MLP: torchcfm's names, its forward by plain loops, gradients by finite differences.

#include "nn/mlp.h"

#include <cmath>
#include <gtest/gtest.h>

#include "autograd/collectors/per_sample.h"
#include "autograd/collectors/sum.h"
#include "autograd/engine.h"
#include "autograd/ops.h"
#include "nn/mlp_reference.h"
#include "tests/nn/helpers.h"

namespace gradvar::mlp_test {
namespace {

using testing::copy_of;
using testing::noise;
using testing::refusal;

const MlpOptions kCases[] = {
    {.dim = 2},
    {.dim = 1, .width = 1, .depth = 1, .activation = Activation::relu},
    {.dim = 3, .width = 7, .depth = 0},
    {.dim = 2, .width = 5, .depth = 2, .activation = Activation::silu},
    {.dim = 2, .width = 9, .depth = 4, .activation = Activation::tanh, .tied = true},
    {.dim = 3,
     .width = 6,
     .activation = Activation::gelu,
     .time = TimeInput::sinusoidal,
     .time_dim = 10},
};

TEST(Mlp, HasTheParametersOfTorchcfm) {
  const Mlp<float> mlp({.dim = 2});
  const std::pair<const char*, Shape> expected[] = {
      {"net.0.weight", {64, 3}}, {"net.0.bias", {64}},       {"net.2.weight", {64, 64}},
      {"net.2.bias", {64}},      {"net.4.weight", {64, 64}}, {"net.4.bias", {64}},
      {"net.6.weight", {2, 64}}, {"net.6.bias", {2}},
  };
  const auto infos = mlp.parameters().layout().infos();
  ASSERT_EQ(infos.size(), std::size(expected));
  for (std::size_t i = 0; i < infos.size(); ++i) {
    EXPECT_EQ(infos[i].name, expected[i].first);
    EXPECT_EQ(infos[i].shape, expected[i].second);
  }
  EXPECT_EQ(mlp.sample_shape(), Shape{2});
}

TEST(Mlp, TiedLayersAreOneLayer) {
  const Mlp<float> mlp({.dim = 2, .width = 8, .depth = 5, .tied = true});
  std::vector<std::string> layers = {"net.0", "net.2", "net.10"};
  EXPECT_EQ(mlp.parameters().layout().layers(), layers);
}

TEST(Mlp, ForwardMatchesTheDoubleLoop) {
  for (const MlpOptions& options : kCases) {
    Mlp<double> mlp(options);
    mlp.initialise(3);
    const std::int64_t batch = 5, dim = options.dim;
    const Tensor<double> x = noise<double>(1, {batch, dim});
    const std::vector<double> t = {0, 0.25, 0.5, 0.875, 1};
    Tape<double> tape(mlp.parameters());
    const Value v = mlp.forward(tape, tape.input(x.values(), x.shape()), tape.input(t, {batch, 1}));
    ASSERT_EQ(tape.shape(v), x.shape());
    std::vector<std::vector<double>> weights;
    for (int k = 0; k < mlp.parameters().layout().count(); ++k) {
      weights.push_back(copy_of(std::as_const(mlp).parameters().values(ParameterId{k})));
    }
    for (std::int64_t n = 0; n < batch; ++n) {
      const std::vector<double> expected = plain_mlp(options, copy_of(x.row(n)), t[n], weights);
      for (std::int64_t i = 0; i < dim; ++i) {
        EXPECT_NEAR(tape.value(v)[n * dim + i], expected[i], 1e-12) << mlp.spec() << " " << n;
      }
    }
  }
}

class MlpLosses {
 public:
  explicit MlpLosses(const Mlp<double>& mlp) : mlp_(mlp), x_(noise<double>(1, shape())) {
    target_ = noise<double>(2, shape());
    for (std::int64_t n = 0; n < kBatch; ++n) t_[n] = (n + 0.5) / kBatch;
  }
  Engine<double>::BuildLosses build() const {
    return [this](Tape<double>& tape, const LaneRows<double>& rows) {
      const auto input = [&](const Tensor<double>& all) {
        return tape.input(
            all.values().subspan(rows.begin * all.row_size(), rows.count * all.row_size()),
            all.shape().with_rows(rows.count));
      };
      return squared_error(tape, mlp_.forward(tape, input(x_), input(t_)), input(target_));
    };
  }
  static constexpr std::int64_t kBatch = 5;

 private:
  [[nodiscard]] Shape shape() const { return {kBatch, mlp_.options().dim}; }
  const Mlp<double>& mlp_;
  Tensor<double> x_, target_, t_{Shape{kBatch, 1}};
};

TEST(Mlp, GradientsMatchFiniteDifferences) {
  constexpr double kStep = 1e-5;
  constexpr std::int64_t kBatch = MlpLosses::kBatch;
  for (const MlpOptions& options : kCases) {
    if (options.width == 64) continue;  // the same code as the others, and many parameters
    Mlp<double> mlp(options);
    mlp.initialise(3);
    const MlpLosses data(mlp);
    LanePool pool(1);
    Engine<double> engine(mlp.parameters(), pool, 2);
    PerSampleCollector<double> each;
    SumCollector<double> sum;
    std::vector<double> losses(kBatch), up(kBatch), down(kBatch);
    engine.run(kBatch, data.build(), {&each, &sum}, losses);
    for (int k = 0; k < mlp.parameters().layout().count(); ++k) {
      const ParameterId id{k};
      for (std::size_t i = 0; i < mlp.parameters().values(id).size(); ++i) {
        double& element = mlp.parameters().values(id)[i];
        const double kept = element;
        element = kept + kStep;
        engine.forward(kBatch, data.build(), up);
        element = kept - kStep;
        engine.forward(kBatch, data.build(), down);
        element = kept;
        double mean = 0;
        for (std::int64_t n = 0; n < kBatch; ++n) {
          const double difference = (up[n] - down[n]) / (2 * kStep);
          const double scale = 1 + std::abs(difference);
          EXPECT_NEAR(each.gradient(n, id)[i], difference, 1e-7 * scale)
              << mlp.spec() << " " << mlp.parameters().info(id).name << " " << i;
          mean += each.gradient(n, id)[i] / kBatch;
        }
        const std::span<const double> flat = std::as_const(sum).mean();
        EXPECT_NEAR(mlp.parameters().layout().slice(flat, id)[i], mean,
                    1e-13 * (1 + std::abs(mean)));
      }
    }
  }
}

TEST(Mlp, SpecsReadBack) {
  EXPECT_EQ(MlpOptions{.dim = 2}.spec(), "mlp:dim=2,width=64,depth=3,activation=selu,time=column");
  for (const MlpOptions& options : kCases) {
    EXPECT_EQ(MlpOptions::parse(options.spec()).spec(), options.spec());
  }
  EXPECT_EQ(kCases[4].spec(), "mlp:dim=2,width=9,depth=4,activation=tanh,time=column,tied=true");
  EXPECT_EQ(kCases[5].spec(),
            "mlp:dim=3,width=6,depth=3,activation=gelu,time=sinusoidal,time-dim=10");
  EXPECT_EQ(MlpOptions::parse("mlp:dim=4").spec(), MlpOptions{.dim = 4}.spec());
}

TEST(Mlp, RefusesBadOptions) {
  const auto parse = [](const char* spec) {
    return refusal([spec] { (void)MlpOptions::parse(spec); });
  };
  EXPECT_EQ(parse("unet:dim=2"), "[spec] the name 'unet' is unknown, expected mlp");
  EXPECT_EQ(parse("mlp"), "[mlp] the key dim is missing");
  EXPECT_EQ(parse("mlp:dim=0"), "[mlp] dim is 0, expected 1 or more");
  EXPECT_EQ(parse("mlp:dim=2,width=0"), "[mlp] width is 0, expected 1 or more");
  EXPECT_EQ(parse("mlp:dim=2,depth=-1"), "[mlp] depth is -1, expected 0 or more");
  EXPECT_EQ(parse("mlp:dim=2,activation=elu"),
            "[activation] the name is 'elu', expected one of: selu, silu, relu, tanh, gelu");
  EXPECT_EQ(parse("mlp:dim=2,time=film"), "[mlp] time is 'film', expected column or sinusoidal");
  EXPECT_EQ(parse("mlp:dim=2,time=sinusoidal,time-dim=7"),
            "[mlp] time-dim is 7, expected an even number of 2 or more");
  EXPECT_EQ(parse("mlp:dim=2,depth=1,tied=true"),
            "[mlp] depth is 1, expected 2 or more, as tied=true shares hidden layers");
  EXPECT_EQ(parse("mlp:dim=2,time-dim=8"),
            "[mlp] unknown key 'time-dim', expected only keys of: dim, width, depth, activation, "
            "time, tied");
  EXPECT_EQ(refusal([] { Mlp<float>({.dim = 2, .width = -3}); }),
            "[mlp] width is -3, expected 1 or more");
}

TEST(Mlp, RefusesInputsThatDoNotFit) {
  const Mlp<double> mlp({.dim = 2, .width = 3});
  const std::vector<double> numbers(12);
  const auto forward = [&](const Shape& x, const Shape& t) {
    return refusal([&] {
      Tape<double> tape(mlp.parameters());
      const std::span<const double> all(numbers);
      const Value xv = tape.input(all.first(x.size()), x);
      (void)mlp.forward(tape, xv, tape.input(all.first(t.size()), t));
    });
  };
  EXPECT_EQ(forward({4, 3}, {4, 1}), "[mlp] x is 4x3, expected Bx2");
  EXPECT_EQ(forward({3, 2, 2}, {3, 1}), "[mlp] x is 3x2x2, expected Bx2");
  EXPECT_EQ(forward({4, 2}, {4, 2}), "[mlp] t is 4x2, expected 4x1");
  EXPECT_EQ(forward({4, 2}, {4}), "[mlp] t is 4, expected 4x1");
}

}  // namespace
}  // namespace gradvar::mlp_test

// The U-Net: torchcfm's names, statistics against a loop over single samples, dropout, the spec.

#include "nn/unet.h"

#include <cmath>
#include <gtest/gtest.h>
#include <memory>
#include <utility>

#include "autograd/collectors/moments.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/engine.h"
#include "autograd/gradcheck.h"
#include "autograd/ops.h"
#include "io/safetensors.h"
#include "nn/weights.h"
#include "tests/nn/helpers.h"
#include "tests/nn/unets.h"

namespace gradvar::unet_test {
namespace {

using testing::copy_of;
using testing::noise;
using testing::other;
using testing::refusal;
using testing::small;

// Fresh weights leave most gradients zero; these do not.
template <class Real>
void fill_weights(UNet<Real>& net) {
  for (int k = 0; k < net.parameters().layout().count(); ++k) {
    const Shape& shape = net.parameters().info(ParameterId{k}).shape;
    const Tensor<Real> drawn = noise<Real>(100 + k, shape);
    const Real scale = static_cast<Real>(1 / std::sqrt(static_cast<double>(shape.row_size())));
    for (std::int64_t i = 0; i < drawn.size(); ++i) {
      net.parameters().values(ParameterId{k})[i] = scale * drawn[i];
    }
  }
}

template <class Real>
Tensor<Real> times(std::int64_t batch) {
  Tensor<Real> t(Shape{batch, 1});
  for (std::int64_t n = 0; n < batch; ++n) t[n] = (Real(0.5) + n) / static_cast<Real>(batch);
  return t;
}

TEST(UNet, HasTheParametersOfTorchcfm) {
  UNetOptions options = small();
  options.mult = {1, 2};
  const UNet<float> net(options);
  const auto block = [](const std::string& prefix, std::int64_t in, std::int64_t out) {
    std::vector<std::pair<std::string, Shape>> list = {
        {prefix + ".in_layers.0.weight", {in}},
        {prefix + ".in_layers.0.bias", {in}},
        {prefix + ".in_layers.2.weight", {out, in, 3, 3}},
        {prefix + ".in_layers.2.bias", {out}},
        {prefix + ".emb_layers.1.weight", {out, 16}},
        {prefix + ".emb_layers.1.bias", {out}},
        {prefix + ".out_layers.0.weight", {out}},
        {prefix + ".out_layers.0.bias", {out}},
        {prefix + ".out_layers.3.weight", {out, out, 3, 3}},
        {prefix + ".out_layers.3.bias", {out}}};
    if (in != out) {
      list.push_back({prefix + ".skip_connection.weight", {out, in, 1, 1}});
      list.push_back({prefix + ".skip_connection.bias", {out}});
    }
    return list;
  };
  const auto attention = [](const std::string& prefix) {
    return std::vector<std::pair<std::string, Shape>>{
        {prefix + ".norm.weight", {8}},           {prefix + ".norm.bias", {8}},
        {prefix + ".qkv.weight", {24, 8, 1}},     {prefix + ".qkv.bias", {24}},
        {prefix + ".proj_out.weight", {8, 8, 1}}, {prefix + ".proj_out.bias", {8}}};
  };
  const auto layer = [](const std::string& prefix, const Shape& weight) {
    return std::vector<std::pair<std::string, Shape>>{{prefix + ".weight", weight},
                                                      {prefix + ".bias", {weight[0]}}};
  };
  std::vector<std::pair<std::string, Shape>> expected;
  for (const auto& part :
       {layer("time_embed.0", {16, 4}), layer("time_embed.2", {16, 16}),
        layer("input_blocks.0.0", {4, 2, 3, 3}), block("input_blocks.1.0", 4, 4),
        layer("input_blocks.2.0.op", {4, 4, 3, 3}), block("input_blocks.3.0", 4, 8),
        attention("input_blocks.3.1"), block("middle_block.0", 8, 8), attention("middle_block.1"),
        block("middle_block.2", 8, 8), block("output_blocks.0.0", 16, 8),
        attention("output_blocks.0.1"), block("output_blocks.1.0", 12, 8),
        attention("output_blocks.1.1"), layer("output_blocks.1.2.conv", {8, 8, 3, 3}),
        block("output_blocks.2.0", 12, 4), block("output_blocks.3.0", 8, 4), layer("out.0", {4}),
        layer("out.2", {2, 4, 3, 3})}) {
    expected.insert(expected.end(), part.begin(), part.end());
  }
  const auto infos = net.parameters().layout().infos();
  ASSERT_EQ(infos.size(), expected.size());
  for (std::size_t i = 0; i < infos.size(); ++i) {
    EXPECT_EQ(infos[i].name, expected[i].first);
    EXPECT_EQ(infos[i].shape, expected[i].second) << infos[i].name;
  }
  EXPECT_EQ(net.sample_shape(), (Shape{2, 8, 8}));
  EXPECT_EQ(UNet<float>(options, /*flat=*/true).sample_shape(), Shape{128});
}

TEST(UNet, ScaleShiftUpdownAndHeadsChangeTheShapesThatTheyShould) {
  const UNet<float> net(other());
  const ParameterLayout& layout = net.parameters().layout();
  const auto shape = [&](const char* name) {
    const auto id = layout.find(name);
    return id ? layout[*id].shape : Shape{};
  };
  EXPECT_EQ(shape("input_blocks.1.0.emb_layers.1.weight"), (Shape{8, 16}));
  EXPECT_EQ(shape("input_blocks.2.0.in_layers.2.weight"), (Shape{4, 4, 3, 3}));
  EXPECT_EQ(shape("input_blocks.3.0.in_layers.2.weight"), (Shape{6, 4, 3, 3}));
  EXPECT_EQ(shape("output_blocks.3.2.out_layers.3.weight"), (Shape{6, 6, 3, 3}));
  EXPECT_FALSE(layout.find("input_blocks.2.0.op.weight"));
}

template <class Real>
GradcheckCase case_of(const UNetOptions& options) {
  const auto recorder = [&]<class R>(R) -> GradcheckRecorder<R> {
    const auto net = std::make_shared<UNet<R>>(options);
    return [net](Tape<R>& tape, std::span<const Value> x, std::span<const ParameterId>) {
      return net->forward(tape, x[0], x[1]);
    };
  };
  GradcheckCase made{.name = options.spec(),
                     .inputs = {{.name = "x", .sample = UNet<Real>(options).sample_shape()},
                                {.name = "t", .sample = {1}}},
                     .parameters = {},
                     .record_f32 = recorder(float{}),
                     .record_f64 = recorder(double{}),
                     .reference = nullptr,
                     .batch = 3};
  const UNet<double> net(options);
  for (const ParameterInfo& info : net.parameters().layout().infos()) {
    const double fan_in = static_cast<double>(info.shape.row_size());
    made.parameters.push_back(
        {.name = info.name, .shape = info.shape, .scale = 1 / std::sqrt(fan_in)});
  }
  return made;
}

template <class Real>
void check_single_samples(const UNetOptions& options) {
  const GradcheckCase one = case_of<Real>(options);
  const Difference alone = batch_of_one_difference<Real>(one), sum = sum_difference<Real>(one);
  EXPECT_LE(alone.relative, kExactness<Real>) << alone.where;
  EXPECT_LE(sum.relative, kExactness<Real>) << sum.where;
}

TEST(UNet, SamplesOfABatchAreThoseOfSingleOnes) {
  for (const UNetOptions& options : {small(), other()}) {
    check_single_samples<double>(options);
    check_single_samples<float>(options);
  }
}

// As small as a U-Net gets, so that every coordinate can be moved.
TEST(UNet, GradientsMatchFiniteDifferences) {
  GradcheckCase tiny = case_of<double>({.size = 4,
                                        .colors = 1,
                                        .channels = 2,
                                        .mult = {1, 1},
                                        .attention = {2},
                                        .scale_shift = true,
                                        .groups = 1});
  tiny.batch = 2;
  const Difference difference = finite_difference(tiny);
  EXPECT_LE(difference.relative, 1e-7) << difference.where;
}

// Mean and variance of a batch of 5 on 3 lanes against the definition on single samples.
template <class Real>
void check_moments(const UNetOptions& options) {
  UNet<Real> net(options);
  fill_weights(net);
  constexpr std::int64_t kBatch = 5;
  const Tensor<Real> x = noise<Real>(1, net.sample_shape().batched(kBatch));
  const Tensor<Real> u = noise<Real>(2, x.shape());
  const Tensor<Real> t = times<Real>(kBatch);
  const auto losses_from = [&](std::int64_t first) {
    return [&, first](Tape<Real>& tape, const LaneRows<Real>& rows) {
      const auto part = [&](const Tensor<Real>& all) {
        const std::int64_t d = all.row_size();
        return tape.input(all.values().subspan((first + rows.begin) * d, rows.count * d),
                          all.shape().with_rows(rows.count));
      };
      return squared_error(tape, net.forward(tape, part(x), part(t)), part(u));
    };
  };
  LanePool pool(2);
  Engine<Real> engine(net.parameters(), pool, 3), single(net.parameters(), pool, 1);
  MomentsCollector<Real> moments;
  std::vector<Real> losses(kBatch), loss(1);
  engine.run(kBatch, losses_from(0), {&moments}, losses);
  std::vector<std::vector<double>> rows(kBatch);
  for (std::int64_t n = 0; n < kBatch; ++n) {
    PerSampleCollector<Real> each;
    single.run(1, losses_from(n), {&each}, loss);
    EXPECT_NEAR(loss[0], losses[n], kExactness<Real> * losses[n]);
    for (int k = 0; k < net.parameters().layout().count(); ++k) {
      for (const Real g : each.gradient(0, ParameterId{k})) rows[n].push_back(g);
    }
  }
  std::size_t at = 0;
  for (int k = 0; k < net.parameters().layout().count(); ++k) {
    const ParameterId id{k};
    std::vector<double> mean, m2;
    for (std::int64_t i = 0; i < net.parameters().info(id).size(); ++i, ++at) {
      double sum = 0, squares = 0;
      for (const auto& row : rows) sum += row[at] / kBatch;
      for (const auto& row : rows) squares += (row[at] - sum) * (row[at] - sum);
      mean.push_back(sum);
      m2.push_back(squares);
    }
    const std::string& name = net.parameters().info(id).name;
    const auto slice = [&](std::span<const Real> flat) {
      return net.parameters().layout().slice(flat, id);
    };
    const Difference of_mean = compare<Real>(name, slice(std::as_const(moments).mean()), mean);
    const Difference of_m2 = compare<Real>(name, slice(moments.squared_deviations()), m2);
    EXPECT_LE(of_mean.relative, kExactness<Real>) << of_mean.where;
    EXPECT_LE(of_m2.relative, kExactness<Real>) << of_m2.where;
  }
}

TEST(UNet, MomentsOverLanesMatchTheLoopOverSamples) {
  check_moments<double>(small());
  check_moments<float>(small());
  check_moments<double>(other());
  check_moments<float>(other());
}

// As many channels as whole blocks of a convolution's loops take.
TEST(UNet, MomentsMatchAtTheWidthOfRealNets) {
  UNetOptions options = small();
  options.channels = 32;
  options.size = 12;
  options.attention = {6};
  check_moments<double>(options);
  check_moments<float>(options);
}

TEST(UNet, MomentsMatchAtTheSizesOfPictures) {
  UNetOptions options = small();
  options.colors = 1;
  options.attention = {14};
  for (const std::int64_t size : {16, 28, 32}) {
    options.size = size;
    check_moments<double>(options);
    check_moments<float>(options);
  }
}

TEST(UNet, RowsAndPlanesAreTheSame) {
  UNet<double> planes(small()), rows(small(), /*flat=*/true);
  fill_weights(planes);
  fill_weights(rows);
  const Tensor<double> x = noise<double>(1, {3, 2, 8, 8}), t = times<double>(3);
  Tape<double> one(planes.parameters()), two(rows.parameters());
  const Value a =
      planes.forward(one, one.input(x.values(), x.shape()), one.input(t.values(), {3, 1}));
  const Value b = rows.forward(two, two.input(x.values(), {3, 128}), two.input(t.values(), {3, 1}));
  EXPECT_EQ(one.shape(a), (Shape{3, 2, 8, 8}));
  EXPECT_EQ(two.shape(b), (Shape{3, 128}));
  EXPECT_EQ(copy_of(one.value(a)), copy_of(two.value(b)));
}

TEST(UNet, FreshWeightsFollowPyTorchsRulesAndGiveZero) {
  UNet<float> net(small());
  net.initialise(3);
  const auto values = [&](const char* name) {
    return copy_of<float>(net.parameters().values(*net.parameters().layout().find(name)));
  };
  for (const char* zero : {"out.2.weight", "out.2.bias", "middle_block.1.proj_out.weight",
                           "input_blocks.1.0.out_layers.3.weight", "out.0.bias"}) {
    for (const float w : values(zero)) ASSERT_EQ(w, 0) << zero;
  }
  for (const float w : values("out.0.weight")) EXPECT_EQ(w, 1);
  float largest = 0;
  for (const float w : values("input_blocks.1.0.in_layers.2.weight")) {
    largest = std::max(largest, std::abs(w));
  }
  EXPECT_LE(largest, 1.0F / 6);  // 4 channels times 9
  EXPECT_GT(largest, 0.15F);
  const Tensor<float> x = noise<float>(1, {2, 2, 8, 8}), t = times<float>(2);
  Tape<float> tape(net.parameters());
  const Value v =
      net.forward(tape, tape.input(x.values(), x.shape()), tape.input(t.values(), {2, 1}));
  for (const float vi : tape.value(v)) ASSERT_EQ(vi, 0);
}

TEST(UNet, DropsOnlyWhereRowsAreKnownAndTheSameForASampleInAnyBatch) {
  UNetOptions options = small();
  options.dropout = 0.3;
  UNet<double> dropping(options), whole(small());
  fill_weights(dropping);
  fill_weights(whole);
  const Tensor<double> x = noise<double>(1, {4, 2, 8, 8}), t = times<double>(4);
  const auto output = [&](const UNet<double>& net, std::int64_t first, std::int64_t count,
                          std::optional<RandomRows> draws) {
    Tape<double> tape(net.parameters());
    if (draws) tape.set_random_rows(*draws);
    const Value v = net.forward(
        tape, tape.input(x.values().subspan(first * 128, count * 128), {count, 2, 8, 8}),
        tape.input(t.values().subspan(first, count), {count, 1}));
    return copy_of(tape.value(v));
  };
  const RandomRows all{.seed = 1, .step = 2, .first = 0}, last{.seed = 1, .step = 2, .first = 3};
  EXPECT_EQ(output(dropping, 0, 4, std::nullopt), output(whole, 0, 4, std::nullopt));
  const std::vector<double> together = output(dropping, 0, 4, all);
  const std::vector<double> alone = output(dropping, 3, 1, last);
  const std::vector<double> undropped = output(whole, 3, 1, std::nullopt);
  double largest = 0;
  for (std::size_t i = 0; i < alone.size(); ++i) {
    EXPECT_NEAR(together[3 * 128 + i], alone[i], 1e-12);
    largest = std::max(largest, std::abs(alone[i] - undropped[i]));
  }
  EXPECT_GT(largest, 0.01);
}

TEST(UNet, RefusesInputsThatDoNotFit) {
  const UNet<double> net(small());
  const std::vector<double> numbers(512);
  const auto forward = [&](const Shape& x, const Shape& t) {
    return refusal([&] {
      Tape<double> tape(net.parameters());
      const std::span<const double> all(numbers);
      const Value xv = tape.input(all.first(x.size()), x);
      (void)net.forward(tape, xv, tape.input(all.first(t.size()), t));
    });
  };
  EXPECT_EQ(forward({2, 8, 8, 2}, {2, 1}), "[unet] x is 2x8x8x2, expected Bx2x8x8 or Bx128");
  EXPECT_EQ(forward({2, 127}, {2, 1}), "[unet] x is 2x127, expected Bx2x8x8 or Bx128");
  EXPECT_EQ(forward({2, 128}, {2}), "[unet] t is 2, expected 2x1");
}

class UNetWeights : public testing::DirectoryTest {};

TEST_F(UNetWeights, AFileThatDoesNotFitIsToldBySentence) {
  const std::string path = (directory_ / "weights.safetensors").string();
  UNet<float> net(small());
  SafetensorsWriter writer;
  for (const ParameterInfo& info : net.parameters().layout().infos()) {
    if (info.name == "out.0.bias") continue;
    const bool misshapen = info.name == "middle_block.1.qkv.weight";
    const Tensor<float> zeros(misshapen ? Shape{24, 8} : info.shape);
    writer.add<float>(info.name, zeros.shape(), zeros.values());
  }
  const Tensor<float> label(Shape{3});
  writer.add<float>("label_emb.weight", label.shape(), label.values());
  writer.write(path);
  EXPECT_EQ(refusal([&] { (void)load_weights(path, net.parameters()); }),
            "[weights] '" + path +
                "' does not fit, it should hold exactly the model's parameters: missing: "
                "out.0.bias; misshapen: middle_block.1.qkv.weight is 24x8 instead of 24x8x1; "
                "extra: label_emb.weight");
}

}  // namespace
}  // namespace gradvar::unet_test

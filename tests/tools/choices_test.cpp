#include "tools/choices.h"

#include <gtest/gtest.h>

#include "../io/error_of.h"
#include "../io/scratch_directory.h"
#include "io/atomic_file.h"

namespace gradvar::choices_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

std::string coupling_refusal(const std::string& spec, const std::string& source = "gaussian",
                             const std::string& target = "gaussian:mean=5") {
  return error_of([&] {
    (void)make_coupling("--coupling", spec, *make_distribution("--source", source),
                        *make_distribution("--target", target));
  });
}

std::unique_ptr<Coupling> coupling(const std::string& spec, const std::string& side = "gaussian") {
  const std::unique_ptr<Distribution> law = make_distribution("--source", side);
  return make_coupling("--coupling", spec, *law, *law);
}

std::string model_refusal(const std::string& spec, const Shape& sample = {2}) {
  return error_of([&] { (void)make_model<float>("--model", spec, sample); });
}

TEST(Choices, EveryCouplingSaysItselfAgain) {
  for (const char* spec :
       {"independent", "permutation", "optimal", "rotation:angle=120,planes=1", "assignment",
        "minibatch:size=64", "adversarial:fraction=0.5", "entropic:epsilon=0.1,partner=barycentric",
        "affine:matrix=2,offset=0.5", "affine:matrix=\"0,1,1,0\",offset=\"1,2\""}) {
    EXPECT_EQ(coupling(spec)->spec(), spec);
  }
  EXPECT_EQ(coupling("rotation:angle=90,planes=all", "gaussian:dim=7")->spec(),
            "rotation:angle=90,planes=3");
}

TEST(Choices, AnAffineMapTakesNumbersListsAndFiles) {
  const ScratchDirectory scratch;
  write_file(scratch / "m.csv", "0,-1\n1,0\n");
  const AffineMap* map = nullptr;
  const std::unique_ptr<Coupling> turned =
      coupling("affine:matrix=" + scratch / "m.csv" + ",offset=\"3,4\"");
  ASSERT_NE(map = turned->map(), nullptr);
  const Tensor<double> image = map->apply(Tensor<double>(Shape{1, 2}, std::vector<double>{10, 20}));
  EXPECT_EQ(image[0], -20 + 3);
  EXPECT_EQ(image[1], 10 + 4);
  const std::unique_ptr<Coupling> scaled = coupling("affine:matrix=2,offset=1");
  EXPECT_EQ(scaled->map()->apply(Tensor<double>(Shape{1, 2}, std::vector<double>{1, 5}))[1], 11);
}

TEST(Choices, CouplingsThatDoNotFitAreRefused) {
  EXPECT_EQ(coupling_refusal("swap"),
            "--coupling: [spec] the name 'swap' is unknown, expected one of independent, "
            "permutation, affine, optimal, rotation, assignment, minibatch, adversarial, entropic, "
            "flow");
  EXPECT_EQ(coupling_refusal("minibatch:size=0"),
            "--coupling: [minibatch] size is 0, expected 1 or more");
  EXPECT_EQ(coupling_refusal("adversarial:fraction=1.5"),
            "--coupling: [adversarial] fraction is 1.5, expected a number from 0 to 1");
  EXPECT_EQ(coupling_refusal("entropic:epsilon=0"),
            "--coupling: [entropic] epsilon is 0, expected a number above 0");
  EXPECT_EQ(coupling_refusal("assignment:x=1"),
            "--coupling: [assignment] unknown key 'x', expected no keys");
  EXPECT_EQ(coupling_refusal("rotation"), "--coupling: [rotation] the key angle is missing");
  EXPECT_EQ(coupling_refusal("independent:x=1"),
            "--coupling: [independent] unknown key 'x', expected no keys");
  EXPECT_EQ(coupling_refusal("permutation:x=1"),
            "--coupling: [permutation] unknown key 'x', expected no keys");
  EXPECT_EQ(coupling_refusal("optimal", "gaussian", "moons"),
            "--coupling: [optimal] the target is 'moons:noise=0.1', expected a Gaussian: the map "
            "has no closed form otherwise");
  EXPECT_EQ(coupling_refusal("rotation:angle=20", "moons", "gaussian"),
            "--coupling: [rotation] the source is 'moons:noise=0.1', expected a Gaussian: the map "
            "has no closed form otherwise");
  EXPECT_EQ(coupling_refusal("affine:matrix=\"1,2,3\""),
            "--coupling: [affine] matrix has 3 numbers, expected 1 or 4 in 2 dimensions");
  EXPECT_EQ(coupling_refusal("affine:offset=\"1,2,3\""),
            "--coupling: [affine] offset has 3 numbers, expected 1 or 2 in 2 dimensions");
  EXPECT_EQ(coupling_refusal("affine:offset=a"),
            "--coupling: [affine] offset is 'a', expected a number, a quoted list or a .npy or "
            ".csv file");
  const std::string huge = coupling_refusal("affine", "gaussian:dim=100000000", "moons");
  EXPECT_TRUE(huge.starts_with("--coupling: [affine] matrices in 100000000 dimensions take 320 P"))
      << huge;
}

TEST(Choices, AModelTakesItsSizeFromTheSamples) {
  EXPECT_EQ(make_model<float>("--model", "mlp", {7})->spec(),
            "mlp:dim=7,width=64,depth=3,activation=selu,time=column");
  EXPECT_EQ(make_model<double>("--model", "mlp:width=8", {7})->spec(),
            "mlp:dim=7,width=8,depth=3,activation=selu,time=column");
  EXPECT_EQ(make_model<double>("--model", "mlp:dim=7,depth=1", {7})->sample_shape(), (Shape{7}));
  EXPECT_EQ(make_model<double>("--model", "affine-gaussian", {7})->spec(), "affine-gaussian:dim=7");
}

TEST(Choices, AUNetTakesItsImagesFromTheSamples) {
  const auto made = [](const char* spec, const Shape& sample) {
    const auto net = make_model<float>("--model", spec, sample);
    EXPECT_EQ(net->sample_shape(), sample);
    return net->spec().substr(0, net->spec().find(",channels"));
  };
  EXPECT_EQ(made("unet:mult=1-1", {192}), "unet:size=8,colors=3");
  EXPECT_EQ(made("unet:mult=1-1", {64}), "unet:size=8,colors=1");
  EXPECT_EQ(made("unet:mult=1-1,colors=2", {128}), "unet:size=8,colors=2");
  EXPECT_EQ(made("unet:mult=1", {2, 3, 3}), "unet:size=3,colors=2");
  EXPECT_EQ(model_refusal("unet", {100, 8, 4}),
            "--model: [unet] a sample is 100x8x4, expected a square image, colors x size x size, "
            "or a row");
  EXPECT_EQ(model_refusal("unet", {2}),
            "--model: [unet] a sample has 2 numbers, which is no square image of 3 colors: give "
            "size and colors, as in unet:size=32,colors=3");
  EXPECT_EQ(model_refusal("unet:size=8", {3, 4, 4}),
            "--model: [unet] an image is 3x8x8, a sample of the data is 3x4x4: leave size and "
            "colors out, or make them agree");
  EXPECT_EQ(model_refusal("unet:widht=8", {3, 4, 4}).substr(0, 40),
            "--model: [unet] unknown key 'widht', exp");
  EXPECT_TRUE(model_refusal("unet:channels=999936,mult=1", {3, 4, 4})
                  .starts_with("--model: [unet] the weights take "));
}

TEST(Choices, ModelsThatDoNotFitAreRefused) {
  EXPECT_EQ(model_refusal("unknown"),
            "--model: [spec] the name 'unknown' is unknown, expected one of mlp, unet, "
            "affine-gaussian");
  EXPECT_EQ(model_refusal("mlp:widht=3"),
            "--model: [mlp] unknown key 'widht', expected only keys of: dim, width, depth, "
            "activation, time, tied");
  EXPECT_EQ(model_refusal("affine-gaussian:dim=3"),
            "--model: [affine-gaussian] dim is 3, the samples have 2 coordinates: leave dim out, "
            "or make them agree");
  EXPECT_EQ(model_refusal("mlp:dim=3"),
            "--model: [mlp] dim is 3, the samples have 2 coordinates: leave dim out, or make them "
            "agree");
  EXPECT_EQ(model_refusal("mlp", {3, 4, 4}),
            "--model: [mlp] a sample is 3x4x4, expected a vector: give the points as rows");
  for (const char* spec : {"mlp:width=9223372036854775807", "mlp:depth=99999999999999,width=1",
                           "mlp:width=99999999999,depth=1"}) {
    const std::string error = model_refusal(spec);
    EXPECT_TRUE(error.starts_with("--model: [mlp] the weights take ")) << error;
  }
}

TEST(Choices, InterpolantsAndSolversNameTheirOption) {
  EXPECT_EQ(error_of([] { (void)make_interpolant("--interpolant", "curve"); }),
            "--interpolant: [spec] the name 'curve' is unknown, expected one of linear, constant, "
            "bridge, bridge-full, trigonometric");
  EXPECT_EQ(error_of([] { (void)make_solver("--solver", "euler:rtol=1"); }),
            "--solver: [euler] unknown key 'rtol', expected only keys of: steps");
  EXPECT_EQ(make_solver("--solver", "rk4:steps=7").steps, 7);
  EXPECT_EQ(make_interpolant("--interpolant", "constant:sigma=0.5").sigma, 0.5);
}

TEST(Choices, ASchedulePeaksAtTheLearningRate) {
  const Schedule constant = make_schedule("--schedule", "constant:warmup=4", 0.5, 100);
  EXPECT_EQ(constant.rate(0), 0.125);
  EXPECT_EQ(constant.rate(50), 0.5);
  const Schedule cosine = make_schedule("--schedule", "cosine:floor=0.1", 0.5, 100);
  EXPECT_EQ(cosine.rate(0), 0.5);
  EXPECT_NEAR(cosine.rate(100), 0.1, 1e-15);
}

TEST(Choices, SchedulesThatDoNotFitAreRefused) {
  const auto refusal = [](const std::string& spec) {
    return error_of([&] { (void)make_schedule("--schedule", spec, 0.5, 100); });
  };
  EXPECT_EQ(refusal("step"),
            "--schedule: [spec] the name 'step' is unknown, expected one of constant, cosine");
  EXPECT_EQ(refusal("constant:floor=1"),
            "--schedule: [constant] unknown key 'floor', expected only keys of: warmup");
  EXPECT_EQ(refusal("cosine:warmup=100"),
            "--schedule: [schedule] steps is 100, expected more than the 100 steps of warm-up");
}

TEST(Choices, HelpNamesEveryChoice) {
  const std::string help = choices_help();
  for (const char* name : {"gaussian",    "mixture",       "eight-gaussians",
                           "moons",       "checkerboard",  "pinwheel",
                           "spiral",      "csv",           "npy",
                           "safetensors", "independent",   "permutation",
                           "optimal",     "rotation",      "affine",
                           "linear",      "constant",      "bridge",
                           "bridge-full", "trigonometric", "mlp",
                           "euler",       "midpoint",      "heun",
                           "rk4",         "dopri5",        "adam",
                           "adamw",       "sgd",           "cosine"}) {
    EXPECT_NE(help.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace gradvar::choices_test

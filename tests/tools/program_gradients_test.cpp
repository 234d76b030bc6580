// gradvar gradients and gradvar velocity through the real program, on files as another program
// would write them.
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>

#include "../io/error_of.h"
#include "io/safetensors.h"
#include "program.h"

namespace gradvar::testing::program_gradients_test {
namespace {

struct Named {
  Shape shape;
  std::vector<double> values;
};
using Tensors = std::map<std::string, Named>;

void write_tensors(const fs::path& path, const Tensors& tensors) {
  SafetensorsWriter writer;
  for (const auto& [name, tensor] : tensors) {
    writer.add<double>(name, tensor.shape, tensor.values);
  }
  writer.write(path.string());
}

// An affine model v = W [x, t] + b with W = [2, 3], b = 5 on one coordinate, so that everything can
// be said in closed form.
const std::string kAffine = "--model mlp:depth=0 --weights w.safetensors ";
const Tensors kAffineWeights = {{"net.0.weight", {{1, 2}, {2, 3}}}, {"net.0.bias", {{1}, {5}}}};
const Tensors kBatch = {
    {"x0", {{3, 1}, {0, 1, 2}}}, {"x1", {{3, 1}, {1, 1, 4}}}, {"t", {{3}, {0, 0.5, 1}}}};

// residual r = v - u and features [x_t, t, 1]; the gradient of r^2 is 2 r times the features.
struct Expected {
  std::vector<double> loss, norms;
  std::vector<std::vector<double>> gradients;  // [x_t, t, 1]
};
Expected expected() {
  Expected e;
  const double x0[] = {0, 1, 2}, x1[] = {1, 1, 4}, t[] = {0, 0.5, 1};
  for (int n = 0; n < 3; ++n) {
    const double x = (1 - t[n]) * x0[n] + t[n] * x1[n];
    const double r = 2 * x + 3 * t[n] + 5 - (x1[n] - x0[n]);
    e.loss.push_back(r * r);
    e.gradients.push_back({2 * r * x, 2 * r * t[n], 2 * r});
    e.norms.push_back(4 * r * r * (x * x + t[n] * t[n] + 1));
  }
  return e;
}

class ProgramGradients : public ::testing::Test {
 protected:
  ProgramGradients() {
    write_tensors(scratch_.path("w.safetensors"), kAffineWeights);
    write_tensors(scratch_.path("b.safetensors"), kBatch);
  }
  [[nodiscard]] std::vector<double> values(const std::string& name) const {
    const Tensor<double> tensor =
        SafetensorsFile::read(scratch_.path("g.safetensors").string()).tensor<double>(name);
    return {tensor.values().begin(), tensor.values().end()};
  }
  Outcome gradients(const std::string& words) {
    return run_gradvar(scratch_, "gradients --out g.safetensors " + words);
  }
  std::string refusal(const std::string& words) {
    const Outcome outcome = gradients(words);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    EXPECT_FALSE(scratch_.has("g.safetensors"));
    return outcome.err;
  }

  ScratchDirectory scratch_;
};

TEST_F(ProgramGradients, AgreeWithTheClosedFormOfAnAffineModel) {
  const Outcome outcome = gradients(kAffine +
                                    "--batch b.safetensors --precision f64 --statistics "
                                    "mean,variance,norms,gram,per-sample");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out + outcome.err, "gradients of 3 samples to g.safetensors\n");
  const Expected e = expected();
  EXPECT_EQ(values("loss"), e.loss);
  EXPECT_EQ(values("norms"), e.norms);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      double product = 0;
      for (int k = 0; k < 3; ++k) product += e.gradients[i][k] * e.gradients[j][k];
      EXPECT_NEAR(values("gram")[3 * i + j], product, 1e-12 * e.norms[2]);
    }
  }
  for (int k = 0; k < 3; ++k) {
    const std::string name = k < 2 ? "net.0.weight" : "net.0.bias";
    const int width = k < 2 ? 2 : 1, at = k < 2 ? k : 0;
    double mean = 0, variance = 0;
    for (int n = 0; n < 3; ++n) mean += e.gradients[n][k] / 3;
    for (int n = 0; n < 3; ++n) variance += std::pow(e.gradients[n][k] - mean, 2) / 2;
    EXPECT_NEAR(values("mean/" + name)[at], mean, 1e-11);
    EXPECT_NEAR(values("variance/" + name)[at], variance, 1e-9);
    for (int n = 0; n < 3; ++n) {
      EXPECT_EQ(values("per_sample/" + name)[n * width + at], e.gradients[n][k]);
    }
  }
}

TEST_F(ProgramGradients, TheFileSaysWhatIsInIt) {
  ASSERT_EQ(gradients(kAffine + "--batch b.safetensors --variance population").status, 0);
  const SafetensorsFile file = SafetensorsFile::read(scratch_.path("g.safetensors").string());
  EXPECT_EQ(file.metadata().at("variance"), "population");
  EXPECT_EQ(file.metadata().at("interpolant"), "linear");
  EXPECT_EQ(file.dtype("loss"), "F32");
  EXPECT_EQ(file.names(),
            (std::vector<std::string>{"loss", "mean/net.0.bias", "mean/net.0.weight", "norms",
                                      "variance/net.0.bias", "variance/net.0.weight"}));
}

TEST_F(ProgramGradients, EachStatisticStandsAlone) {
  for (const auto& [statistic, tensor] :
       std::map<std::string, std::string>{{"mean", "mean/net.0.bias"},
                                          {"variance", "variance/net.0.bias"},
                                          {"norms", "norms"},
                                          {"gram", "gram"},
                                          {"per-sample", "per_sample/net.0.bias"}}) {
    const Outcome outcome = gradients(kAffine + "--batch b.safetensors --statistics " + statistic);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const SafetensorsFile file = SafetensorsFile::read(scratch_.path("g.safetensors").string());
    EXPECT_TRUE(file.contains(tensor)) << statistic;
    EXPECT_LE(file.names().size(), 3u) << statistic;
  }
}

TEST_F(ProgramGradients, TheVarianceOfOneSampleIsOfThePopulationOrRefused) {
  write_tensors(scratch_.path("one.safetensors"),
                {{"x0", {{1, 1}, {0}}}, {"x1", {{1, 1}, {1}}}, {"t", {{1}, {0}}}});
  EXPECT_EQ(refusal(kAffine + "--batch one.safetensors"),
            "gradvar: --variance unbiased needs two samples or more, and the batch holds one: ask "
            "for --variance population\n");
  ASSERT_EQ(gradients(kAffine + "--batch one.safetensors --variance population").status, 0);
  EXPECT_EQ(values("variance/net.0.bias")[0], 0);
}

TEST_F(ProgramGradients, SameBitsForAnyNumberOfThreads) {
  Tensors batch, weights = {{"net.0.weight", {{16, 4}, {}}},
                            {"net.0.bias", {{16}, {}}},
                            {"net.2.weight", {{3, 16}, {}}},
                            {"net.2.bias", {{3}, {}}}};
  batch = {{"x0", {{29, 3}, {}}},
           {"x1", {{29, 3}, {}}},
           {"t", {{29}, {}}},
           {"weight", {{29}, {}}},
           {"z", {{29, 3}, {}}}};
  double seed = 0.3;
  for (Tensors* tensors : {&weights, &batch}) {
    for (auto& [name, tensor] : *tensors) {
      for (std::int64_t i = 0; i < tensor.shape.size(); ++i) {
        seed = std::fmod(seed * 61.7 + 0.123, 1.0);
        tensor.values.push_back(seed);
      }
    }
  }
  write_tensors(scratch_.path("b2.safetensors"), batch);
  write_tensors(scratch_.path("w2.safetensors"), weights);
  for (const std::string precision : {"f32", "f64"}) {
    std::string one;
    for (const std::string threads : {"1", "2", "3"}) {
      const Outcome outcome = gradients(
          "--model mlp:width=16,depth=1 --weights w2.safetensors --batch b2.safetensors "
          "--interpolant bridge-full:sigma=0.1 --lanes 3 --statistics "
          "mean,variance,norms,gram,per-sample --precision " +
          precision + " --threads " + threads);
      // The full bridge has no target at the ends; t here is inside.
      ASSERT_EQ(outcome.status, 0) << outcome.err;
      const std::string bytes = scratch_.read("g.safetensors");
      if (one.empty()) one = bytes;
      EXPECT_EQ(bytes, one) << precision << " " << threads;
    }
  }
}

TEST_F(ProgramGradients, OptionsThatAreWrongAreRefused) {
  const std::string batch = "--batch b.safetensors ";
  EXPECT_EQ(refusal(kAffine + batch + "--statistics mean,median"),
            "gradvar: --statistics: 'median' is unknown, expected some of mean, variance, norms, "
            "gram, per-sample\n");
  EXPECT_EQ(refusal(kAffine + batch + "--statistics mean,mean"),
            "gradvar: --statistics: 'mean' is given twice\n");
  EXPECT_EQ(refusal(kAffine + batch + "--variance biased"),
            "gradvar: --variance is 'biased', expected unbiased or population\n");
  EXPECT_EQ(refusal(kAffine + batch + "--lanes 0"),
            "gradvar: --lanes is '0', expected a whole number from 1 to 4096\n");
  EXPECT_EQ(refusal(kAffine + batch + "--threads -1"),
            "gradvar: --threads is '-1', expected a whole number from 0 to 1024\n");
  EXPECT_EQ(refusal(kAffine + batch + "--precision f16"),
            "gradvar: --precision is 'f16', expected f32 or f64\n");
  EXPECT_EQ(refusal(kAffine + batch + "--interpolant constant:sigma=0.1"),
            "gradvar: b.safetensors: the interpolant constant:sigma=0.1 needs noise, and the "
            "tensor 'z' is missing\n");
  EXPECT_EQ(refusal("--weights w.safetensors " + batch), "gradvar: --model is required\n");
}

TEST_F(ProgramGradients, WeightsThatDoNotFitAreListed) {
  Tensors weights = kAffineWeights;
  weights.erase("net.0.bias");
  weights["net.0.weight"] = {{1, 3}, {1, 2, 3}};
  weights["net.9.bias"] = {{1}, {1}};
  write_tensors(scratch_.path("bad.safetensors"), weights);
  EXPECT_EQ(refusal("--model mlp:depth=0 --weights bad.safetensors --batch b.safetensors"),
            "gradvar: [weights] 'bad.safetensors' does not fit, it should hold exactly the model's "
            "parameters: missing: net.0.bias; misshapen: net.0.weight is 1x3 instead of 1x2; "
            "extra: net.9.bias\n");
}

TEST_F(ProgramGradients, ALossThatIsNotFiniteIsNamedAndNothingIsWritten) {
  Tensors weights = kAffineWeights;
  weights["net.0.bias"] = {{1}, {1e30}};
  write_tensors(scratch_.path("large.safetensors"), weights);
  const Outcome outcome = gradients(
      "--model mlp:depth=0 --weights large.safetensors --batch b.safetensors --precision f32");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err,
            "gradvar: the loss of sample 0 is not finite, first in squared_error; nothing was "
            "written\n");
  EXPECT_FALSE(scratch_.has("g.safetensors"));
}

TEST_F(ProgramGradients, WeightsThatAreNotFiniteAreBadInput) {
  Tensors weights = kAffineWeights;
  weights["net.0.bias"] = {{1}, {std::nan("")}};
  write_tensors(scratch_.path("nan.safetensors"), weights);
  const Outcome outcome =
      gradients("--model mlp:depth=0 --weights nan.safetensors --batch b.safetensors");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err,
            "gradvar: [weights] 'nan.safetensors': tensor 'net.0.bias' holds a number that is not "
            "finite\n");
}

TEST_F(ProgramGradients, SquaresThatOverflowAreNotWritten) {
  Tensors weights = kAffineWeights;
  weights["net.0.bias"] = {{1}, {1.5e19}};  // the loss is 2e38, its gradient's square 9e38
  write_tensors(scratch_.path("large.safetensors"), weights);
  const Outcome outcome = gradients(
      "--model mlp:depth=0 --weights large.safetensors --batch b.safetensors --precision f32 "
      "--statistics variance");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err,
            "gradvar: a variance is not finite, though the losses are: a number is too large "
            "for this precision; nothing was written\n");
  EXPECT_FALSE(scratch_.has("g.safetensors"));
}

// What grows with the square of the batch, or with batch times parameters.
TEST_F(ProgramGradients, WhatNoMemoryHoldsIsRefusedBeforeItIsTaken) {
  constexpr std::int64_t kMany = 1000000, kWide = 100000;
  const std::vector<double> zeros(kMany, 0.0);
  write_tensors(
      scratch_.path("many.safetensors"),
      {{"x0", {{kMany, 1}, zeros}}, {"x1", {{kMany, 1}, zeros}}, {"t", {{kMany}, zeros}}});
  write_tensors(scratch_.path("wide.safetensors"),
                {{"net.0.weight", {{kWide, 2}, std::vector<double>(2 * kWide)}},
                 {"net.0.bias", {{kWide}, std::vector<double>(kWide)}},
                 {"net.2.weight", {{1, kWide}, std::vector<double>(kWide)}},
                 {"net.2.bias", {{1}, {0}}}});
  const std::string gram = refusal(kAffine + "--batch many.safetensors --statistics gram");
  EXPECT_TRUE(
      gram.starts_with("gradvar: --statistics gram: 1000000x1000000 products of gradients "
                       "take 16 TB, this machine has "))
      << gram;
  const std::string per_sample = refusal(
      "--model mlp:depth=1,width=100000 --weights wide.safetensors --batch "
      "many.safetensors --statistics per-sample");
  EXPECT_TRUE(per_sample.starts_with(
      "gradvar: --statistics per-sample: 1000000 gradients take 4.8 TB, this machine has "))
      << per_sample;
}

TEST_F(ProgramGradients, FilesThatAreNoneAreOneSentence) {
  scratch_.write("empty.safetensors", "");
  fs::create_directory(scratch_.path("directory"));
  const std::string whole = scratch_.read("w.safetensors");
  scratch_.write("cut.safetensors", whole.substr(0, whole.size() - 3));
  for (const std::string file : {"empty.safetensors", "cut.safetensors", "directory", "missing"}) {
    for (const std::string& words :
         {kAffine + "--batch " + file,
          "--model mlp:depth=0 --batch b.safetensors --weights " + file}) {
      const std::string error = refusal(words);
      EXPECT_TRUE(error.starts_with("gradvar: ")) << error;
      EXPECT_NE(error.find(file), std::string::npos) << error;
      EXPECT_EQ(error.find('\n'), error.size() - 1) << error;
    }
  }
}

TEST_F(ProgramGradients, AGoalThatCannotBeWrittenIsOneSentence) {
  fs::create_directory(scratch_.path("directory"));
  const auto refusal_of = [&](const std::string& out) {
    const Outcome outcome =
        run_gradvar(scratch_, "gradients " + kAffine + "--batch b.safetensors --out " + out);
    EXPECT_EQ(outcome.status, 2);
    return outcome.err;
  };
  EXPECT_EQ(refusal_of("directory"), "gradvar: --out: cannot write 'directory': Is a directory\n");
  EXPECT_EQ(refusal_of("none/g"),
            "gradvar: --out: cannot write 'none/g': No such file or directory\n");
  EXPECT_EQ(refusal_of("w.safetensors/g"),
            "gradvar: --out: cannot write 'w.safetensors/g': Not a directory\n");
  EXPECT_EQ(refusal_of("b.safetensors"),
            "gradvar: --out: cannot write 'b.safetensors': it is what is read here\n");
  EXPECT_EQ(refusal_of("/dev/full"),
            "gradvar: --out: cannot write '/dev/full': Not a regular file\n");
}

TEST_F(ProgramGradients, VelocityIsThatOfTheModel) {
  write_tensors(scratch_.path("p.safetensors"), {{"x", {{2, 1}, {1, 10}}}, {"t", {{2}, {0, 0.5}}}});
  const Outcome outcome =
      run_gradvar(scratch_, "velocity " + kAffine + "--batch p.safetensors --out g.safetensors");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(values("v"), (std::vector<double>{2 * 1 + 5, 2 * 10 + 1.5 + 5}));
}

// Lemma 1's field is a model like any other: for th = 3, Th = -2 the map is 3 - x, lines from x to
// 3 - x, and v(x, t) = 3 - 2 (x - 3 t) / (1 - 2 t), singular at t = 1/2.
TEST_F(ProgramGradients, TheAffineGaussianFieldIsAModel) {
  write_tensors(scratch_.path("a.safetensors"), {{"theta", {{1}, {3}}}, {"Theta", {{1, 1}, {-2}}}});
  const std::string model = "--model affine-gaussian --weights a.safetensors --precision f64 ";
  write_tensors(scratch_.path("p.safetensors"),
                {{"x", {{2, 1}, {1, 10}}}, {"t", {{2}, {0, 0.25}}}});
  const std::string velocity = "velocity " + model + "--batch p.safetensors --out g.safetensors";
  ASSERT_EQ(run_gradvar(scratch_, velocity).status, 0);
  EXPECT_EQ(values("v"), (std::vector<double>{3 - 2 * 1, 3 - 2 * (10 - 0.75) / 0.5}));
  // Its own pairs have no loss and no gradient.
  write_tensors(
      scratch_.path("b.safetensors"),
      {{"x0", {{2, 1}, {1, 10}}}, {"x1", {{2, 1}, {2, -7}}}, {"t", {{2}, {0.125, 0.75}}}});
  const Outcome outcome = run_gradvar(scratch_, "gradients " + model +
                                                    "--batch b.safetensors --statistics norms "
                                                    "--out g.safetensors");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const double norm : values("norms")) EXPECT_NEAR(norm, 0, 1e-24);
  write_tensors(scratch_.path("p.safetensors"), {{"x", {{2, 1}, {1, 10}}}, {"t", {{2}, {0, 0.5}}}});
  const Outcome singular = run_gradvar(scratch_, velocity);
  EXPECT_EQ(singular.status, 2);
  EXPECT_NE(singular.err.find("0.5"), std::string::npos) << singular.err;
  EXPECT_NE(singular.err.find("singular"), std::string::npos) << singular.err;
}

TEST_F(ProgramGradients, QuietAndJsonAreHeard) {
  write_tensors(scratch_.path("p.safetensors"), {{"x", {{2, 1}, {1, 10}}}, {"t", {{2}, {0, 0.5}}}});
  const std::string velocity = "velocity " + kAffine + "--batch p.safetensors --out g.safetensors ";
  const std::string gradients =
      "gradients " + kAffine + "--batch b.safetensors --out g.safetensors ";
  for (const std::string& words : {velocity, gradients}) {
    EXPECT_EQ(run_gradvar(scratch_, words + "--quiet").out, "");
    EXPECT_EQ(nlohmann::json::parse(run_gradvar(scratch_, words + "--json").out)["out"],
              "g.safetensors");
  }
  EXPECT_EQ(run_gradvar(scratch_, velocity).out, "2 velocities to g.safetensors\n");
  const auto json = nlohmann::json::parse(run_gradvar(scratch_, gradients + "--json").out);
  EXPECT_EQ(json["samples"], 3);
  double mean = 0;
  for (const double loss : expected().loss) mean += loss / 3;
  EXPECT_NEAR(json["mean_loss"].get<double>(), mean, 1e-5 * mean);
}

TEST_F(ProgramGradients, VelocityRefusesWhatDoesNotFit) {
  const auto refusal_of = [&](const Tensors& batch) {
    write_tensors(scratch_.path("p.safetensors"), batch);
    const Outcome outcome =
        run_gradvar(scratch_, "velocity " + kAffine + "--batch p.safetensors --out g.safetensors");
    EXPECT_FALSE(scratch_.has("g.safetensors"));
    return std::to_string(outcome.status) + " " + outcome.err;
  };
  EXPECT_EQ(refusal_of({{"x", {{2}, {1, 10}}}, {"t", {{2}, {0, 0.5}}}}),
            "2 gradvar: p.safetensors: the tensor 'x' is 2, expected Bxd\n");
  EXPECT_EQ(refusal_of({{"x", {{2, 1}, {1, 10}}}, {"t", {{1}, {0}}}}),
            "2 gradvar: p.safetensors: the tensor 't' is 1, expected 2 to go with x\n");
  EXPECT_EQ(refusal_of({{"x", {{2, 1}, {1, 10}}}}),
            "2 gradvar: p.safetensors: the tensor 't' is missing\n");
  EXPECT_EQ(refusal_of({{"x", {{1, 1}, {1e39}}}, {"t", {{1}, {0}}}}),
            "2 gradvar: p.safetensors: row 0 of the tensor 'x' holds inf, expected finite "
            "numbers\n");
  EXPECT_EQ(refusal_of({{"x", {{1, 1}, {3e38}}}, {"t", {{1}, {0}}}}),
            "1 gradvar: the velocity of sample 0 is not finite; nothing was written\n");
  EXPECT_EQ(refusal_of({{"x", {{1, 1}, {1}}}, {"t", {{1}, {0}}}, {"x0", {{1}, {0}}}}),
            "2 gradvar: p.safetensors: unknown tensor 'x0', expected only x, t\n");
}

}  // namespace
}  // namespace gradvar::testing::program_gradients_test

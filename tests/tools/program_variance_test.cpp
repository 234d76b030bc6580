// gradvar variance through the real program: a run's and a weights file's are the same numbers.
#include <cmath>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/safetensors.h"
#include "program.h"

namespace gradvar::testing::program_variance_test {
namespace {

class ProgramVariance : public ::testing::Test {
 protected:
  ProgramVariance() {
    EXPECT_EQ(run_gradvar(scratch_,
                          "train --pairs 10 --model mlp:width=8,depth=1 --batch 16 --steps 20 "
                          "--interpolant constant:sigma=0.1 --ema 0.99 --quiet --out run")
                  .status,
              0);
  }
  Outcome variance(const std::string& words) { return run_gradvar(scratch_, "variance " + words); }
  std::string refusal(const std::string& words) {
    const Outcome outcome = variance(words);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    return outcome.err;
  }
  const std::string weights_ =
      "--model mlp:width=8,depth=1 --weights run/weights.safetensors --pairs "
      "run/pairs.safetensors --interpolant constant:sigma=0.1 ";
  ScratchDirectory scratch_;
};

// The trained weights, not their average: what training saw.
TEST_F(ProgramVariance, OfARunIsTheLastLineOfItsMonitor) {
  const Outcome outcome = variance("--run run --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto summary = nlohmann::json::parse(scratch_.read("run/summary.json"));
  EXPECT_EQ(nlohmann::json::parse(outcome.out), summary["variance"]);
}

TEST_F(ProgramVariance, OfWeightsAndPairsIsThatOfTheRun) {
  const Outcome run = variance("--run run --json"), weights = variance(weights_ + "--json");
  ASSERT_EQ(weights.status, 0) << weights.err;
  EXPECT_EQ(run.out, weights.out);
}

TEST_F(ProgramVariance, TensorsAddUpToTheTrace) {
  ASSERT_EQ(variance(weights_ + "--precision f64 --out v.json --tensors v.safetensors").status, 0);
  const auto json = nlohmann::json::parse(scratch_.read("v.json"));
  const SafetensorsFile file = SafetensorsFile::read(scratch_.path("v.safetensors").string());
  double trace = 0, squared_mean = 0;
  for (const std::string& name : file.names()) {
    const Tensor<double> tensor = file.tensor<double>(name);
    for (const double x : tensor.values()) {
      (name.starts_with("mean/") ? squared_mean : trace) += name.starts_with("mean/") ? x * x : x;
    }
  }
  EXPECT_NEAR(trace, json["trace"].get<double>(), 1e-12 * trace);
  EXPECT_NEAR(squared_mean, json["mean_squared_norm"].get<double>(), 1e-12 * squared_mean);
  EXPECT_EQ(json["by_time"].size(), 10u);
  EXPECT_EQ(json["samples"], 10 * 10 * 2);
}

TEST_F(ProgramVariance, TheTableNamesLayersAndBins) {
  const Outcome outcome = variance("--run run --time-bins 2 --nodes 3 --noise-draws 2");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const char* text : {"whole ", "net.0 ", "net.2 ", "t in [0, 0.5) ", "t in [0.5, 1) ",
                           "; 120 weighted gradients; population variance"}) {
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(variance("--run run --quiet").out, "");
}

TEST_F(ProgramVariance, SameBitsForAnyNumberOfThreads) {
  const std::string one = variance("--run run --json --threads 1").out;
  EXPECT_EQ(variance("--run run --json --threads 2").out, one);
  EXPECT_EQ(variance("--run run --json --threads 3").out, one);
}

TEST_F(ProgramVariance, OptionsThatAreWrongAreRefused) {
  EXPECT_EQ(refusal(""),
            "gradvar: give --run DIR, or --model SPEC with --weights FILE and --pairs FILE\n");
  EXPECT_EQ(refusal("--model mlp --weights run/weights.safetensors"),
            "gradvar: give --run DIR, or --model SPEC with --weights FILE and --pairs FILE\n");
  EXPECT_EQ(refusal("--run run --lanes 3"),
            "gradvar: --lanes goes with --model, --weights and --pairs: a run has its own\n");
  EXPECT_EQ(refusal("--run run --time-bins 0"),
            "gradvar: --time-bins is '0', expected a whole number from 1 to 10000\n");
  EXPECT_EQ(refusal("--run run --microbatch 1000000000000"),
            "gradvar: --microbatch is '1000000000000', expected a whole number from 1 to "
            "1048576\n");
  EXPECT_EQ(refusal("--run run --tensors none/v"),
            "gradvar: --tensors: cannot write 'none/v': No such file or directory\n");
}

TEST_F(ProgramVariance, PairsThatAreWrongAreRefused) {
  const auto refusal_of = [&](const Shape& x0, const Shape& x1) {
    SafetensorsWriter writer;
    writer.add("x0", Tensor<float>(x0));
    writer.add("x1", Tensor<float>(x1));
    writer.write(scratch_.path("p.safetensors").string());
    return refusal("--model mlp --weights run/weights.safetensors --pairs p.safetensors");
  };
  EXPECT_EQ(refusal_of({3}, {3}),
            "gradvar: p.safetensors: the tensor 'x0' is 3, expected at least one sample, Nxd\n");
  EXPECT_EQ(refusal_of({0, 2}, {0, 2}),
            "gradvar: p.safetensors: the tensor 'x0' is 0x2, expected at least one sample, Nxd\n");
  EXPECT_EQ(refusal_of({3, 2}, {3, 1}),
            "gradvar: p.safetensors: the tensor 'x1' is 3x1, expected 3x2 to go with x0\n");
}

}  // namespace
}  // namespace gradvar::testing::program_variance_test

// gradvar variance through the real program: a run's and a weights file's are the same numbers.
#include <cctype>
#include <cmath>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/csv.h"
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

// The trained weights, not their average: what training saw. The monitor takes a single draw.
TEST_F(ProgramVariance, OfARunIsTheLastLineOfItsMonitor) {
  const Outcome outcome = variance("--run run --noise-draws 1 --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto summary = nlohmann::json::parse(scratch_.read("run/summary.json"));
  const auto json = nlohmann::json::parse(outcome.out);
  for (const auto& [key, value] : summary["variance"].items()) EXPECT_EQ(json[key], value) << key;
  EXPECT_TRUE(json["noise"]["standard_errors"]["trace"].is_null()) << "one draw knows no error";
}

TEST_F(ProgramVariance, OfWeightsAndPairsIsThatOfTheRun) {
  const Outcome run = variance("--run run --json"), weights = variance(weights_ + "--json");
  ASSERT_EQ(weights.status, 0) << weights.err;
  EXPECT_EQ(run.out, weights.out);
}

// Its ratio was called the cost of the exact variance, which has a second pass.
TEST_F(ProgramVariance, ExplainSaysWhichPassItsRatioIsOf) {
  const Outcome outcome = variance("--run run --explain");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("the ratio what the first pass, mean and variance, costs beside it. "
                             "The second,\n"),
            std::string::npos)
      << outcome.out;
}

TEST_F(ProgramVariance, TheDirectoryHoldsEverythingAndAddsUp) {
  const Outcome outcome = variance(weights_ + "--precision f64 --out v --spectrum");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const char* name :
       {"summary.json", "by_layer.csv", "by_time.csv", "by_pair.csv", "by_parameter.safetensors",
        "convergence.csv", "spectrum.csv", "eigenvalues.csv", "report.html"}) {
    EXPECT_TRUE(scratch_.has("v/" + std::string(name))) << name;
  }
  EXPECT_EQ(scratch_.names(), (std::vector<std::string>{"run", "v"})) << "nothing beside it";
  const auto json = nlohmann::json::parse(scratch_.read("v/summary.json"));
  const double trace = json["trace"].get<double>();
  const SafetensorsFile file =
      SafetensorsFile::read(scratch_.path("v/by_parameter.safetensors").string());
  double variances = 0, squared_mean = 0;
  for (const std::string& name : file.names()) {
    const Tensor<double> tensor = file.tensor<double>(name);
    for (const double x : tensor.values()) {
      (name.starts_with("mean/") ? squared_mean : variances) +=
          name.starts_with("mean/") ? x * x : x;
    }
  }
  EXPECT_NEAR(variances, trace, 1e-12 * trace);
  EXPECT_NEAR(squared_mean, json["mean_squared_norm"].get<double>(), 1e-12 * squared_mean);
  EXPECT_EQ(json["by_time"].size(), 10u);
  EXPECT_EQ(json["samples"], 10 * 10 * 2 * 2);
  const auto& parts = json["attribution"]["whole"];
  EXPECT_NEAR(
      parts["pair"].get<double>() + parts["time"].get<double>() + parts["noise"].get<double>(),
      trace, 1e-10 * trace);
  EXPECT_GT(json["noise"]["standard_errors"]["trace"].get<double>(), 0);
  EXPECT_LT(json["jackknife"]["noise_scale"]["low"], json["noise_scale"]);
  EXPECT_EQ(json["convergence"]["twice"], 40);
  const auto& spectrum = json["spectrum"][0];
  EXPECT_EQ(spectrum["samples"], 400);
  EXPECT_NEAR(spectrum["trace"].get<double>(), trace, 1e-10 * trace);
}

// The table of pairs averages to the numbers of the whole.
TEST_F(ProgramVariance, PairsAverageToTheWhole) {
  ASSERT_EQ(variance(weights_ + "--precision f64 --out v --quiet").status, 0);
  const auto json = nlohmann::json::parse(scratch_.read("v/summary.json"));
  const CsvTable table = read_csv(scratch_.path("v/by_pair.csv").string());
  ASSERT_EQ(table.values.rows(), 10);
  double loss = 0, second_moment = 0;
  for (std::int64_t i = 0; i < 10; ++i) {
    loss += table.values[i * 6 + 1] / 10;
    second_moment += table.values[i * 6 + 2] / 10;
  }
  EXPECT_NEAR(loss, json["loss"].get<double>(), 1e-12 * loss);
  EXPECT_NEAR(second_moment, json["trace"].get<double>() + json["mean_squared_norm"].get<double>(),
              1e-10 * second_moment);
}

TEST_F(ProgramVariance, AnEarlierMeasurementIsReplacedAndNothingElse) {
  ASSERT_EQ(variance("--run run --out v --spectrum --quiet").status, 0);
  ASSERT_EQ(variance("--run run --out v --quiet").status, 0);
  EXPECT_FALSE(scratch_.has("v/spectrum.csv")) << "the old one is gone as a whole";
  EXPECT_EQ(refusal("--run run --out run"),
            "gradvar: --out: 'run' holds 'checkpoints', expected a new directory, or one that "
            "gradvar variance wrote\n");
  scratch_.write("v/notes.txt", "mine");
  EXPECT_EQ(refusal("--run run --out v"),
            "gradvar: --out: 'v' holds 'notes.txt', expected a new directory, or one that gradvar "
            "variance wrote\n");
  EXPECT_EQ(scratch_.read("v/notes.txt"), "mine");
}

TEST_F(ProgramVariance, ADiskThatFillsUpLeavesNothingHalfWritten) {
  const Outcome outcome =
      run_gradvar(scratch_, "variance --run run --out v --quiet", {.file_limit = 3000});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(scratch_.names(), std::vector<std::string>{"run"});
}

TEST_F(ProgramVariance, PointsInFilesAreThePairs) {
  SafetensorsWriter x0, x1;
  const SafetensorsFile pairs =
      SafetensorsFile::read(scratch_.path("run/pairs.safetensors").string());
  x0.add("points", pairs.tensor<double>("x0"));
  x1.add("points", pairs.tensor<double>("x1"));
  x0.write(scratch_.path("a.safetensors").string());
  x1.write(scratch_.path("b.safetensors").string());
  const std::string model =
      "--model mlp:width=8,depth=1 --weights run/weights.safetensors "
      "--interpolant constant:sigma=0.1 --json ";
  const Outcome points = variance(model + "--x0 a.safetensors --x1 b.safetensors");
  ASSERT_EQ(points.status, 0) << points.err;
  EXPECT_EQ(points.out, variance(model + "--pairs run/pairs.safetensors").out);
  EXPECT_EQ(points.out, variance(model + "--x0 run/pairs.safetensors,key=x0 --x1 "
                                         "safetensors:run/pairs.safetensors,key=x1")
                            .out);
  EXPECT_EQ(refusal(model + "--x0 a.safetensors --x1 b.safetensors --pairs run/pairs.safetensors"),
            "gradvar: give --pairs, or --x0 and --x1, not both\n");
  scratch_.write("c.csv", "1,2\n");
  EXPECT_EQ(refusal(model + "--x0 a.safetensors --x1 c.csv"),
            "gradvar: c.csv: the points are 1x2, expected 10x2 to go with a.safetensors\n");
}

TEST_F(ProgramVariance, WhatIsInfiniteIsRefusedAndFiniteWithin) {
  std::string full = weights_;
  full.replace(full.find("constant:"), 9, "bridge-full:");
  EXPECT_TRUE(refusal(full).starts_with(
      "gradvar: the variance is infinite up to t = 0 and 1 with the full target of a bridge"));
  EXPECT_EQ(refusal(full + "--time 0.5:0.1"),
            "gradvar: --time is '0.5:0.1', expected T0:T1 with 0 <= T0 < T1 <= 1\n");
  const Outcome within = variance(full + "--time 0.1:0.9 --time-bins 2 --json");
  ASSERT_EQ(within.status, 0) << within.err;
  const auto json = nlohmann::json::parse(within.out);
  EXPECT_EQ(json["time"]["begin"], 0.1);
  EXPECT_EQ(json["by_time"][1]["t_end"], 0.9);
}

// Twice the nodes, which --out measures too, would be too many: said before anything is measured.
TEST_F(ProgramVariance, SaysBeforeItMeasuresWhatItCannot) {
  EXPECT_EQ(refusal(weights_ + "--noise-draws 2000 --out v"),
            "gradvar: [variance] 40 nodes with 2000 points of noise are too many samples of each "
            "pair, which stay together; expected at most 65536\n");
  EXPECT_FALSE(scratch_.has("v"));
}

TEST_F(ProgramVariance, GaussHermiteNodesHaveNoError) {
  const Outcome outcome = variance("--run run --noise-nodes 4 --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["noise"]["kind"], "gauss-hermite");
  EXPECT_EQ(json["noise"]["points"], 16);
  EXPECT_EQ(json["noise"]["standard_errors"]["trace"], 0);
}

// A run of two checkpoints has two spectra.
TEST_F(ProgramVariance, TheSpectrumGoesThroughTheCheckpoints) {
  ASSERT_EQ(run_gradvar(scratch_,
                        "train --pairs 6 --model mlp:width=8,depth=1 --batch 16 --steps 20 "
                        "--checkpoint-every 10 --quiet --out other")
                .status,
            0);
  const Outcome outcome = variance("--run other --spectrum --spectrum-samples 50 --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto spectra = nlohmann::json::parse(outcome.out)["spectrum"];
  ASSERT_EQ(spectra.size(), 2u);
  EXPECT_EQ(spectra[0]["step"], 10);
  EXPECT_EQ(spectra[1]["step"], 20);
  EXPECT_EQ(spectra[1]["samples"], 50);
  EXPECT_FALSE(spectra[1]["complete"]);
  EXPECT_GT(spectra[1]["effective_rank"], 1);
}

TEST_F(ProgramVariance, TheTableNamesLayersBinsAndCauses) {
  const Outcome outcome = variance("--run run --time-bins 2 --nodes 3 --check --spectrum");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const char* text :
       {"whole ", "net.0 ", "net.2 ", "t in [0, 0.5) ", "t in [0.5, 1) ", "noise %",
        "95 % interval over pairs [", "standard error of the noise: trace ",
        "from 6 to 12 times no number changes by more than ",
        "spectrum at step 20: effective rank ", "; 120 weighted gradients; population variance"}) {
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text << "\n" << outcome.out;
  }
  EXPECT_EQ(variance("--run run --quiet").out, "");
}

// The optimal field between equal laws: no gradient at all, so no ratio of two.
TEST_F(ProgramVariance, AFieldWithoutGradientsPrintsNoNaN) {
  SafetensorsWriter zeros;
  zeros.add("theta", Tensor<double>(Shape{2}));
  zeros.add("Theta", Tensor<double>(Shape{2, 2}));
  zeros.write(scratch_.path("zeros.safetensors"));
  scratch_.write("x.csv", "1,2\n3,4\n-5,1\n");
  const Outcome outcome = variance(
      "--model affine-gaussian:dim=2 --weights zeros.safetensors --x0 x.csv --x1 x.csv "
      "--precision f64 --spectrum --out v");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("cosine of a sample to the mean: median -"), std::string::npos)
      << outcome.out;
  const auto lower = [](std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  };
  EXPECT_EQ(lower(outcome.out).find("nan"), std::string::npos) << outcome.out;
  for (const char* table : {"by_layer.csv", "by_time.csv", "by_pair.csv", "convergence.csv"}) {
    const std::string text = scratch_.read("v/" + std::string(table));
    EXPECT_EQ(lower(text).find("nan"), std::string::npos) << table << "\n" << text;
  }
  EXPECT_EQ(scratch_.read("v/report.html").find(">NaN"), std::string::npos);
  EXPECT_EQ(scratch_.read("v/report.html").find(" NaN"), std::string::npos);
  EXPECT_NE(scratch_.read("v/report.html").find("All samples have the same gradient"),
            std::string::npos);
}

TEST_F(ProgramVariance, OneDrawOfNoiseSaysThatItKnowsNoError) {
  const Outcome outcome = variance("--run run --noise-draws 1");
  EXPECT_NE(outcome.out.find("one draw of the noise has neither an error nor a share"),
            std::string::npos)
      << outcome.out;
  EXPECT_EQ(outcome.out.find("nan"), std::string::npos) << outcome.out;
}

TEST_F(ProgramVariance, SameBitsForAnyNumberOfThreads) {
  const std::string one = variance("--run run --json --threads 1").out;
  EXPECT_EQ(variance("--run run --json --threads 2").out, one);
  EXPECT_EQ(variance("--run run --json --threads 3").out, one);
}

TEST_F(ProgramVariance, OptionsThatAreWrongAreRefused) {
  EXPECT_EQ(
      refusal(""),
      "gradvar: give --run DIR, or --model SPEC with --weights FILE and --pairs FILE (or --x0 FILE "
      "and --x1 FILE)\n");
  EXPECT_EQ(
      refusal("--model mlp --weights run/weights.safetensors"),
      "gradvar: give --run DIR, or --model SPEC with --weights FILE and --pairs FILE (or --x0 FILE "
      "and --x1 FILE)\n");
  EXPECT_EQ(refusal("--run run --lanes 3"),
            "gradvar: --lanes goes with --model, --weights and --pairs: a run has its own\n");
  EXPECT_EQ(refusal("--run run --time-bins 0"),
            "gradvar: --time-bins is '0', expected a whole number from 1 to 10000\n");
  EXPECT_EQ(refusal("--run run --microbatch 1000000000000"),
            "gradvar: --microbatch is '1000000000000', expected a whole number from 1 to "
            "1048576\n");
  EXPECT_EQ(refusal("--run run --nodes 0"),
            "gradvar: --nodes is '0', expected a whole number from 1 to 1024\n");
  EXPECT_EQ(refusal("--run run --noise-draws 0"),
            "gradvar: --noise-draws is '0', expected a whole number from 1 to 1000000\n");
  EXPECT_EQ(refusal("--run run --out none/v"),
            "gradvar: --out: cannot write 'none/v': No such file or directory\n");
  EXPECT_EQ(refusal("--run run --out run/run.toml"),
            "gradvar: --out: 'run/run.toml' is a file, expected a directory\n");
  EXPECT_EQ(refusal("--model mlp:width=8,depth=1 --weights run/weights.safetensors --pairs "
                    "run/pairs.safetensors --interpolant constant:sigma=-1"),
            "gradvar: --interpolant: [interpolant] sigma is -1, expected a finite number of 0 or "
            "more\n");
  EXPECT_FALSE(scratch_.has("v"));
}

// These options were taken and did nothing.
TEST_F(ProgramVariance, OptionsThatWouldDoNothingAreRefused) {
  std::string linear = weights_;
  linear.replace(linear.find("constant:sigma=0.1"), 18, "linear");
  for (const char* option : {"--noise-draws", "--noise-nodes"}) {
    EXPECT_EQ(refusal(linear + option + " 3"),
              "gradvar: " + std::string(option) +
                  " goes with an interpolant that has noise, found 'linear'\n");
  }
  EXPECT_EQ(refusal("--run run --noise-draws 3 --noise-nodes 3"),
            "gradvar: --noise-draws goes with --noise-nodes 0: nodes take the place of draws\n");
  EXPECT_EQ(refusal("--run run --spectrum-samples 50"),
            "gradvar: --spectrum-samples goes with --spectrum\n");
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
            "gradvar: --pairs: p.safetensors: x0 is 3, expected at least one pair, Nxd\n");
  EXPECT_EQ(refusal_of({0, 2}, {0, 2}),
            "gradvar: --pairs: p.safetensors: x0 is 0x2, expected at least one pair, Nxd\n");
  EXPECT_EQ(refusal_of({3, 2}, {3, 1}),
            "gradvar: --pairs: p.safetensors: x0 is 3x2, x1 is 3x1: the shapes must agree\n");
}

}  // namespace
}  // namespace gradvar::testing::program_variance_test

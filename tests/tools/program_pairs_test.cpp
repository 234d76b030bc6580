// gradvar pairs, and gradvar train and evaluate on its files, through the real program.

#include <csignal>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/safetensors.h"
#include "program.h"

namespace gradvar::testing::program_pairs_test {
namespace {

const char* const kTrain =
    "train --model mlp:width=4,depth=1 --batch 4 --steps 2 --monitor-every 0 --quiet ";

class ProgramPairs : public ::testing::Test {
 protected:
  Outcome gradvar(const std::string& words) { return run_gradvar(scratch_, words); }
  void expect_done(const std::string& words) {
    const Outcome outcome = gradvar(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
  std::string refusal(const std::string& words) {
    const Outcome outcome = gradvar(words);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    return outcome.err;
  }
  SafetensorsFile file(const std::string& name) {
    return SafetensorsFile::read(scratch_.path(name).string());
  }
  ScratchDirectory scratch_;
};

TEST_F(ProgramPairs, AreWrittenWithWhereTheyCameFrom) {
  const Outcome outcome = gradvar(
      "pairs --source gaussian:dim=3 --target gaussian:dim=3,mean=2 --pairs 40 --coupling "
      "adversarial:fraction=0.5 --seed 7 --out p.safetensors --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  const SafetensorsFile pairs = file("p.safetensors");
  EXPECT_EQ(pairs.names(), (std::vector<std::string>{"x0", "x1"}));
  EXPECT_EQ(pairs.shape("x1"), (Shape{40, 3}));
  EXPECT_EQ(pairs.metadata().at("coupling"), "adversarial:fraction=0.5");
  EXPECT_EQ(pairs.metadata().at("seed"), "7");
  const Tensor<double> x0 = pairs.tensor<double>("x0"), x1 = pairs.tensor<double>("x1");
  double cost = 0;
  for (std::int64_t i = 0; i < x0.size(); ++i) cost += (x1[i] - x0[i]) * (x1[i] - x0[i]) / 40;
  EXPECT_NEAR(json["cost"], cost, 1e-12 * cost);
  EXPECT_EQ(std::stod(pairs.metadata().at("cost")), json["cost"]);
}

// The same words to train and to pairs then train: the same weights, bit for bit.
TEST_F(ProgramPairs, TrainingOnTheFileIsTrainingOnTheCoupling) {
  const std::string pairs = "--target moons --pairs 12 --coupling assignment --seed 3 ";
  expect_done("pairs " + pairs + "--quiet --out p.safetensors");
  expect_done(kTrain + pairs + "--out drawn");
  expect_done(std::string(kTrain) + "--pairs-file p.safetensors --seed 3 --out read");
  EXPECT_EQ(file("drawn/pairs.safetensors").tensor<double>("x1").values().size(), 24u);
  EXPECT_EQ(scratch_.read("drawn/weights.safetensors"), scratch_.read("read/weights.safetensors"));
  const std::string toml = scratch_.read("read/run.toml");
  EXPECT_NE(toml.find("coupling = \"assignment\""), std::string::npos) << toml;
  EXPECT_NE(toml.find("pairs = 12\n"), std::string::npos) << toml;
  const std::string words = " --fresh 10 --solver euler:steps=2 --json";
  const Outcome drawn = gradvar("evaluate --run drawn" + words);
  const Outcome read = gradvar("evaluate --run read" + words);
  EXPECT_EQ(read.status, 0) << read.err;
  EXPECT_EQ(read.out, drawn.out);
  // A run leaves such a file itself.
  expect_done(std::string(kTrain) + "--pairs-file drawn/pairs.safetensors --seed 3 --out again");
  EXPECT_EQ(scratch_.read("drawn/weights.safetensors"), scratch_.read("again/weights.safetensors"));
}

TEST_F(ProgramPairs, AFileOfPointsAloneIsItsOwnLaw) {
  SafetensorsWriter writer;
  writer.add("x0", Tensor<double>(Shape{3, 1}, std::vector<double>{1, 2, 3}));
  writer.add("x1", Tensor<double>(Shape{3, 1}, std::vector<double>{4, 5, 6}));
  writer.write(scratch_.path("bare.safetensors").string());
  expect_done(std::string(kTrain) + "--pairs-file bare.safetensors --pairs 2 --out run");
  EXPECT_EQ(file("run/pairs.safetensors").shape("x0"), (Shape{2, 1}));
  EXPECT_EQ(file("run/pairs.safetensors").metadata().at("target"),
            "safetensors:bare.safetensors,key=x1");
}

TEST_F(ProgramPairs, AResumedRunNeedsTheSameFile) {
  expect_done("pairs --pairs 9 --quiet --out p.safetensors");
  expect_done(std::string(kTrain) + "--pairs-file p.safetensors --out run");
  expect_done("pairs --pairs 9 --seed 1 --quiet --out p.safetensors");
  EXPECT_NE(refusal("evaluate --run run").find("--pairs-file: the points are not those that"),
            std::string::npos);
}

// A plan of so small an epsilon takes minutes.
TEST_F(ProgramPairs, CtrlCIsHeardWhilePartnersAreLookedFor) {
  Running pairs(scratch_,
                "pairs --pairs 3000 --coupling entropic:epsilon=0.0003 --out p.safetensors");
  ASSERT_TRUE(pairs.wait_for_lines(pairs.error_file(), 1)) << "progress is shown";
  pairs.signal(SIGINT);
  const Outcome outcome = pairs.finish();
  EXPECT_EQ(outcome.status, 130);
  EXPECT_NE(outcome.err.find("pairs: "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("stopped; nothing was written"), std::string::npos) << outcome.err;
  EXPECT_FALSE(scratch_.has("p.safetensors"));
}

TEST_F(ProgramPairs, PointsThatAreFewerThanPairsAreSaidToBeDrawn) {
  scratch_.write("y.csv", "1,1\n2,2\n3,3\n");
  const Outcome outcome = gradvar("pairs --target csv:y.csv --pairs 5 --out p.safetensors");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\n--target has 3 points: 5 are drawn from them, with replacement\n"),
            std::string::npos)
      << outcome.out;
}

TEST_F(ProgramPairs, WhatIsWrongIsRefused) {
  expect_done("pairs --pairs 9 --quiet --out p.safetensors");
  EXPECT_EQ(refusal("pairs --out p.csv"), "gradvar: --out: 'p.csv' should end in .safetensors\n");
  EXPECT_EQ(refusal("pairs --pairs 0 --out q.safetensors"),
            "gradvar: --pairs is 0, expected 1 or more\n");
  EXPECT_EQ(refusal("pairs --source safetensors:p.safetensors,key=x0 --out p.safetensors"),
            "gradvar: --out: cannot write 'p.safetensors': it is what is read here\n");
  EXPECT_EQ(refusal(std::string(kTrain) + "--pairs-file p.safetensors --pairs 10 --out run"),
            "gradvar: --pairs is 10, but --pairs-file 'p.safetensors' holds 9\n");
  EXPECT_EQ(
      refusal(std::string(kTrain) + "--pairs-file p.safetensors --coupling optimal --out run"),
      "gradvar: --coupling: the pairs of --pairs-file are made already; give one of the two\n");
  EXPECT_EQ(
      refusal(std::string(kTrain) + "--pairs-file p.safetensors --pairing resampled --out run"),
      "gradvar: --pairing resampled draws new pairs at every step, --pairs-file keeps those of a "
      "file: give one of the two\n");
  EXPECT_EQ(refusal(std::string(kTrain) +
                    "--pairs-file p.safetensors --source gaussian:dim=3 --target gaussian:dim=3 "
                    "--out run"),
            "gradvar: --pairs-file: a row of x0 in 'p.safetensors' is 2, one of --source is 3\n");
  SafetensorsWriter writer;
  writer.add("x0", Tensor<double>(Shape{3, 1}));
  writer.add("x1", Tensor<double>(Shape{2, 1}));
  writer.write(scratch_.path("q.safetensors").string());
  EXPECT_EQ(refusal(std::string(kTrain) + "--pairs-file q.safetensors --out run"),
            "gradvar: --pairs-file: q.safetensors: x0 is 3x1, x1 is 2x1: the shapes must agree\n");
}

}  // namespace
}  // namespace gradvar::testing::program_pairs_test

// Pairs that a flow makes, what they say of themselves, and rectification round by round, through
// the real program.

#include <csignal>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "io/safetensors.h"
#include "program.h"

namespace gradvar::testing::program_flow_pairs_test {
namespace {

using nlohmann::json;

const char* const kTrain =
    "train --target gaussian:dim=2,mean=3 --pairs 24 --model mlp:width=8,depth=2 --batch 16 "
    "--steps 60 --precision f64 --quiet ";

class ProgramFlowPairs : public ::testing::Test {
 protected:
  Outcome gradvar(const std::string& words) { return run_gradvar(scratch_, words); }
  void expect_done(const std::string& words) {
    const Outcome outcome = gradvar(words);
    EXPECT_EQ(outcome.status, 0) << words << '\n' << outcome.err;
  }
  std::string refusal(const std::string& words) {
    const Outcome outcome = gradvar(words);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    return outcome.err;
  }
  SafetensorsFile file(const std::string& name) {
    return SafetensorsFile::read(scratch_.path(name).string());
  }
  static void expect_near(const Tensor<double>& a, const Tensor<double>& b, double tolerance) {
    ASSERT_EQ(a.size(), b.size());
    for (std::int64_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << i;
  }
  ScratchDirectory scratch_;
};

TEST_F(ProgramFlowPairs, AreWhereTheSolverTakesTheSourcesAndSayWhoseFlowItWas) {
  expect_done(std::string(kTrain) + "--out run");
  expect_done("pairs --coupling flow:run=run,solver=rk4:steps=7 --quiet --out p.safetensors");
  expect_done(
      "sample --run run --from p.safetensors,key=x0 --solver rk4:steps=7 --quiet --out "
      "s.safetensors");
  const SafetensorsFile pairs = file("p.safetensors");
  expect_near(pairs.tensor<double>("x1"), file("s.safetensors").tensor<double>("x"), 0);
  EXPECT_EQ(pairs.shape("x1"), (Shape{24, 2}));
  const auto& says = pairs.metadata();
  EXPECT_EQ(says.at("coupling"), "flow:run=run,direction=forwards,solver=rk4:steps=7");
  EXPECT_EQ(says.at("target"), "gaussian:dim=2,mean=3,scale=1");
  EXPECT_EQ(says.at("seed"), "1");  // sources that the run has not seen
  EXPECT_EQ(says.at("round"), "1");
  EXPECT_EQ(says.at("flow-step"), "60");
  EXPECT_EQ(says.at("flow-coupling"), "independent");
  EXPECT_FALSE(says.at("flow-weights").empty());
  // A run on them, and pairs of that run: the second round.
  expect_done(std::string(kTrain) + "--pairs-file p.safetensors --out next");
  expect_done("pairs --coupling flow:run=next,solver=euler:steps=2 --quiet --out q.safetensors");
  EXPECT_EQ(file("q.safetensors").metadata().at("round"), "2");
  EXPECT_EQ(file("next/pairs.safetensors").metadata().at("flow-weights"), says.at("flow-weights"));
}

TEST_F(ProgramFlowPairs, OfASecondRoundStartAtSourcesThatNoRoundHasSeen) {
  expect_done(std::string(kTrain) + "--out run");
  expect_done("pairs --coupling flow:run=run,solver=euler:steps=2 --quiet --out p.safetensors");
  expect_done(
      "train --pairs-file p.safetensors --model mlp:width=4,depth=1 --steps 2 --quiet --out next");
  expect_done("pairs --coupling flow:run=next,solver=euler:steps=2 --quiet --out q.safetensors");
  EXPECT_EQ(file("p.safetensors").metadata().at("seed"), "1");
  EXPECT_EQ(file("q.safetensors").metadata().at("seed"), "2");
  EXPECT_NE(file("q.safetensors").tensor<double>("x0")[0],
            file("p.safetensors").tensor<double>("x0")[0]);
}

TEST_F(ProgramFlowPairs, BackwardsTheyEndInTheData) {
  expect_done(std::string(kTrain) + "--out run");
  expect_done(
      "pairs --coupling flow:run=run,direction=backwards,solver=\"dopri5:rtol=1e-10,atol=1e-10\" "
      "--quiet --out p.safetensors");
  expect_done(
      "pairs --target gaussian:dim=2,mean=3 --pairs 24 --seed 1 --quiet --out d.safetensors");
  const SafetensorsFile pairs = file("p.safetensors");
  expect_near(pairs.tensor<double>("x1"), file("d.safetensors").tensor<double>("x1"), 0);
  expect_done(
      "sample --run run --from p.safetensors,key=x0 --solver dopri5:rtol=1e-10,atol=1e-10 --quiet "
      "--out s.safetensors");
  expect_near(pairs.tensor<double>("x1"), file("s.safetensors").tensor<double>("x"), 1e-6);
}

// A run keeps the pairs it was trained on, whatever becomes of the flow that made them.
TEST_F(ProgramFlowPairs, AreNotMadeAgainByAFlowThatWasTrainedOn) {
  expect_done(std::string(kTrain) + "--out run");
  expect_done(
      "train --coupling flow:run=run,solver=euler:steps=2 --model mlp:width=4,depth=1 --steps 2 "
      "--quiet --out next");
  expect_done("evaluate --run next --fresh 10 --sets 0 --quiet");
  expect_done("train --resume --steps 61 --quiet --out run");
  EXPECT_NE(
      refusal("evaluate --run next --quiet").find("--coupling: the points are not those that"),
      std::string::npos);
}

TEST_F(ProgramFlowPairs, WhatIsWrongIsRefused) {
  EXPECT_EQ(refusal("pairs --coupling flow:run=nowhere --out p.safetensors"),
            "gradvar: --coupling: the flow: 'nowhere' is not a run: it holds no run.toml\n");
  EXPECT_EQ(refusal("pairs --coupling flow --out p.safetensors"),
            "gradvar: --coupling: [flow] the key run is missing\n");
  EXPECT_EQ(refusal("pairs --sigmas 1 --out p.safetensors"),
            "gradvar: --sigmas goes with --identifiability\n");
  EXPECT_EQ(refusal("pairs --coupling independent"),
            "gradvar: --out FILE is missing: where the pairs are to be written\n");
  expect_done(std::string(kTrain) + "--out run");
  EXPECT_EQ(refusal("pairs --coupling flow:run=run --source gaussian:dim=3 --target "
                    "gaussian:dim=3 --out p.safetensors"),
            "gradvar: --coupling: a sample of the run 'run' is 2, one of the pairs 3\n");
  EXPECT_EQ(refusal("reflow --run nowhere --out r"),
            "gradvar: --run: 'nowhere' is not a run: it holds no run.toml\n");
  scratch_.write("notes", "");
  EXPECT_EQ(refusal("reflow --run run --out ."),
            "gradvar: --out: '.' holds 'notes', expected a new directory, or one that gradvar "
            "reflow wrote\n");
  EXPECT_FALSE(scratch_.has("p.safetensors"));
}

TEST_F(ProgramFlowPairs, IdentifiabilityIsWrittenWholeForTheSamePairsAsAFile) {
  const std::string law = "--target gaussian:dim=2,mean=3 --pairs 30 --seed 4 ";
  const std::string how = " --identifiability --nodes 4 --noise-draws 2 --json --sigmas 0,0.5";
  const Outcome drawn = gradvar("pairs " + law + how + " --out report");
  ASSERT_EQ(drawn.status, 0) << drawn.err;
  const json found = json::parse(drawn.out);
  EXPECT_EQ(found["by_sigma"].size(), 2u);
  EXPECT_NEAR(found["by_sigma"][0]["share_of_log_pairs"].get<double>(), 1, 1e-12);
  EXPECT_GT(found["half_sigma"]["value"].get<double>(), 0);
  for (const char* name : {"summary.json", "by_sigma.csv", "by_time.csv", "report.html"}) {
    EXPECT_TRUE(scratch_.has(std::string("report/") + name)) << name;
  }
  expect_done("pairs " + law + "--quiet --out p.safetensors");
  const Outcome read = gradvar("pairs --pairs-file p.safetensors --seed 4" + how);
  EXPECT_EQ(read.out, drawn.out) << read.err;
}

// Killed while it trains round 1: the same command goes on, to what one that was never stopped
// finds.
TEST_F(ProgramFlowPairs, RectificationGoesOnWhereItWasKilled) {
  expect_done(std::string(kTrain) + "--out run");
  const std::string words =
      "reflow --run run --pairs 30 --steps 400 --solver euler:steps=4 --fresh 40 --sets 2 ";
  Running killed(scratch_, words + "--rounds 2 --out killed");
  const fs::path checkpoints = scratch_.path("killed/round-1/checkpoints");
  while (!fs::exists(checkpoints)) ASSERT_EQ(::usleep(1000), 0);
  killed.signal(SIGKILL);
  (void)killed.finish();
  expect_done(words + "--rounds 1 --quiet --out ./killed/");  // the same, spelled otherwise
  expect_done(words + "--rounds 2 --quiet --out killed");
  const Outcome straight = gradvar(words + "--rounds 2 --json --out straight");
  ASSERT_EQ(straight.status, 0) << straight.err;
  const json rounds = json::parse(straight.out)["rounds"];
  ASSERT_EQ(rounds.size(), 3u);
  for (const json& round : rounds) {
    EXPECT_TRUE(round["variance"].is_number());
    EXPECT_TRUE(round["straightness"]["mean"].is_number());
    EXPECT_TRUE(round["remembered"]["mean"].is_number());
    EXPECT_TRUE(round["one_step"]["sliced"]["floor"]["low"].is_number());
  }
  EXPECT_EQ(scratch_.read("killed/round-2/weights.safetensors"),
            scratch_.read("straight/round-2/weights.safetensors"));
  EXPECT_EQ(scratch_.read("killed/rounds.csv"), scratch_.read("straight/rounds.csv"));
  EXPECT_NE(scratch_.read("straight/rounds.csv").find("held_out_error,held_out_error_low,"),
            std::string::npos)
      << "the table's footnote says where the intervals are";
  EXPECT_TRUE(scratch_.has("straight/report.html"));
  expect_done("evaluate --run straight/round-2 --fresh 10 --sets 0 --quiet");
  EXPECT_NE(refusal(words + "--rounds 2 --sigma 0.5 --out killed")
                .find("--out: 'killed' holds the results of another command"),
            std::string::npos);
}

}  // namespace
}  // namespace gradvar::testing::program_flow_pairs_test

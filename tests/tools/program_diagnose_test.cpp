// gradvar diagnose through the real program.
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <vector>

#include "io/csv.h"
#include "io/safetensors.h"
#include "program.h"

namespace gradvar::testing::program_diagnose_test {
namespace {

class ProgramDiagnose : public ::testing::Test {
 protected:
  void train(const std::string& words) {
    ASSERT_EQ(run_gradvar(scratch_, "train --batch 32 --quiet --out run " + words).status, 0);
  }
  Outcome diagnose(const std::string& words) {
    return run_gradvar(scratch_, "diagnose --solver euler:steps=10 --samples 100 " + words);
  }
  std::string refusal(const std::string& words) {
    const Outcome outcome = diagnose(words);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    return outcome.err;
  }
  ScratchDirectory scratch_;
  std::vector<double> x0_, x1_;
};

TEST_F(ProgramDiagnose, SaysSinceWhenOnlyWhereCheckpointsTell) {
  const std::string learnt =
      "--source gaussian:dim=10 --target gaussian:dim=10,mean=2 --pairs 12 "
      "--model mlp:width=64,depth=2,activation=silu --learning-rate 3e-3 --steps 700 ";
  train(learnt);
  Outcome outcome = diagnose("--run run --no-sweep");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("memorises its pairs"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("--checkpoint-every"), std::string::npos);
  fs::remove_all(scratch_.path("run"));
  train(learnt + "--checkpoint-every 100 --keep 1000");
  outcome = diagnose("--run run --no-sweep --json");
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["verdict"], "memorises");
  EXPECT_EQ(json["memorises"], true);
  EXPECT_EQ(json["since"]["known"], true);
  EXPECT_EQ(json["since"]["kind"], "between");
  EXPECT_LT(json["since"]["after"].get<int>(), json["since"]["by"].get<int>());
  EXPECT_EQ(json["through_training"].size(), 8u) << "step 0 and seven checkpoints";
  EXPECT_TRUE(json["sweep"].is_null());
}

TEST_F(ProgramDiagnose, TheDirectoryHoldsEverything) {
  train("--pairs 12 --model mlp:width=8,depth=1 --steps 20");
  const Outcome outcome = diagnose("--run run --sigmas 0,0.5 --sweep-steps 5 --out d");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const char* name :
       {"summary.json", "by_pair.csv", "through_training.csv", "sweep.csv", "report.html"}) {
    EXPECT_TRUE(scratch_.has("d/" + std::string(name))) << name;
  }
  EXPECT_EQ(scratch_.names(), (std::vector<std::string>{"d", "run"})) << "nothing beside it";
  EXPECT_EQ(read_csv(scratch_.path("d/by_pair.csv").string()).values.rows(), 12);
  const auto json = nlohmann::json::parse(scratch_.read("d/summary.json"));
  EXPECT_EQ(json["sweep"]["points"].size(), 2u);
  EXPECT_EQ(json["verdict"], "does not");
  EXPECT_NE(scratch_.read("d/report.html").find("gradvar diagnose --run run"), std::string::npos);
  const std::string levels = scratch_.read("d/sweep_levels.json");
  ASSERT_EQ(diagnose("--run run --sigmas 0 --sweep-steps 6 --out d").status, 0) << "replaced";
  EXPECT_EQ(scratch_.read("d/sweep_levels.json.old"), levels);
  ASSERT_EQ(diagnose("--run run --no-sweep --out d --quiet").status, 0) << "replaced";
  EXPECT_FALSE(scratch_.has("d/sweep.csv"));
  EXPECT_TRUE(scratch_.has("d/sweep_levels.json")) << "of the next sweep";
  EXPECT_EQ(scratch_.read("d/sweep_levels.json.old"), levels);
  EXPECT_NE(refusal("--run run --out run").find("one that gradvar diagnose wrote"),
            std::string::npos);
}

// Nobody says where the pairs come from, so a part of them is held out.
TEST_F(ProgramDiagnose, TrainsOnAPartOfTheUsersPairs) {
  ASSERT_EQ(run_gradvar(scratch_, "pairs --pairs 50 --out pairs.safetensors --quiet").status, 0);
  const Outcome outcome = diagnose(
      "--pairs pairs.safetensors --model mlp:width=8,depth=1 --steps 20 --held-out-share 0.4 "
      "--json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["held_out"]["pairs"], 20);
  EXPECT_EQ(json["pairs"]["count"], 30);
  EXPECT_EQ(json["step"], 20);
}

// One cluster after the other under one map: the last rows are no sample of what the first teach.
TEST_F(ProgramDiagnose, AFileInOrderIsNotTakenForMemory) {
  const auto cluster = [&](const std::string& mean, int pairs) {
    ASSERT_EQ(run_gradvar(scratch_, "pairs --source gaussian:dim=2,mean=" + mean +
                                        " --target gaussian:dim=2 --coupling affine:offset=3 "
                                        "--quiet --pairs " +
                                        std::to_string(pairs) + " --out part.safetensors")
                  .status,
              0);
    const SafetensorsFile part = SafetensorsFile::read(scratch_.path("part.safetensors").string());
    for (const char* name : {"x0", "x1"}) {
      std::vector<double>& all = name[1] == '0' ? x0_ : x1_;
      const Tensor<double> rows = part.tensor<double>(name);
      all.insert(all.end(), rows.values().begin(), rows.values().end());
    }
  };
  cluster("-4", 320);
  cluster("4", 80);
  SafetensorsWriter writer;
  writer.add<double>("x0", Shape{400, 2}, x0_);
  writer.add<double>("x1", Shape{400, 2}, x1_);
  writer.write(scratch_.path("ordered.safetensors").string());
  const Outcome outcome = diagnose("--pairs ordered.safetensors --steps 500 --no-sweep --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["verdict"], "rule") << json["words"];
  EXPECT_EQ(json["held_out"]["origin"],
            "80 of the 400 pairs of 'ordered.safetensors', drawn at random (--seed 0) and not "
            "trained on");
  EXPECT_EQ(outcome.out.find("--checkpoint-every"), std::string::npos);
}

TEST_F(ProgramDiagnose, ASweepThatWasKilledGoesOn) {
  train("--pairs 12 --model mlp:width=8,depth=1 --steps 20");
  const std::string words =
      "diagnose --run run --solver euler:steps=10 --samples 100 --sigmas 0,0.5,1 --sweep-steps ";
  Running killed(scratch_, words + "20000 --out d");
  while (!scratch_.has("d/sweep_levels.json")) ASSERT_EQ(::usleep(1000), 0);
  killed.signal(SIGKILL);
  (void)killed.finish();
  const Outcome resumed = run_gradvar(scratch_, words + "20000 --out d");
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_NE(resumed.err.find(" of them done before"), std::string::npos) << resumed.err;
  ASSERT_EQ(run_gradvar(scratch_, words + "20000 --quiet --out straight").status, 0);
  EXPECT_EQ(scratch_.read("d/summary.json"), scratch_.read("straight/summary.json"));
}

TEST_F(ProgramDiagnose, StopsOnASignalAndWritesNothing) {
  train("--pairs 12 --model mlp:width=8,depth=1 --steps 20");
  Running running(scratch_,
                  "diagnose --run run --sigmas 0,1 --sweep-steps 100000000 --json --out d");
  ASSERT_TRUE(running.wait_for_lines(running.error_file(), 1)) << "the snapshots are taken";
  running.signal(SIGTERM);
  const Outcome outcome = running.finish();
  EXPECT_EQ(outcome.status, 143) << outcome.err;
  EXPECT_NE(outcome.err.find("stopped; the same command goes on"), std::string::npos);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(scratch_.names(), std::vector<std::string>{"run"});
}

TEST_F(ProgramDiagnose, ASignalLeavesNoCopyOfThePairsBehind) {
  ASSERT_EQ(run_gradvar(scratch_, "pairs --pairs 5000 --out pairs.safetensors --quiet").status, 0);
  fs::create_directory(scratch_.path("copies"));
  const char* before = ::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", scratch_.path("copies").c_str(), 1);
  Running running(scratch_, "diagnose --pairs pairs.safetensors --steps 100000000");
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
  while (fs::is_empty(scratch_.path("copies"))) ASSERT_EQ(::usleep(100), 0);
  running.signal(SIGTERM);
  const Outcome outcome = running.finish();
  EXPECT_EQ(outcome.status, 143) << outcome.err;
  EXPECT_NE(outcome.err.find("stopped; nothing was written"), std::string::npos) << outcome.err;
  EXPECT_TRUE(fs::is_empty(scratch_.path("copies")));
}

TEST_F(ProgramDiagnose, SameNumbersForAnyNumberOfThreads) {
  train("--pairs 12 --model mlp:width=8,depth=1 --steps 20");
  EXPECT_EQ(diagnose("--run run --sigmas 0.1 --sweep-steps 5 --json --threads 1").out,
            diagnose("--run run --sigmas 0.1 --sweep-steps 5 --json --threads 2").out);
}

TEST_F(ProgramDiagnose, OptionsThatAreWrongAreRefused) {
  EXPECT_EQ(refusal(""), "gradvar: give --run DIR, or --pairs FILE to train on, one of the two\n");
  EXPECT_EQ(refusal("--run none"), "gradvar: --run: 'none' is not a run: it holds no run.toml\n");
  train("--pairs 2 --model mlp:width=8,depth=1 --steps 2");
  EXPECT_EQ(refusal("--run run --model mlp"),
            "gradvar: --model goes with --pairs: a run has its own settings\n");
  EXPECT_EQ(refusal("--run run --sigmas 0,x"),
            "gradvar: --sigmas is '0,x', expected numbers of 0 or more, 0,0.05,0.2\n");
  EXPECT_EQ(refusal("--run run"),
            "gradvar: there are 2 pairs, expected 3 or more to compare a pair with others\n");
  EXPECT_EQ(refusal("--pairs none.safetensors --held-out-share 1"),
            "gradvar: --held-out-share is '1', expected a share from 0 to below 1\n");
}

}  // namespace
}  // namespace gradvar::testing::program_diagnose_test

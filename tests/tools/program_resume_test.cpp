// Stopping and going on, through the real program: Ctrl-C, SIGTERM and kill -9 at arbitrary
// instants, and the same bits as a run that was never stopped.
#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <thread>

#include "program.h"

namespace gradvar::testing::program_resume_test {
namespace {

// A run that would go on for long; threads differ, which must not show.
const std::string kLong =
    "train --pairs 20 --model mlp:width=8,depth=2 --batch 16 --interpolant constant:sigma=0.1 "
    "--ema 0.9 --monitor-every 40 --keep 3 ";

std::string steps(std::int64_t count) { return "--steps " + std::to_string(count) + " "; }

// The newest checkpoint's step, 0 without one.
std::int64_t newest_step(const ScratchDirectory& scratch) {
  std::int64_t newest = 0;
  if (!scratch.has("run/checkpoints")) return 0;
  for (const auto& entry : fs::directory_iterator(scratch.path("run/checkpoints"))) {
    const std::string name = entry.path().filename().string();
    if (name.size() != std::string("step-00000000").size()) continue;
    newest = std::max(newest, static_cast<std::int64_t>(std::stoll(name.substr(5))));
  }
  return newest;
}

void expect_same_run(const ScratchDirectory& scratch) {
  for (const char* name : {"/loss.csv", "/monitor.csv", "/monitor_time.csv", "/weights.safetensors",
                           "/ema.safetensors", "/pairs.safetensors", "/summary.json"}) {
    const std::string straight = scratch.read(std::string("straight") + name);
    EXPECT_FALSE(straight.empty()) << name;
    EXPECT_EQ(scratch.read(std::string("run") + name), straight) << name;
  }
}

class Stopping : public ::testing::TestWithParam<int> {};

TEST_P(Stopping, FinishesTheStepSaysHowToGoOnAndGoesOnToTheSameBits) {
  const ScratchDirectory scratch;
  Running run(scratch, kLong + steps(100000000) + "--checkpoint-every 30 --threads 2 --out run");
  ASSERT_TRUE(run.wait_for_lines(scratch.path("run/loss.csv"), 31));
  run.signal(GetParam());
  const Outcome stopped = run.finish();
  EXPECT_EQ(stopped.status, 128 + GetParam());
  EXPECT_EQ(stopped.out, "");
  const std::int64_t step = newest_step(scratch);
  EXPECT_GE(step, 30);
  EXPECT_TRUE(stopped.err.starts_with("\nstopping after this step; again to stop at once\n"));
  EXPECT_TRUE(stopped.err.ends_with("gradvar: stopped after step " + std::to_string(step) +
                                    "; go on with: gradvar train --resume --out run\n"))
      << stopped.err;

  const Outcome resumed = run_gradvar(
      scratch, "train --resume --out run --threads 1 --checkpoint-every 0 " + steps(step + 50));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  ASSERT_EQ(run_gradvar(scratch, kLong + steps(step + 50) + "--out straight").status, 0);
  expect_same_run(scratch);
}

INSTANTIATE_TEST_SUITE_P(ProgramResume, Stopping, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& parameter) {
                           return parameter.param == SIGINT ? "CtrlC" : "Terminate";
                         });

TEST(ProgramResume, TheLastMeasurementHearsASignal) {
  const ScratchDirectory scratch;
  const auto begin = std::chrono::steady_clock::now();
  Running run(scratch,  // a measurement of 4,000,000 samples: most of a minute
              "train --pairs 200000 --model mlp:width=256 --steps 2 --batch 16 --evaluate-count 0 "
              "--out run");
  // Its last file before the measurement; among so many bytes some are ends of lines.
  ASSERT_TRUE(run.wait_for_lines(scratch.path("run/pairs.safetensors"), 1));
  run.signal(SIGTERM);
  const Outcome stopped = run.finish();
  EXPECT_EQ(stopped.status, 143);
  EXPECT_TRUE(stopped.err.ends_with(
      "gradvar: stopped after step 2; go on with: gradvar train --resume --out run\n"))
      << stopped.err;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
  EXPECT_TRUE(scratch.has("run/weights.safetensors"));
  EXPECT_FALSE(scratch.has("run/summary.json"));
}

TEST(ProgramResume, QuietRunsStopQuietly) {
  const ScratchDirectory scratch;
  Running run(scratch, kLong + steps(100000000) + "--checkpoint-every 30 --quiet --out 'my run'");
  ASSERT_TRUE(run.wait_for_lines(scratch.path("my run/loss.csv"), 31));
  run.signal(SIGINT);
  const Outcome stopped = run.finish();
  EXPECT_EQ(stopped.status, 130);
  EXPECT_TRUE(stopped.err.starts_with("gradvar: stopped after step ")) << stopped.err;
  EXPECT_TRUE(stopped.err.ends_with("go on with: gradvar train --resume --out 'my run'\n"));
}

TEST(ProgramResume, KilledAtArbitraryInstantsItGoesOnToTheSameBits) {
  const ScratchDirectory scratch;
  const std::string every = "--checkpoint-every 3 --threads 2 --out run --quiet";
  for (int kill = 0; kill < 8; ++kill) {
    const bool begun = scratch.has("run/run.toml");
    Running run(scratch, (begun ? "train --resume " : kLong + steps(100000000)) + every);
    // From before the first file to the middle of a checkpoint.
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 37 * kill));
    run.signal(SIGKILL);
    const Outcome killed = run.finish();
    ASSERT_EQ(killed.status, 128 + SIGKILL) << killed.err;
  }
  const std::string goal = steps(newest_step(scratch) + 50);
  const std::string begin = scratch.has("run/run.toml") ? "train --resume " : kLong;
  const Outcome last = run_gradvar(scratch, begin + goal + "--checkpoint-every 0 --out run");
  ASSERT_EQ(last.status, 0) << last.err;
  ASSERT_EQ(run_gradvar(scratch, kLong + goal + "--out straight").status, 0);
  expect_same_run(scratch);
}

TEST(ProgramResume, AFinishedRunGoesOnWithMoreSteps) {
  const ScratchDirectory scratch;
  ASSERT_EQ(run_gradvar(scratch, kLong + steps(50) + "--out run").status, 0);
  ASSERT_EQ(run_gradvar(scratch, "train --resume --out run " + steps(90)).status, 0);
  ASSERT_EQ(run_gradvar(scratch, kLong + steps(90) + "--out straight").status, 0);
  expect_same_run(scratch);
  EXPECT_NE(scratch.read("run/run.toml").find("\nsteps = 90\n"), std::string::npos);
}

TEST(ProgramResume, AFinishedRunResumedAsItIsStaysAsItIs) {
  const ScratchDirectory scratch;
  ASSERT_EQ(run_gradvar(scratch, kLong + steps(50) + "--out run").status, 0);
  fs::copy(scratch.path("run"), scratch.path("straight"), fs::copy_options::recursive);
  ASSERT_EQ(run_gradvar(scratch, "train --resume --out run").status, 0);
  expect_same_run(scratch);
}

TEST(ProgramResume, SettingsThatDecideNumbersAreHeldTo) {
  const ScratchDirectory scratch;
  ASSERT_EQ(run_gradvar(scratch, kLong + steps(5) + "--quiet --out run").status, 0);
  const std::string toml = scratch.read("run/run.toml");
  const auto refusal = [&](const std::string& words) {
    const Outcome outcome = run_gradvar(scratch, "train --resume --out run " + words);
    EXPECT_EQ(outcome.status, 2) << words;
    return outcome.err;
  };
  EXPECT_EQ(refusal("--lanes 3"),
            "gradvar: --lanes is '3', but the run in 'run' was started with '2': a resumed run "
            "keeps what decides its numbers\n");
  EXPECT_EQ(refusal("--interpolant linear"),
            "gradvar: --interpolant is 'linear', but the run in 'run' was started with "
            "'constant:sigma=0.1': a resumed run keeps what decides its numbers\n");
  EXPECT_EQ(refusal("--steps 4"), "gradvar: --steps is 4, but 'run' has done 5\n");
  EXPECT_EQ(scratch.read("run/run.toml"), toml);
}

TEST(ProgramResume, ThereMustBeSomethingToGoOnFrom) {
  const ScratchDirectory scratch;
  const Outcome outcome = run_gradvar(scratch, "train --resume --out run");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "gradvar: --resume: 'run' holds no run.toml to go on from\n");
}

TEST(ProgramResume, ADamagedCheckpointIsNamedWithTheOneBeforeIt) {
  const ScratchDirectory scratch;
  ASSERT_EQ(
      run_gradvar(scratch, kLong + steps(20) + "--checkpoint-every 10 --quiet --out run").status,
      0);
  scratch.write("run/checkpoints/step-00000020/weights.safetensors", "spoilt");
  const Outcome outcome = run_gradvar(scratch, "train --resume --steps 30 --out run");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("gradvar: [checkpoint] 'run/checkpoints/step-00000020' is damaged: "),
            std::string::npos)
      << outcome.err;
  EXPECT_TRUE(outcome.err.ends_with(
      "; delete that directory to go on from 'run/checkpoints/step-00000010'\n"))
      << outcome.err;
  fs::remove_all(scratch.path("run/checkpoints/step-00000020"));
  ASSERT_EQ(run_gradvar(scratch, "train --resume --steps 30 --out run").status, 0);
  ASSERT_EQ(run_gradvar(scratch, kLong + steps(30) + "--out straight").status, 0);
  expect_same_run(scratch);
}

TEST(ProgramResume, TwoProgramsNeverWriteOneRun) {
  const ScratchDirectory scratch;
  Running run(scratch, kLong + steps(100000000) + "--checkpoint-every 30 --quiet --out run");
  ASSERT_TRUE(run.wait_for_lines(scratch.path("run/loss.csv"), 31));
  const Outcome second = run_gradvar(scratch, "train --resume --out run");
  EXPECT_EQ(second.status, 2);
  EXPECT_EQ(second.err, "gradvar: --out: 'run' is being written by another gradvar\n");
}

}  // namespace
}  // namespace gradvar::testing::program_resume_test

// gradvar train through the real program: what it writes, what it says, and the same bits for any
// number of threads.
#include <algorithm>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/csv.h"
#include "program.h"

namespace gradvar::testing::program_train_test {
namespace {

const std::string kSmall =
    "train --pairs 20 --model mlp:width=8,depth=2 --batch 16 --steps 12 --monitor-every 5 ";

long lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(ProgramTrain, WritesEverythingAboutARun) {
  const ScratchDirectory scratch;
  const Outcome run = run_gradvar(scratch, kSmall + "--ema 0.9 --checkpoint-every 5 --out run");
  ASSERT_EQ(run.status, 0) << run.err;
  for (const char* name :
       {"run.toml", "loss.csv", "monitor.csv", "monitor_time.csv", "weights.safetensors",
        "ema.safetensors", "pairs.safetensors", "summary.json", "checkpoints/step-00000010",
        "checkpoints/step-00000012"}) {
    EXPECT_TRUE(scratch.has(std::string("run/") + name)) << name;
  }
  EXPECT_FALSE(scratch.has("run/checkpoints/step-00000005"));  // --keep 2
  EXPECT_EQ(lines(scratch.read("run/loss.csv")), 1 + 12);
  EXPECT_EQ(lines(scratch.read("run/monitor.csv")), 1 + 4);  // steps 0, 5, 10 and the end
  EXPECT_EQ(lines(scratch.read("run/monitor_time.csv")), 1 + 4 * 10);
  const auto summary = nlohmann::json::parse(scratch.read("run/summary.json"));
  EXPECT_EQ(summary["steps"], 12);
  EXPECT_EQ(summary["variance"]["by_layer"].size(), 3u);
  EXPECT_EQ(scratch.names(), std::vector<std::string>{"run"});
}

TEST(ProgramTrain, PlainLinesOnStandardErrorAndTheResultOnStandardOutput) {
  const ScratchDirectory scratch;
  const Outcome run = run_gradvar(scratch, kSmall + "--out run");
  EXPECT_TRUE(run.err.starts_with("train: 12 of 12 steps (100%), done after ")) << run.err;
  EXPECT_EQ(run.err.find('\r'), std::string::npos);
  EXPECT_EQ(lines(run.err), 1);
  EXPECT_TRUE(run.out.starts_with("Done: loss ")) << run.out;
}

TEST(ProgramTrain, QuietSaysNothing) {
  const ScratchDirectory scratch;
  const Outcome run = run_gradvar(scratch, kSmall + "--quiet --out run");
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out + run.err, "");
}

TEST(ProgramTrain, JsonIsOneDocumentOnStandardOutput) {
  const ScratchDirectory scratch;
  const Outcome run = run_gradvar(scratch, kSmall + "--json --out run");
  ASSERT_EQ(run.status, 0);
  EXPECT_EQ(nlohmann::json::parse(run.out),
            nlohmann::json::parse(scratch.read("run/summary.json")));
  const auto progress = nlohmann::json::parse(run.err);
  EXPECT_EQ(progress["event"], "done");
  EXPECT_EQ(progress["total"], 12);
}

TEST(ProgramTrain, RunTomlMakesTheRunAgain) {
  const ScratchDirectory scratch;
  const std::string unusual =
      "--source gaussian:dim=3 --target 'gaussian:mean=\"1,2,3\"' --coupling permutation "
      "--interpolant bridge:sigma=0.1 --optimizer adamw:weight-decay=0.02 --schedule "
      "cosine:warmup=3 --clip 0.5 --ema 0.9 --seed 11 --lanes 3 --precision f64 "
      "--learning-rate 0.003 --keep 1 ";
  ASSERT_EQ(run_gradvar(scratch, kSmall + unusual + "--out a").status, 0);
  const Outcome again = run_gradvar(scratch, "train --config a/run.toml --out b");
  ASSERT_EQ(again.status, 0) << again.err;
  for (const char* name : {"/run.toml", "/loss.csv", "/monitor.csv", "/monitor_time.csv",
                           "/weights.safetensors", "/ema.safetensors", "/pairs.safetensors"}) {
    EXPECT_EQ(scratch.read(std::string("a") + name), scratch.read(std::string("b") + name)) << name;
  }
}

TEST(ProgramTrain, TheMonitorFollowsTheSpectrumWhereAskedTo) {
  const ScratchDirectory scratch;
  ASSERT_EQ(run_gradvar(scratch, kSmall + "--monitor-spectrum 40 --out run").status, 0);
  const CsvTable table = read_csv(scratch.path("run/monitor_spectrum.csv").string());
  EXPECT_EQ(table.header.back(), "participation_ratio");
  ASSERT_EQ(table.values.rows(), 4);
  const double steps[] = {0, 5, 10, 12};
  for (std::int64_t row = 0; row < 4; ++row) {
    EXPECT_EQ(table.values[row * 6], steps[row]);
    EXPECT_EQ(table.values[row * 6 + 1], 40);
    EXPECT_GE(table.values[row * 6 + 4], table.values[row * 6 + 5]) << "ranks";
    EXPECT_GT(table.values[row * 6 + 2], table.values[row * 6 + 3]) << "trace, top";
  }
  ASSERT_EQ(run_gradvar(scratch, kSmall + "--out plain").status, 0);
  EXPECT_FALSE(scratch.has("plain/monitor_spectrum.csv"));
  EXPECT_EQ(scratch.read("run/loss.csv"), scratch.read("plain/loss.csv"));
}

TEST(ProgramTrain, OptionsGoBeforeTheConfig) {
  const ScratchDirectory scratch;
  scratch.write("my.toml", "steps = 3\nbatch = 5\npairs = 7\nmodel = \"mlp:width=4,depth=1\"\n");
  ASSERT_EQ(run_gradvar(scratch, "train --config my.toml --batch 6 --out run").status, 0);
  const std::string toml = scratch.read("run/run.toml");
  EXPECT_NE(toml.find("\nsteps = 3\n"), std::string::npos);
  EXPECT_NE(toml.find("\nbatch = 6\n"), std::string::npos);
  EXPECT_NE(toml.find("\npairs = 7\n"), std::string::npos);
}

TEST(ProgramTrain, AConfigThatIsWrongIsRefusedByItsLine) {
  const ScratchDirectory scratch;
  scratch.write("my.toml", "steps = 3\nbatches = 5\n");
  const Outcome run = run_gradvar(scratch, "train --config my.toml --out run");
  EXPECT_EQ(run.status, 2);
  EXPECT_TRUE(run.err.starts_with(
      "gradvar: my.toml:2: unknown key 'batches', expected one of source, target"))
      << run.err;
  EXPECT_FALSE(scratch.has("run"));
}

class SameBits : public ::testing::TestWithParam<const char*> {};

TEST_P(SameBits, ForOneTwoAndThreeThreads) {
  const ScratchDirectory scratch;
  const std::string words = kSmall + "--lanes 3 --ema 0.9 --clip 1 --interpolant " +
                            "constant:sigma=0.1 --precision " + GetParam();
  for (const char* threads : {"1", "2", "3"}) {
    const Outcome run =
        run_gradvar(scratch, words + " --threads " + threads + " --out run" + threads);
    ASSERT_EQ(run.status, 0) << run.err;
  }
  for (const char* name : {"/loss.csv", "/monitor.csv", "/monitor_time.csv", "/weights.safetensors",
                           "/ema.safetensors", "/pairs.safetensors", "/summary.json"}) {
    const std::string one = scratch.read(std::string("run1") + name);
    EXPECT_FALSE(one.empty());
    EXPECT_EQ(scratch.read(std::string("run2") + name), one) << name;
    EXPECT_EQ(scratch.read(std::string("run3") + name), one) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(ProgramTrain, SameBits, ::testing::Values("f32", "f64"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST(ProgramTrain, AnExistingRunIsLeftAlone) {
  const ScratchDirectory scratch;
  ASSERT_EQ(run_gradvar(scratch, kSmall + "--quiet --out run").status, 0);
  const std::string before = scratch.read("run/loss.csv");
  const Outcome again = run_gradvar(scratch, kSmall + "--seed 3 --out run");
  EXPECT_EQ(again.status, 2);
  EXPECT_EQ(again.err,
            "gradvar: --out: 'run' already holds a run; give --resume to go on with it, or another "
            "directory\n");
  EXPECT_EQ(scratch.read("run/loss.csv"), before);
}

TEST(ProgramTrain, ANumberThatIsNotFiniteNamesStepLayerAndCheckpoint) {
  const ScratchDirectory scratch;
  const Outcome run = run_gradvar(scratch, kSmall + "--learning-rate 1e30 --out run");
  EXPECT_EQ(run.status, 1);
  const std::size_t line =
      run.err.find("gradvar: step 1: a number that is not finite in dense (net.");
  EXPECT_NE(line, std::string::npos) << run.err;
  EXPECT_TRUE(
      run.err.ends_with("; there is no checkpoint to go back to: the next run may take "
                        "the same directory\n"))
      << run.err;
  EXPECT_FALSE(scratch.has("run/weights.safetensors"));
  EXPECT_EQ(lines(scratch.read("run/loss.csv")), 2);  // step 0 is kept
  // Nothing to go on from: the same words with a smaller rate make the run.
  const Outcome again = run_gradvar(scratch, kSmall + "--quiet --out run");
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_TRUE(scratch.has("run/weights.safetensors"));
}

// The monitor wrote a number that depended on its nodes where the variance is infinite.
TEST(ProgramTrain, WithTheFullBridgeTheMonitorKeepsAwayFromTheEndsAndSaysSo) {
  const ScratchDirectory scratch;
  const Outcome run =
      run_gradvar(scratch, kSmall + "--interpolant bridge-full:sigma=0.2 --out run");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.err.find("the gradient variance with 'bridge-full:sigma=0.2' is infinite up to t = "
                         "0 and 1: it is measured over t in [0.01, 0.99]"),
            std::string::npos)
      << run.err;
  const CsvTable bins = read_csv(scratch.path("run/monitor_time.csv").string());
  EXPECT_EQ(bins.values[1], 0.01);
  EXPECT_NEAR(bins.values[9 * bins.values.row_size() + 2], 0.99, 1e-12);
  // The same as the command that refuses to go to the ends.
  const Outcome measured =
      run_gradvar(scratch, "variance --run run --noise-draws 1 --time 0.01:0.99 --json");
  ASSERT_EQ(measured.status, 0) << measured.err;
  const auto summary = nlohmann::json::parse(scratch.read("run/summary.json"))["variance"];
  EXPECT_EQ(summary["trace"], nlohmann::json::parse(measured.out)["trace"]);
  EXPECT_EQ(summary["time"]["begin"], 0.01);
}

TEST(ProgramTrain, TheLastGoodCheckpointIsNamed) {
  const ScratchDirectory scratch;
  const Outcome run =
      run_gradvar(scratch, kSmall + "--learning-rate 1e30 --checkpoint-every 1 --out run");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(run.err.ends_with("; the last good checkpoint is 'run/checkpoints/step-00000001'\n"))
      << run.err;
}

// With a rate that no f32 holds, the update itself is infinite: such weights are no checkpoint.
TEST(ProgramTrain, WeightsThatAreNotFiniteAreNeverACheckpoint) {
  const ScratchDirectory scratch;
  const Outcome run =
      run_gradvar(scratch, kSmall + "--learning-rate 1e200 --checkpoint-every 1 --out run");
  EXPECT_EQ(run.status, 1);
  EXPECT_NE(run.err.find("gradvar: step 0: a number that is not finite in the update of net.0."),
            std::string::npos)
      << run.err;
  EXPECT_TRUE(
      run.err.ends_with("; there is no checkpoint to go back to: the next run may take "
                        "the same directory\n"))
      << run.err;
  EXPECT_FALSE(scratch.has("run/checkpoints/step-00000001"));
}

// A limit on the size of files does to the program what a full disk does.
TEST(ProgramTrain, AFullDiskIsOneSentence) {
  const ScratchDirectory scratch;
  const Outcome run = run_gradvar(scratch, kSmall + "--quiet --out run", {.file_limit = 900});
  EXPECT_EQ(run.status, 2);
  EXPECT_TRUE(run.err.starts_with("gradvar: cannot write '")) << run.err;
  EXPECT_TRUE(run.err.ends_with("': File too large\n")) << run.err;
  EXPECT_EQ(lines(run.err), 1);
  EXPECT_FALSE(scratch.has("run/weights.safetensors"));
  // There is room again: the run goes on as if nothing had been.
  ASSERT_EQ(run_gradvar(scratch, "train --quiet --resume --out run").status, 0);
  ASSERT_EQ(run_gradvar(scratch, kSmall + "--quiet --out other").status, 0);
  EXPECT_EQ(scratch.read("run/weights.safetensors"), scratch.read("other/weights.safetensors"));
  EXPECT_EQ(scratch.read("run/loss.csv"), scratch.read("other/loss.csv"));
}

}  // namespace
}  // namespace gradvar::testing::program_train_test

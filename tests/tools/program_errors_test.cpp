// The program's manners: help, unknown words, absurd numbers, paths that cannot be, and where its
// output goes. What a command itself refuses stands with that command.
#include <chrono>
#include <gtest/gtest.h>

#include "program.h"

namespace gradvar::testing::program_errors_test {
namespace {

std::string refusal(const std::string& words) {
  const ScratchDirectory scratch;
  const Outcome outcome = run_gradvar(scratch, words);
  EXPECT_EQ(outcome.status, 2) << words;
  EXPECT_EQ(outcome.out, "") << words;
  EXPECT_EQ(scratch.names(), std::vector<std::string>{}) << words;
  return outcome.err;
}

TEST(ProgramErrors, HelpShowsDefaultsAndAnExample) {
  const ScratchDirectory scratch;
  const Outcome all = run_gradvar(scratch, "--help");
  EXPECT_EQ(all.status, 0);
  for (const char* command : {"train", "sample", "evaluate", "variance", "gradients", "velocity"}) {
    EXPECT_NE(all.out.find(std::string("\n  ") + command + " "), std::string::npos) << command;
    const Outcome help = run_gradvar(scratch, std::string(command) + " --help");
    EXPECT_EQ(help.status, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_NE(help.out.find("Example"), std::string::npos) << command;
    EXPECT_NE(help.out.find(std::string("  gradvar ") + command + " --"), std::string::npos);
    EXPECT_NE(help.out.find("=0"), std::string::npos) << command;  // --threads N=0
  }
}

TEST(ProgramErrors, HelpSaysThatDropoutIsNotMeasured) {
  const ScratchDirectory scratch;
  for (const char* command : {"train", "variance"}) {
    const std::string help = run_gradvar(scratch, std::string(command) + " --help").out;
    EXPECT_NE(help.find("network with dropout"), std::string::npos) << command;
    EXPECT_NE(help.find("without it, which is not the law of its"), std::string::npos) << command;
  }
}

TEST(ProgramErrors, VersionIsOneLine) {
  const ScratchDirectory scratch;
  const Outcome outcome = run_gradvar(scratch, "--version");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_TRUE(outcome.out.starts_with("gradvar ")) << outcome.out;
  EXPECT_EQ(outcome.out.find('\n'), outcome.out.size() - 1);
}

TEST(ProgramErrors, UnknownWordsAreOneSentence) {
  EXPECT_TRUE(refusal("").starts_with("gradvar: expected a command, one of "));
  EXPECT_TRUE(
      refusal("gradient")
          .starts_with(
              "gradvar: unknown command 'gradient', did you mean 'gradients'? The commands are "));
  EXPECT_EQ(refusal("train --bacth 3 --out run"),
            "gradvar: unknown option '--bacth', did you mean '--batch'? 'gradvar train --help' "
            "lists them\n");
  EXPECT_EQ(refusal("train --batch 3 --batch 4 --out run"), "gradvar: --batch is given twice\n");
  EXPECT_EQ(refusal("train run"),
            "gradvar: unexpected 'run': 'gradvar train' takes options only\n");
  EXPECT_EQ(refusal("train"), "gradvar: --out is required\n");
  EXPECT_EQ(refusal("sample --run"), "gradvar: --run needs a value\n");
}

TEST(ProgramErrors, ReproduceAndReportKeepTheSameManners) {
  EXPECT_EQ(refusal("reproduce --out r --threads -5"),
            "gradvar: --threads is '-5', expected a whole number from 0 to 1024\n");
  EXPECT_EQ(refusal("reproduce --out r --seeds x"),
            "gradvar: --seeds is 'x', expected a whole number from 0 to 1000\n");
  EXPECT_TRUE(refusal("reproduce --out r --preset slow").starts_with("gradvar: --preset"));
  EXPECT_EQ(refusal("reproduce"), "gradvar: --out is required\n");
  const std::string unknown = refusal("reproduce counterexampel --out r");
  EXPECT_NE(unknown.find("'counterexampel'"), std::string::npos) << unknown;
  const std::string nowhere = refusal("reproduce --out /proc/gradvar");
  EXPECT_TRUE(nowhere.starts_with("gradvar: ")) << nowhere;
  EXPECT_NE(nowhere.find("'/proc/gradvar'"), std::string::npos) << nowhere;
  EXPECT_EQ(refusal("report r"),
            "gradvar: 'r' holds no reproduce.json: gradvar reproduce did not write it\n");
  EXPECT_EQ(refusal("report r --json --quiet"),
            "gradvar: 'r' holds no reproduce.json: gradvar reproduce did not write it\n");
}

TEST(ProgramErrors, VerifyPassesAndSaysWhatItLookedAt) {
  const ScratchDirectory scratch;
  const Outcome outcome = run_gradvar(scratch, "verify");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  for (const char* what : {"dense", "affine_gaussian", "silu", "mlp"}) {
    EXPECT_NE(outcome.out.find(what), std::string::npos) << what;
  }
}

TEST(ProgramErrors, AbsurdNumbersAreRefusedAtOnce) {
  const auto begin = std::chrono::steady_clock::now();
  for (const char* words :
       {"--batch 0",
        "--lanes 0",
        "--lanes 1000000",
        "--threads -1",
        "--threads 100000",
        "--steps 1e99",
        "--steps 99999999999999999999",
        "--pairs 1000000000000",
        "--pairs 4294967295",
        "--batch 4294967295",
        "--batch -5",
        "--seed 1.5",
        "--model mlp:width=1000000000000",
        "--model mlp:depth=1000000000000000,width=1",
        "--model mlp:width=-3",
        "--keep 0",
        "--source gaussian:dim=1000000000000 --target gaussian:dim=1000000000000",
        "--target mixture:components=1000000000000",
        "--learning-rate 1e999",
        "--ema 2",
        "--source gaussian:shape=9999999999x9999999999x9999999999"}) {
    const std::string error = refusal("train --out run " + std::string(words));
    const std::string option = std::string(words).substr(0, std::string(words).find(' '));
    EXPECT_EQ(error.find('\n'), error.size() - 1) << error;
    // What is too much for --source may show as --pairs or --target.
    EXPECT_TRUE(error.starts_with("gradvar: " + option) || option == "--source") << error;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST(ProgramErrors, PathsThatCannotBeAreOneSentence) {
  EXPECT_EQ(refusal("train --steps 1 --out /proc/none/run"),
            "gradvar: --out: '/proc/none/run' cannot be made: No such file or directory\n");
  EXPECT_EQ(refusal("train --steps 1 --out /dev/null"),
            "gradvar: --out: '/dev/null' is not a directory\n");
  EXPECT_EQ(refusal("train --config none.toml --out run"),
            "gradvar: cannot read 'none.toml': No such file or directory\n");
  EXPECT_EQ(refusal("train --config /tmp --out run"),
            "gradvar: cannot read '/tmp': Is a directory\n");
  EXPECT_EQ(refusal("train --target csv:/dev/null.csv --out run"),
            "gradvar: --target: cannot read '/dev/null.csv': No such file or directory\n");
}

TEST(ProgramErrors, PointsThatAreWrongAreNamedByFileLineAndColumn) {
  const ScratchDirectory scratch;
  scratch.write("empty.csv", "");
  scratch.write("bad.csv", "1,2\n3,4\n5,x\n");
  scratch.write("short.csv", "1,2\n3\n");
  fs::create_directory(scratch.path("dir.csv"));
  const auto error = [&](const std::string& file) {
    const Outcome outcome = run_gradvar(scratch, "train --out run --target csv:" + file);
    EXPECT_EQ(outcome.status, 2);
    return outcome.err;
  };
  EXPECT_EQ(error("bad.csv"), "gradvar: --target: bad.csv:3: column 2 is 'x', expected a number\n");
  EXPECT_TRUE(error("short.csv").starts_with("gradvar: --target: short.csv:2: "));
  EXPECT_TRUE(error("empty.csv").starts_with("gradvar: --target: empty.csv: "));
  EXPECT_EQ(error("dir.csv"), "gradvar: --target: cannot read 'dir.csv': Is a directory\n");
  EXPECT_FALSE(scratch.has("run"));
}

TEST(ProgramErrors, ResultsThatDoNotArriveAreAnError) {
  const ScratchDirectory scratch;
  const Outcome outcome = run_gradvar(scratch, "train --help", {.out_to = "/dev/full"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "gradvar: cannot write to standard output\n");
}

}  // namespace
}  // namespace gradvar::testing::program_errors_test

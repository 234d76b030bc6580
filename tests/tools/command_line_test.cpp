#include "tools/command_line.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <gtest/gtest.h>

#include "../io/error_of.h"

namespace gradvar::command_line_test {
namespace {

using testing::error_of;

std::string refusal(const std::vector<std::string>& words) {
  CLI::App app;
  CLI::App* train = app.add_subcommand("train");
  std::string text;
  bool flag = false;
  std::vector<std::string> several;
  train->add_option("--learning-rate", text);
  train->add_option("--out", text);
  train->add_option("--solver", several);
  train->add_flag("--quiet", flag);
  CLI::App* report = app.add_subcommand("report");
  report->add_option("subjects", several);
  return error_of([&] { check_words(app, words); });
}

TEST(CommandLine, AcceptsWhatIsMeant) {
  EXPECT_EQ(refusal({"train", "--out", "a", "--quiet", "--learning-rate=-1"}), "no error");
  EXPECT_EQ(refusal({"train", "--out", "-1"}), "no error");
  EXPECT_EQ(refusal({"train", "--solver", "euler", "rk4", "--solver", "heun"}), "no error");
  EXPECT_EQ(refusal({"report", "a", "b"}), "no error");
  EXPECT_EQ(refusal({"--help"}), "no error");
  EXPECT_EQ(refusal({"--version"}), "no error");
  EXPECT_EQ(refusal({"train", "--nonsense", "--help"}), "no error");
}

TEST(CommandLine, NamesTheCommands) {
  EXPECT_EQ(refusal({}),
            "expected a command, one of train, report; 'gradvar --help' says what they do");
  EXPECT_EQ(refusal({"trian"}),
            "unknown command 'trian', did you mean 'train'? The commands are train, report");
  EXPECT_EQ(refusal({"flow"}), "unknown command 'flow', expected one of train, report");
  EXPECT_EQ(refusal({"--quiet", "train"}),
            "unknown option '--quiet' before the command, expected --help, --version or a command");
}

TEST(CommandLine, NamesTheNearestOption) {
  EXPECT_EQ(refusal({"train", "--lerning-rate", "1"}),
            "unknown option '--lerning-rate', did you mean '--learning-rate'? 'gradvar train "
            "--help' lists them");
  EXPECT_EQ(refusal({"train", "--banana=1"}),
            "unknown option '--banana': 'gradvar train --help' lists them");
  EXPECT_EQ(refusal({"train", "-b", "3"}),
            "unknown option '-b': 'gradvar train --help' lists them");
}

TEST(CommandLine, RefusesDoubledAndHalfOptions) {
  EXPECT_EQ(refusal({"train", "--out", "a", "--out=b"}), "--out is given twice");
  EXPECT_EQ(refusal({"train", "--quiet", "--quiet"}), "--quiet is given twice");
  EXPECT_EQ(refusal({"train", "--out"}), "--out needs a value");
  EXPECT_EQ(refusal({"train", "--out="}), "--out needs a value");
  EXPECT_EQ(refusal({"train", "--out", ""}), "--out needs a value, found ''");
  EXPECT_EQ(refusal({"train", "--out", "--quiet"}), "--out needs a value, found '--quiet'");
  EXPECT_EQ(refusal({"train", "--quiet=3"}), "--quiet takes no value, found '--quiet=3'");
  EXPECT_EQ(refusal({"train", "--quiet", "x"}),
            "unexpected 'x': 'gradvar train' takes options only");
}

TEST(CommandLine, NearestIsNearOrNothing) {
  EXPECT_EQ(nearest("gradient", {"gradients", "sample"}), "gradients");
  EXPECT_EQ(nearest("velocty", {"variance", "velocity"}), "velocity");
  EXPECT_EQ(nearest("x", {"train", "sample"}), "");
  EXPECT_EQ(nearest("train", {}), "");
}

}  // namespace
}  // namespace gradvar::command_line_test

#include "tools/progress.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

namespace gradvar::progress_test {
namespace {

// A clock that a test moves, and a page to write on.
struct Bench {
  double now = 100;
  int columns = 80;
  std::ostringstream page;

  ProgressOutput output() {
    return {&page, [this] { return now; }, [this] { return columns; }};
  }
  std::string text() const { return page.str(); }
};

TEST(Progress, PlainLinesComeEveryFiveSecondsAndAtTheEnd) {
  Bench bench;
  {
    Progress progress(ProgressMode::kLines, "train", 200, "step", 0, bench.output());
    for (int step = 1; step <= 200; ++step) {
      bench.now += 0.125;
      if (step == 40) progress.note("loss 0.31");
      progress.advance();
    }
  }
  EXPECT_EQ(bench.text(),
            "train: 40 of 200 steps (20%), 8 steps/s, 20 s left, loss 0.31\n"
            "train: 80 of 200 steps (40%), 8 steps/s, 15 s left, loss 0.31\n"
            "train: 120 of 200 steps (60%), 8 steps/s, 10 s left, loss 0.31\n"
            "train: 160 of 200 steps (80%), 8 steps/s, 5.0 s left, loss 0.31\n"
            "train: 200 of 200 steps (100%), done after 25 s, loss 0.31\n");
}

TEST(Progress, SaysWhenItStoppedBeforeItsTotal) {
  Bench bench;
  Progress progress(ProgressMode::kLines, "train", 10, "step", 0, bench.output());
  progress.advance(3);
  bench.now += 2;
  progress.finish();
  progress.finish();  // says nothing more
  EXPECT_EQ(bench.text(), "train: 3 of 10 steps (30%), stopped after 2.0 s\n");
}

TEST(Progress, WorksWithoutATotal) {
  Bench bench;
  Progress progress(ProgressMode::kLines, "read", 0, "file", 0, bench.output());
  bench.now += 10;
  progress.advance(2);
  progress.finish();
  EXPECT_EQ(bench.text(), "read: 2 files, 5.0 s a file\nread: 2 files, done after 10 s\n");
}

TEST(Progress, CountsEarlierWorkAsDoneButNotForTheRate) {
  Bench bench;
  Progress progress(ProgressMode::kLines, "train", 1000, "step", 900, bench.output());
  bench.now += 10;
  progress.advance(50);
  EXPECT_EQ(bench.text(), "train: 950 of 1000 steps (95%), 5 steps/s, 10 s left\n");
}

TEST(Progress, AFewStepsASecondAreSaidToTwoDigits) {
  Bench bench;
  Progress progress(ProgressMode::kLines, "train", 100, "step", 0, bench.output());
  bench.now += 20;
  progress.advance(32);
  EXPECT_EQ(bench.text(), "train: 32 of 100 steps (32%), 1.6 steps/s, 43 s left\n");
}

TEST(Progress, UnitsWithoutANameAreSaidAsAShareAlone) {
  Bench bench;
  Progress progress(ProgressMode::kLines, "reproduce", 1000, "", 500, bench.output());
  progress.note("3 of 9 tasks");
  progress.skip(100);  // done before: not for the rate
  bench.now += 10;
  progress.advance(50);
  EXPECT_EQ(bench.text(), "reproduce: 65%, 1 min 10 s left, 3 of 9 tasks\n");
  Bench screen;
  Progress bar(ProgressMode::kBar, "reproduce", 100, "", 0, screen.output());
  screen.now += 1;
  bar.advance(25);
  EXPECT_TRUE(screen.text().ends_with("] 25%  3.0 s left")) << screen.text();
}

TEST(Progress, BarFitsTheTerminalAndIsWiped) {
  Bench bench;
  bench.columns = 70;
  Progress progress(ProgressMode::kBar, "σ = 0", 100, "step", 0, bench.output());
  bench.now += 0.05;
  progress.advance(25);  // too early
  EXPECT_EQ(bench.text(), "");
  bench.now += 0.95;
  progress.advance(25);
  EXPECT_EQ(bench.text(),
            "\r\x1b[Kσ = 0 [############.............] 50%  50/100  50 steps/s  1.0 s left");
  progress.finish();
  EXPECT_TRUE(bench.text().ends_with(" left\r\x1b[K"));
}

TEST(Progress, BarGivesWayOnANarrowTerminal) {
  Bench bench;
  bench.columns = 24;
  Progress progress(ProgressMode::kBar, "σσσ", 100, "step", 0, bench.output());
  bench.now += 1;
  progress.advance(50);
  EXPECT_EQ(bench.text(), "\r\x1b[Kσσσ 50%  50/100  50 ste");
}

TEST(Progress, MessageStandsAboveTheBar) {
  Bench bench;
  Progress progress(ProgressMode::kBar, "train", 0, "step", 0, bench.output());
  bench.now += 1;
  progress.advance(2);
  progress.message("saved");
  const std::string bar = "train  2  2 steps/s";
  EXPECT_EQ(bench.text(), "\r\x1b[K" + bar + "\r\x1b[Ksaved\n\r\x1b[K" + bar);
}

TEST(Progress, JsonIsOneObjectALine) {
  Bench bench;
  Progress progress(ProgressMode::kJson, "a \"b\"", 8, "step", 0, bench.output());
  bench.now += 8;
  progress.advance(4);
  progress.note("n");
  progress.message("saved");
  progress.finish();
  std::istringstream lines(bench.text());
  std::vector<nlohmann::json> read;
  for (std::string line; std::getline(lines, line);) read.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[0], nlohmann::json({{"event", "progress"},
                                     {"task", "a \"b\""},
                                     {"done", 4},
                                     {"total", 8},
                                     {"seconds", 8.0},
                                     {"rate", 0.5},
                                     {"seconds_left", 8.0}}));
  EXPECT_EQ(read[1], nlohmann::json({{"event", "message"}, {"text", "saved"}}));
  EXPECT_EQ(read[2]["event"], "stopped");
  EXPECT_EQ(read[2]["note"], "n");
}

TEST(Progress, JsonHasNullForWhatIsNotKnown) {
  Bench bench;
  { const Progress progress(ProgressMode::kJson, "t", 0, "step", 0, bench.output()); }
  const nlohmann::json line = nlohmann::json::parse(bench.text());
  EXPECT_EQ(line["event"], "done");
  EXPECT_TRUE(line["total"].is_null());
  EXPECT_TRUE(line["seconds_left"].is_null());
}

TEST(Progress, IsSilentWhenAskedTo) {
  Bench bench;
  Progress progress(ProgressMode::kSilent, "train", 10, "step", 0, bench.output());
  bench.now += 100;
  progress.advance(5);
  progress.message("text");
  progress.finish();
  EXPECT_EQ(bench.text(), "");
}

TEST(Progress, CountsEveryUnitOfEveryThread) {
  Bench bench;
  Progress progress(ProgressMode::kLines, "train", 4000, "step", 0, bench.output());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&progress] {
      for (int i = 0; i < 1000; ++i) progress.advance();
    });
  }
  for (std::thread& thread : threads) thread.join();
  progress.finish();
  EXPECT_EQ(bench.text(), "train: 4000 of 4000 steps (100%), done after 0.00 s\n");
}

TEST(ProgressMode, QuietGoesBeforeJson) {
  EXPECT_EQ(progress_mode(true, true), ProgressMode::kSilent);
  EXPECT_EQ(progress_mode(false, true), ProgressMode::kJson);
}

TEST(ProgressMode, DrawsNoBarOnADumbTerminal) {
  setenv("TERM", "dumb", 1);
  EXPECT_EQ(progress_mode(false, false), ProgressMode::kLines);
}

}  // namespace
}  // namespace gradvar::progress_test

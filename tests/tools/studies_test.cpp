// Studies: what is said follows from the tasks' results, and what is missing is named.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "flow/trainer.h"
#include "io/atomic_file.h"
#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"
#include "tools/studies/compose.h"
#include "tools/studies/spread.h"
#include "tools/studies/training_study.h"

namespace gradvar::studies_test {
namespace {

using nlohmann::json;
using testing::error_of;
using testing::ScratchDirectory;

Task counted_task(const std::string& id, const std::string& settings, int* runs) {
  return {.id = id,
          .settings = settings,
          .units = 1,
          .run = [runs](const std::filesystem::path&, Progress& progress) {
            progress.advance();
            return json{{"value", ++*runs}};
          }};
}

TEST(Tasks, AFinishedOneIsReadAndNotRunAgain) {
  const ScratchDirectory directory;
  int runs = 0;
  const std::vector<Task> tasks = {counted_task("a", "s", &runs)};
  EXPECT_EQ(run_tasks(tasks, directory.path(), 1, ProgressMode::kSilent).at("a")["value"], 1);
  EXPECT_EQ(run_tasks(tasks, directory.path(), 1, ProgressMode::kSilent).at("a")["value"], 1);
  EXPECT_EQ(read_tasks(tasks, directory.path()).at("a")["value"], 1);
  EXPECT_EQ(runs, 1);
}

TEST(Tasks, ResultsOfOtherSettingsAndDamagedFilesAreMadeAgain) {
  const ScratchDirectory directory;
  int runs = 0;
  (void)run_tasks({counted_task("a", "s", &runs)}, directory.path(), 1, ProgressMode::kSilent);
  (void)run_tasks({counted_task("a", "other", &runs)}, directory.path(), 1, ProgressMode::kSilent);
  EXPECT_EQ(runs, 2);
  write_file((std::filesystem::path(directory.path()) / "cells" / "a.json").string(), "{\"id\"");
  (void)run_tasks({counted_task("a", "other", &runs)}, directory.path(), 1, ProgressMode::kSilent);
  EXPECT_EQ(runs, 3);
}

TEST(Tasks, AMissingResultIsNamed) {
  const ScratchDirectory directory;
  int runs = 0;
  const std::string error =
      error_of([&] { (void)read_tasks({counted_task("a-7", "s", &runs)}, directory.path()); });
  EXPECT_NE(error.find("lacks the results of a-7"), std::string::npos) << error;
}

TEST(Tasks, ANumberThatIsNotFiniteNamesTheTask) {
  const ScratchDirectory directory;
  Task task{.id = "d-50-seed-2", .settings = "s", .units = 1, .run = {}};
  task.run = [](const std::filesystem::path&, Progress&) -> json {
    throw NonFiniteError(7, "selu");
  };
  try {
    (void)run_tasks({task}, directory.path(), 1, ProgressMode::kSilent);
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()),
              "d-50-seed-2: " + std::string(NonFiniteError(7, "selu").what()));
  }
}

TEST(Spread, MeanDeviationAndInterval) {
  const Spread spread{{1, 2, 3, 4}};
  EXPECT_DOUBLE_EQ(spread.mean(), 2.5);
  EXPECT_DOUBLE_EQ(spread.lowest(), 1);
  EXPECT_DOUBLE_EQ(spread.highest(), 4);
  EXPECT_NEAR(spread.standard_deviation(), 1.2909944487358056, 1e-15);
  // 2.5 -+ 3.1824 * 1.2910 / 2
  EXPECT_NEAR(spread.interval().low, 2.5 - 3.182446305284263 * 1.2909944487358056 / 2, 1e-9);
  const Spread alone{{7}};
  EXPECT_TRUE(std::isinf(alone.interval().low));  // no verdict from one seed
  EXPECT_TRUE(std::isinf(alone.interval().high));
  EXPECT_EQ(alone.interval().mean, 7);
  EXPECT_EQ(alone.standard_deviation(), 0);
}

TEST(Spread, RatioAndDifferenceGoSeedBySeed) {
  EXPECT_EQ(ratio({{2, 9}}, {{1, 3}}).values, (std::vector<double>{2, 3}));
  EXPECT_EQ(difference({{2, 9}}, {{1, 3}}).values, (std::vector<double>{1, 6}));
}

TEST(Verdicts, NeedTheWholeIntervalOnTheirSide) {
  EXPECT_TRUE(memorises({{0.05, 0.06, 0.055}}));
  EXPECT_FALSE(memorises({{0.05, 0.06, 0.14}}));  // the mean is under 10 %, the interval is not
  EXPECT_TRUE(is_broken({{0.9, 0.95, 0.92}}));
  EXPECT_FALSE(is_broken({{0.4, 0.9, 0.7}}));
}

TEST(SpacedSteps, BeginWithZeroAndGrowToTheLast) {
  const std::vector<std::uint64_t> steps = spaced_steps(10, 1000, 3);
  EXPECT_EQ(steps, (std::vector<std::uint64_t>{0, 10, 100, 1000}));
}

TEST(Reproduction, RefusesAnUnknownSubjectWithTheListOfThoseThereAre) {
  EXPECT_EQ(
      error_of([] { (void)check_reproduction({"pairings"}, {}); }),
      "the subject 'pairings' is unknown, expected some of counterexample, pairing, gaussian, "
      "mixture, images, datasets, architectures, longrun, identifiability");
}

TEST(Reproduction, IsReadBackAsItWasWritten) {
  const ScratchDirectory directory;
  write_reproduction(directory.path(), check_reproduction({"pairing"}, {"quick", 2}));
  EXPECT_EQ(read_reproduction(directory.path()).command(),
            "gradvar reproduce pairing --preset quick --seeds 2");
  write_file((std::filesystem::path(directory.path()) / "reproduce.json").string(), "[1]");
  const std::string error = error_of([&] { (void)read_reproduction(directory.path()); });
  EXPECT_NE(error.find("this is not what gradvar reproduce writes"), std::string::npos) << error;
}

TEST(Studies, HaveTasksOfDifferentNames) {
  for (const std::unique_ptr<Study>& study : studies()) {
    std::vector<std::string> ids;
    for (const Task& task : study->tasks({})) ids.push_back(task.id);
    std::sort(ids.begin(), ids.end());
    EXPECT_FALSE(ids.empty()) << study->name();
    EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end()) << study->name();
  }
}

}  // namespace
}  // namespace gradvar::studies_test

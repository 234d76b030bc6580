// Studies: what is said follows from the tasks' results, and what is missing is named.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <sstream>

#include "flow/trainer.h"
#include "io/atomic_file.h"
#include "nn/checkpoint_directory.h"
#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"
#include "tools/studies/compose.h"
#include "tools/studies/drifting.h"
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
          .run = [runs](const std::filesystem::path&, TaskProgress& progress) {
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
  task.run = [](const std::filesystem::path&, TaskProgress&) -> json {
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

TEST(Tasks, AfterAFailureNoOtherBeginsAndTheFailedOneIsNamed) {
  const ScratchDirectory directory;
  int runs = 0;
  Task bad = counted_task("bad", "s", &runs);
  bad.units = 9;  // the largest comes first
  bad.run = [](const std::filesystem::path&, TaskProgress&) -> json {
    throw std::invalid_argument("no such file");
  };
  const std::vector<Task> tasks = {counted_task("a", "s", &runs), bad,
                                   counted_task("b", "s", &runs)};
  EXPECT_EQ(error_of([&] { (void)run_tasks(tasks, directory.path(), 1, ProgressMode::kSilent); }),
            "bad: no such file");
  EXPECT_EQ(runs, 0);
}

TEST(Tasks, MadeFromOtherLeavingsAreMadeAgain) {
  const ScratchDirectory directory;
  int runs = 0;
  Task task = counted_task("a", "s", &runs);
  const auto run = [&] {
    (void)run_tasks({task}, directory.path(), 1, ProgressMode::kSilent);
    return runs;
  };
  EXPECT_EQ(run(), 1);
  task.made_from = "a base of 10 steps";
  EXPECT_EQ(run(), 1);  // an older file, which does not say
  task.settings = "t";
  EXPECT_EQ(run(), 2);
  EXPECT_EQ(run(), 2);
  task.made_from = "a base of 20 steps";
  EXPECT_EQ(run(), 3);
}

TEST(Tasks, AreOrderedByWhatTheyAreExpectedToTake) {
  const ScratchDirectory directory;
  std::string order;
  std::vector<Task> tasks;
  for (const char* id : {"a", "b", "c"}) {
    tasks.push_back({.id = id,
                     .settings = "s",
                     .units = 1,
                     .run = [&order, id](const std::filesystem::path&, TaskProgress&) {
                       order += id;
                       return json::object();
                     }});
  }
  (void)run_tasks(tasks, directory.path(), 1, ProgressMode::kSilent, {2, 1, 3});
  EXPECT_EQ(order, "cab");
}

TEST(TaskProgress, IsOfTheShareAndNeverMore) {
  std::ostringstream page;
  double now = 0;
  Progress all(ProgressMode::kLines, "all", 100, "", 0, {&page, [&] { return now; }, {}});
  TaskProgress task(all, 3, 50);
  task.skip(1);  // 17 of 100, not for the rate
  now = 10;
  task.advance();
  now = 20;
  task.advance(5);
  task.finish();
  EXPECT_EQ(page.str(), "all: 33%, 42 s left\nall: 50%, 30 s left\n");
}

// A clock that ends the program's work as a crash would: nothing is saved on the way out.
struct Crash {};
json run_until_crash(const Task& task, const std::filesystem::path& directory, int advances) {
  std::ostringstream page;
  const auto seconds = [&advances] {
    if (advances-- == 0) throw Crash();
    return 0.0;
  };
  Progress all(ProgressMode::kLines, "all", task.units, "", 0, {&page, seconds, {}});
  TaskProgress own(all, task.units, task.units);
  return task.run(directory, own);
}

TEST(Cells, GoOnAfterACrashFromTheLastSaveToTheSameBits) {
  TrainingCell cell;
  cell.id = "small-seed-0";
  cell.config.pairs = 20;
  cell.config.model = "mlp:width=8,depth=2";
  cell.config.steps = 30;
  cell.config.interpolant = "constant:sigma=0.1";
  cell.monitor_steps = cell.evaluate_steps = {0, 10, 20, 30};
  cell.solvers_on_the_way = cell.solvers_at_the_end = {euler(5)};
  const std::vector<Task> saving = {training_task(cell, 0), drifting_task(cell, 3, 0)};
  const std::vector<Task> straight = {training_task(cell), drifting_task(cell, 3)};
  for (std::size_t k = 0; k < saving.size(); ++k) {
    const ScratchDirectory directory;
    const std::filesystem::path partial =
        std::filesystem::path(directory.path()) / "cells" / "small-seed-0.partial";
    EXPECT_THROW((void)run_until_crash(saving[k], directory.path(), 17), Crash);
    const std::vector<CheckpointEntry> left = list_checkpoints(partial);
    ASSERT_EQ(left.size(), 1u);  // the newest alone
    EXPECT_GT(left[0].step, 10);
    EXPECT_LT(left[0].step, 18);
    int measured = 0;
    for (const auto& entry : std::filesystem::directory_iterator(partial)) {
      measured += entry.is_regular_file() ? 1 : 0;
    }
    EXPECT_EQ(measured, 1);
    // It begins where it was saved: a second crash comes so many steps later.
    EXPECT_THROW((void)run_until_crash(saving[k], directory.path(), 9), Crash);
    EXPECT_GT(list_checkpoints(partial).at(0).step, 18);
    json after = run_tasks({saving[k]}, directory.path(), 1, ProgressMode::kSilent).at(cell.id);
    EXPECT_FALSE(std::filesystem::exists(partial));
    const ScratchDirectory other;
    json whole = run_tasks({straight[k]}, other.path(), 1, ProgressMode::kSilent).at(cell.id);
    for (json* results : {&after, &whole}) results->erase("seconds");
    EXPECT_EQ(after, whole);
  }
}

TEST(PartialRuns, OfOtherSettingsAreClearedAndPairsOfFilesBelongTogether) {
  const ScratchDirectory directory;
  const std::filesystem::path path = std::filesystem::path(directory.path()) / "p";
  const auto save = [&](const std::string& settings, int step, bool with_checkpoint) {
    PartialRun(path, settings, 0).save(step, {{"at", step}}, [&](const std::filesystem::path& d) {
      if (with_checkpoint) std::filesystem::create_directories(checkpoint_path(d, step));
    });
  };
  save("s", 4, true);
  const auto left = PartialRun(path, "s", 0).find();
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->results.at("at"), 4);
  EXPECT_EQ(left->checkpoint, checkpoint_path(path, 4));
  EXPECT_FALSE(PartialRun(path, "t", 0).find().has_value());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(PartialRun(path, "s", 3600).is_due());
  EXPECT_TRUE(PartialRun(path, "s", 0).is_due());
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
  Spread correlations = no_correlations();
  correlations.values = {0.5, 0.9, 1};
  EXPECT_EQ(correlations.interval().high, 1);
  EXPECT_LT(correlations.interval().low, 0.5);
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

TEST(Verdicts, FollowTheSignOfTheIntervalAndOfTheMean) {
  EXPECT_EQ(sign_verdict({{1, 1.1, 0.9}}), report::Verdict::kShown);
  EXPECT_EQ(sign_verdict({{1, -0.5}}), report::Verdict::kPartly);
  EXPECT_EQ(sign_verdict({{0.5, -1}}), report::Verdict::kNotShown);
  EXPECT_EQ(sign_verdict({{-1, -1.1, -0.9}}), report::Verdict::kNotShown);
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

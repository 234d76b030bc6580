// Gradient variance against memorisation: verdicts, and targets that drift.

#include "tools/studies/association.h"

#include <gtest/gtest.h>
#include <map>

#include "tests/io/scratch_directory.h"
#include "tools/studies/drifting.h"

namespace gradvar::association_test {
namespace {

using nlohmann::json;
using report::Verdict;
using testing::ScratchDirectory;

// Results in which run k of the list ends at distance d(k), with variance v(k).
template <class Distance, class Variance>
std::vector<Finding> findings_of(const Study& study, const Distance& d, const Variance& v) {
  TaskResults results;
  std::map<char, int> place;  // of each seed
  for (const Task& task : study.tasks({})) {
    const int k = place[task.id.back()]++;
    results[task.id] = {{"final", json::array({{{"solver", euler(100).spec()},
                                                {"to_training_partner", {{"mean", d(k)}}},
                                                {"between_random_partners", 1.0}}})},
                        {"monitor", json::array({{{"trace", 1.0}}, {{"trace", v(k)}}})}};
  }
  return study.findings({}, results);
}

TEST(AssociationStudies, SayShownWhenVarianceFollowsTheDistance) {
  for (const auto& study : {make_datasets_study(), make_architectures_study()}) {
    const auto rising = [](int k) { return 0.01 * (k + 1); };
    const auto falling = [](int k) { return 1 / (k + 1.0); };
    EXPECT_EQ(findings_of(*study, rising, rising)[0].verdict, Verdict::kShown) << study->name();
    EXPECT_EQ(findings_of(*study, rising, falling)[0].verdict, Verdict::kNotShown) << study->name();
  }
}

TEST(LongrunStudy, SaysShownWhenVarianceFollowsTheDistanceThroughTraining) {
  const auto study = make_longrun_study();
  for (const bool follows : {true, false}) {
    TaskResults results;
    for (const Task& task : study->tasks({})) {
      json run = {{"monitor", json::array()}, {"evaluations", json::array()}};
      for (int step = 1000; step <= 6000; step += 1000) {
        run["monitor"].push_back({{"step", step}, {"trace", follows ? 1e4 - step : 1e4 + step}});
        run["evaluations"].push_back({{"step", step},
                                      {"to_training_partner", {{"mean", 7e3 - step}}},
                                      {"between_random_partners", 1.0}});
      }
      results[task.id] = run;
    }
    for (const Finding& finding : study->findings({}, results)) {
      EXPECT_EQ(finding.verdict, follows ? Verdict::kShown : Verdict::kNotShown) << finding.claim;
    }
  }
}

TrainingCell small_cell(std::int64_t steps) {
  TrainingCell cell;
  cell.id = "small-seed-0";
  cell.config.pairs = 20;
  cell.config.model = "mlp:width=8,depth=2";
  cell.config.steps = steps;
  cell.monitor_steps = cell.evaluate_steps = {0, static_cast<std::uint64_t>(steps)};
  cell.solvers_on_the_way = {euler(10)};
  return cell;
}

json results_of(const Task& task) {
  const ScratchDirectory directory;
  return run_tasks({task}, directory.path(), 1, ProgressMode::kSilent).at(task.id);
}

TEST(DriftingTargets, AtRestTrainAsFixedPairsDo) {
  const json drifting = results_of(drifting_task(small_cell(30), 0));
  const json fixed = results_of(training_task(small_cell(30)));
  for (int k = 0; k < 2; ++k) {
    EXPECT_EQ(drifting["monitor"][k]["trace"], fixed["monitor"][k]["trace"]);
    EXPECT_EQ(drifting["evaluations"][k]["to_training_partner"]["mean"],
              fixed["evaluations"][k]["to_training_partner"]["mean"]);
  }
}

TEST(DriftingTargets, AreMeasuredWhereTheyAre) {
  TrainingCell cell = small_cell(3);
  cell.config.learning_rate = 1e-9;  // nobody follows
  const json run = results_of(drifting_task(cell, 1000));
  const json& e = run["evaluations"];
  EXPECT_LT(e[0]["to_training_partner"]["mean"], 20);
  EXPECT_NEAR(e[1]["to_training_partner"]["mean"].get<double>(), 1000, 20);
  EXPECT_NEAR(e[1]["between_random_partners"].get<double>(),
              e[0]["between_random_partners"].get<double>(), 1e-9);
}

}  // namespace
}  // namespace gradvar::association_test

// Gradient variance against memorisation: verdicts, and targets that drift.

#include "tools/studies/association.h"

#include <gtest/gtest.h>
#include <map>

#include "io/atomic_file.h"
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

// Fixed pairs that line up the other way, however the resampled ones pull the whole.
TEST(AssociationStudies, NeverSayPartlyOfWhatGoesTheOtherWayAmongFixedPairs) {
  for (const auto& study : {make_datasets_study(), make_architectures_study()}) {
    TaskResults results;
    std::map<char, int> place;
    for (const Task& task : study->tasks({})) {
      const int k = place[task.id.back()]++;
      const bool resampled = task.id.find("resampled") != std::string::npos;
      const double distance = resampled ? 10 + k : 0.01 * (k + 1);
      const double variance = resampled ? 10 + k : 1 / (k + 1.0);
      results[task.id] = {{"final", json::array({{{"solver", euler(100).spec()},
                                                  {"to_training_partner", {{"mean", distance}}},
                                                  {"between_random_partners", 1.0}}})},
                          {"monitor", json::array({{{"trace", 1.0}}, {{"trace", variance}}})}};
    }
    const Finding finding = study->findings({}, results)[0];
    EXPECT_EQ(finding.verdict, Verdict::kNotShown) << finding.measured;
    EXPECT_TRUE(finding.measured.ends_with("where it goes the other way")) << finding.measured;
    EXPECT_EQ(finding.measured.find("other way"), finding.measured.rfind("other way"));
    EXPECT_NE(finding.rule.find("not shown when one lies below it"), std::string::npos);
  }
}

TEST(ArchitecturesStudy, SaysOfTheUNetHowItWasTrained) {
  const auto study = make_architectures_study();
  TaskResults results;
  double k = 1;
  for (const Task& task : study->tasks({})) {
    results[task.id] = {
        {"final", json::array({{{"solver", euler(100).spec()},
                                {"to_training_partner", {{"mean", ++k}}},
                                {"memorised_share", 0.0},
                                {"between_random_partners", 1.0}}})},
        {"monitor", json::array({{{"trace", 1.0}, {"loss", 1.0}}, {{"trace", k}, {"loss", 1.0}}})}};
  }
  const ScratchDirectory directory;
  report::Report page("t", "s");
  Paper paper{page, std::filesystem::path(directory.path()) / "figures", "gradvar"};
  study->tell({}, results, paper);
  page.write(std::filesystem::path(directory.path()) / "report.html");
  const std::string html =
      read_file((std::filesystem::path(directory.path()) / "report.html").string());
  for (const char* said : {"batch 256, 1500 steps", "cosine:warmup=100", "64 random ones",
                           "batch 32, 300 steps", "cosine:warmup=20", "32 random ones",
                           "Training, U-Net on 8x8 faces", "Pairs, U-Net on 8x8 faces"}) {
    EXPECT_NE(html.find(said), std::string::npos) << said;
  }
}

// Networks that stop before the first level say nothing of where.
TEST(IdentifiabilityStudy, CountsStopsBelowTheLevelsApart) {
  const auto study = make_identifiability_study();
  TaskResults results;
  const std::size_t levels = 5;
  double k = 0;
  for (const Task& task : study->tasks({})) {
    if (task.id.find("-pairs-seed-") != std::string::npos) {
      k += 0.01;
      results[task.id] = {{"half", 0.2 + k},
                          {"shares", std::vector<double>(levels, 0.5)},
                          {"minimiser", {0.0, 0.2, 0.8 - k, 1.0, 1.0}}};
      continue;
    }
    const bool clean = task.id.find("-sigma-0-") != std::string::npos;
    results[task.id] = {
        {"final", json::array({{{"solver", euler(100).spec()},
                                {"to_training_partner", {{"mean", clean ? 0.1 : 0.9}}},
                                {"between_random_partners", 1.0}}})}};
  }
  const std::vector<Finding> found = study->findings({}, results);
  EXPECT_EQ(found[0].measured,
            "Networks stop within the levels in 0 of 18 settings and seeds, below them in 18. Too "
            "few to compare");
  EXPECT_EQ(found[0].verdict, Verdict::kNotShown);
  EXPECT_TRUE(found[1].measured.starts_with(
      "Minimisers stop within the levels in 18 of 18 settings and seeds. "))
      << found[1].measured;
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

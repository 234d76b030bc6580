// Lemma 2 of arXiv 2510.18118: rectifying a straight coupling changes nothing.

#include <algorithm>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "../io/scratch_directory.h"
#include "flow/affine_gaussian.h"
#include "tools/pairs_file.h"
#include "tools/reflow/results.h"
#include "tools/reflow/rounds.h"
#include "tools/saved_run.h"

namespace gradvar::reflow_test {
namespace {

using testing::ScratchDirectory;

std::vector<double> weights_at(const RunConfig& config, const std::string& directory) {
  TrainingRun<double> run(config);
  load_weights_of(run, directory);
  const std::span<const double> flat = std::as_const(run.model()).parameters().flat();
  return {flat.begin(), flat.end()};
}

class Rectification : public ::testing::Test {
 protected:
  // The optimal field between two Gaussians, saved as a run that took no step.
  RunConfig optimal_run() {
    RunConfig config{.source = "gaussian:dim=2",
                     .target = "gaussian:dim=2,mean=3,scale=2",
                     .coupling = "optimal",
                     .pairs = 40,
                     .model = "affine-gaussian",
                     .steps = 30,
                     .batch = 16,
                     .optimizer = "sgd",
                     .precision = "f64"};
    TrainingRun<double> run(config);
    dynamic_cast<AffineGaussianField<double>&>(run.model()).set(*run.problem().optimal_map());
    (void)run.save(scratch_.path());
    write_run_toml(scratch_ / "run.toml", config);
    return config;
  }

  std::vector<nlohmann::json> rectified(int rounds) {
    const ReflowOptions options{.run = scratch_.path(),
                                .out = scratch_ / "out",
                                .rounds = rounds,
                                .solver = {.steps = 5},
                                .fresh = 30,
                                .sets = 2};
    std::filesystem::create_directories(options.out);
    return rectify(options, reflow_settings(options), ProgressMode::kSilent, [](const auto&) {});
  }

  ScratchDirectory scratch_;
};

TEST_F(Rectification, OfTheOptimalFieldChangesNothing) {
  const RunConfig config = optimal_run();
  const std::vector<nlohmann::json> records = rectified(2);
  ASSERT_EQ(records.size(), 3u);
  for (const nlohmann::json& record : records) {
    EXPECT_LT(record_number(record, "/straightness/mean"), 1e-20);
    EXPECT_LT(record_number(record, "/variance"), 1e-20);
    EXPECT_NEAR(record_number(record, "/one_step/sliced/mean"),
                record_number(record, "/many_steps/sliced/mean"), 1e-12);
  }
  const std::vector<double> before = weights_at(config, scratch_.path());
  const std::string last = scratch_ / "out/round-2";
  const std::vector<double> after = weights_at(saved_config(last), last);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-12);
}

// The claim above can fail: a run on random pairs of the same laws bends, and is straightened.
TEST_F(Rectification, StraightensTheFlowOfRandomPairs) {
  RunConfig config{.target = "gaussian:dim=2,mean=3",
                   .pairs = 60,
                   .model = "mlp:width=16,depth=2",
                   .steps = 600,
                   .batch = 64,
                   .learning_rate = 5e-3};
  TrainingRun<float> run(config);
  for (int i = 0; i < config.steps; ++i) run.trainer().step();
  (void)run.save(scratch_.path());
  write_run_toml(scratch_ / "run.toml", config);
  const std::vector<nlohmann::json> records = rectified(1);
  EXPECT_LT(record_number(records[1], "/straightness/high"),
            record_number(records[0], "/straightness/low"));
  EXPECT_LT(record_number(records[1], "/loss"), record_number(records[0], "/loss"));
}

}  // namespace
}  // namespace gradvar::reflow_test

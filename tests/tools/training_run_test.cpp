#include "tools/training_run.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "../io/error_of.h"
#include "../io/scratch_directory.h"
#include "io/atomic_file.h"
#include "tools/saved_run.h"

namespace gradvar::training_run_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

RunConfig small() {
  return {.pairs = 12, .model = "mlp:width=4,depth=1", .steps = 4, .batch = 6, .ema = 0.5};
}

template <class Real>
std::vector<Real> weights_of(TrainingRun<Real>& run) {
  const std::span<const Real> flat = std::as_const(run.model()).parameters().flat();
  return {flat.begin(), flat.end()};
}

TEST(TrainingRun, GoesOnFromACheckpointToTheSameBits) {
  const ScratchDirectory scratch;
  TrainingRun<float> straight(small()), first(small()), second(small());
  for (int i = 0; i < 4; ++i) straight.trainer().step();
  for (int i = 0; i < 2; ++i) first.trainer().step();
  second.load(first.save(scratch.path()));
  EXPECT_EQ(second.trainer().steps(), 2u);
  for (int i = 0; i < 2; ++i) second.trainer().step();
  EXPECT_EQ(weights_of(second), weights_of(straight));
  EXPECT_EQ(second.measure({}).whole.trace, straight.measure({}).whole.trace);
}

TEST(TrainingRun, ACheckpointOfOtherSettingsIsRefusedByName) {
  const ScratchDirectory scratch;
  TrainingRun<float> run(small());
  const std::string path = run.save(scratch.path()).string();
  RunConfig config = small();
  config.batch = 7;
  EXPECT_EQ(error_of([&] { TrainingRun<float>(config).load(path); }),
            "'" + path +
                "' was made with batch '6', this run has '7': a resumed run must keep its "
                "settings");
  config = small();
  config.steps = 99;
  config.threads = 2;
  EXPECT_EQ(error_of([&] { TrainingRun<float>(config).load(path); }), "no error");
}

TEST(TrainingRun, PointsThatChangedSinceAreNoticed) {
  const ScratchDirectory scratch;
  const std::string points = scratch / "p.csv";
  write_file(points, "1,2\n3,4\n");
  RunConfig config = small();
  config.target = "csv:" + points;
  TrainingRun<float> run(config);
  const std::string path = run.save(scratch.path()).string();
  EXPECT_EQ(error_of([&] { TrainingRun<float>(config).load(path); }), "no error");
  write_file(points, "1,2\n3,5\n");
  EXPECT_EQ(error_of([&] { TrainingRun<float>(config).load(path); }),
            "--target: the points are not those that '" + path +
                "' was made with: a resumed run needs the same file");
}

TEST(TrainingRun, ABatchThatCannotFitIsRefused) {
  RunConfig config = small();
  config.model = "mlp:width=100000,depth=1";
  config.batch = 4294967295;
  const std::string error = error_of([&] { TrainingRun<float> run(config); });
  EXPECT_EQ(error.substr(0, 42), "--batch: 4294967295 samples take 6.87 PB, ");
}

RunConfig small_images() {
  RunConfig config = small();
  config.source = "gaussian:shape=3x8x8";
  config.target = "faces:count=6,size=8";
  config.coupling = "independent";
  config.pairs = 6;
  config.model = "unet:channels=32,mult=1-2,blocks=1,attention=4,dropout=0.2";
  config.interpolant = "constant:sigma=0.1";
  config.clip = 0.5;
  config.batch = 5;
  return config;
}

// Dropout, noise, average and clipping too, on another number of threads.
TEST(TrainingRun, AUNetGoesOnFromACheckpointToTheSameBits) {
  const ScratchDirectory scratch;
  RunConfig config = small_images();
  config.threads = 1;
  TrainingRun<float> straight(config), first(config);
  config.threads = 2;
  TrainingRun<float> second(config);
  for (int i = 0; i < 4; ++i) straight.trainer().step();
  for (int i = 0; i < 2; ++i) first.trainer().step();
  second.load(first.save(scratch.path()));
  for (int i = 0; i < 2; ++i) second.trainer().step();
  EXPECT_EQ(weights_of(second), weights_of(straight));
  std::vector<float> averages[2];
  for (TrainingRun<float>* run : {&second, &straight}) {
    run->trainer().ema()->swap(run->model().parameters());
    averages[run == &straight] = weights_of(*run);
  }
  EXPECT_EQ(averages[0], averages[1]);
}

// A U-Net's values stand at every pixel: a sample takes MB, where its biases alone are some kB.
TEST(TrainingRun, ABatchOfImagesIsCountedPixelByPixel) {
  RunConfig config = small_images();
  TrainingRun<float> fits(config);
  fits.trainer().step();
  const double a_sample = static_cast<double>(fits.trainer().engine().used_bytes()) / 5;
  config.batch = 10000000;
  const std::string error = error_of([&] { TrainingRun<float> run(config); });
  EXPECT_EQ(error.substr(0, 31), "--batch: 10000000 samples take ") << error;
  ASSERT_NE(error.find(" TB, this machine has"), std::string::npos) << error;
  const double said = std::stod(error.substr(31)) * 1e12 / 1e7;
  EXPECT_LE(said, a_sample) << "a lane's own scratch is not a sample's";
  EXPECT_GE(said, 0.6 * a_sample);
}

TEST(TrainingRun, OptionsAreNamedWhereTheyAreWrong) {
  RunConfig config = small();
  config.optimizer = "adam:beta3=1";
  EXPECT_EQ(error_of([&] { TrainingRun<float> run(config); }),
            "--optimizer: [adam] unknown key 'beta3', expected only keys of: beta1, beta2, eps, "
            "weight-decay");
}

TEST(SavedRun, ReadsTheTrainedWeightsOrTheirAverage) {
  const ScratchDirectory scratch;
  TrainingRun<double> run(small());
  for (int i = 0; i < 3; ++i) run.trainer().step();
  run.save(scratch.path());
  TrainingRun<double> trained(small()), average(small());
  load_weights_of(trained, scratch.path(), WhichWeights::kTrained);
  load_weights_of(average, scratch.path(), WhichWeights::kAverage);
  EXPECT_EQ(weights_of(trained), weights_of(run));
  EXPECT_NE(weights_of(average), weights_of(run));
  run.trainer().ema()->swap(run.model().parameters());
  EXPECT_EQ(weights_of(average), weights_of(run));
}

TEST(SavedRun, SaysWhatIsMissing) {
  const ScratchDirectory scratch;
  EXPECT_EQ(error_of([&] { (void)saved_config(scratch.path()); }),
            "--run: '" + scratch.path() + "' is not a run: it holds no run.toml");
  write_file(scratch / "run.toml", "batch = 0\n");
  EXPECT_EQ(error_of([&] { (void)saved_config(scratch.path()); }),
            "--batch is 0, expected 1 or more");
  TrainingRun<float> run(small());
  EXPECT_EQ(
      error_of([&] { load_weights_of(run, scratch.path()); }),
      "--run: '" + scratch.path() + "' has no checkpoint yet: train it, or wait for the first one");
}

}  // namespace
}  // namespace gradvar::training_run_test

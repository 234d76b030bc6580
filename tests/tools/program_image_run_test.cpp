// Runs on images, from training to pictures.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "program.h"

namespace gradvar::testing::program_image_run_test {
namespace {

const std::string kFaces =
    "train --source gaussian:shape=3x8x8 --target faces:count=6,size=8 --pairs 6 --steps 4 "
    "--batch 3 --model unet:channels=8,mult=1-2,groups=4,attention=4 ";

TEST(ImageRun, WritesPicturesOfItsPairsWhileItTrains) {
  const ScratchDirectory scratch;
  ASSERT_EQ(run_gradvar(scratch, kFaces + "--samples-every 2 --evaluate-count 0 --out run").status,
            0);
  EXPECT_TRUE(scratch.has("run/samples/step-000002.png"));
  EXPECT_TRUE(scratch.has("run/samples/step-000004.png"));
  const auto summary = nlohmann::json::parse(read_file(scratch.path("run/summary.json").string()));
  EXPECT_TRUE(summary["evaluation"].is_null()) << "none was asked for";
  ASSERT_EQ(
      run_gradvar(scratch, "sample --run run --pairs 5 --solver euler:steps=2 --out g.png").status,
      0);
  ASSERT_EQ(
      run_gradvar(scratch, "sample --run run --pairs 5 --solver euler:steps=2 --out g.safetensors")
          .status,
      0);
  const Tensor<double> partner =
      SafetensorsFile::read(scratch.path("g.safetensors").string()).tensor<double>("partner");
  const Tensor<double> all =
      SafetensorsFile::read(scratch.path("run/pairs.safetensors").string()).tensor<double>("x1");
  ASSERT_EQ(partner.rows(), 5);
  for (std::int64_t i = 0; i < partner.size(); ++i) ASSERT_EQ(partner[i], all[i]);
}

// A file in the way of samples/ ended a training, without a checkpoint.
TEST(ImageRun, PicturesThatCannotBeWrittenNeverEndATraining) {
  const ScratchDirectory scratch;
  const std::string train = kFaces + "--samples-every 1 --evaluate-count 0 --out ";
  fs::create_directory(scratch.path("run"));
  scratch.write("run/samples", "in the way");
  const Outcome refused = run_gradvar(scratch, train + "run");
  EXPECT_EQ(refused.status, 2);
  EXPECT_EQ(refused.err, "gradvar: --samples-every: 'run/samples' is not a directory\n");
  EXPECT_FALSE(scratch.has("run/run.toml")) << "nothing has begun";

  fs::create_directories(scratch.path("other/samples/step-000002.png"));
  fs::create_directories(scratch.path("other/samples/step-000003.png"));
  const Outcome trained = run_gradvar(scratch, train + "other");
  EXPECT_EQ(trained.status, 0) << trained.err;
  const std::string sentence =
      "no picture after step 2: cannot write 'other/samples/step-000002.png': Is a directory; "
      "training goes on, and others that fail are not named\n";
  EXPECT_NE(trained.err.find(sentence), std::string::npos) << trained.err;
  EXPECT_EQ(trained.err.find("no picture after step 3"), std::string::npos) << trained.err;
  EXPECT_TRUE(scratch.has("other/samples/step-000001.png"));
  EXPECT_TRUE(scratch.has("other/samples/step-000004.png"));
  EXPECT_TRUE(scratch.has("other/weights.safetensors"));
}

TEST(ImageRun, RefusesWhatMakesNoPicture) {
  const ScratchDirectory scratch;
  const Outcome flat =
      run_gradvar(scratch, "train --target moons --steps 1 --samples-every 1 --out run");
  EXPECT_EQ(flat.status, 2);
  EXPECT_NE(flat.err.find("--samples-every: a sample has shape 2, expected square images"),
            std::string::npos)
      << flat.err;
  ASSERT_EQ(run_gradvar(scratch, kFaces + "--evaluate-count 0 --out run").status, 0);
  const Outcome many = run_gradvar(scratch, "sample --run run --pairs 7 --out g.png");
  EXPECT_EQ(many.status, 2);
  EXPECT_NE(many.err.find("--pairs is 7, the run has 6 pairs"), std::string::npos) << many.err;
  const Outcome table = run_gradvar(scratch, "sample --run run --pairs 2 --out g.csv");
  EXPECT_EQ(table.status, 2);
  EXPECT_NE(table.err.find("should end in .png or .safetensors with --pairs"), std::string::npos);
  // Before the flow is solved, for which these would take hours.
  const std::string solver = " --solver euler:steps=1000000 --out g.png";
  const Outcome large = run_gradvar(scratch, "sample --run run --count 64000" + solver);
  EXPECT_EQ(large.status, 2);
  EXPECT_EQ(large.err,
            "gradvar: --count: [png] a grid of 519 x 519999 pixels, expected 268435456 or fewer in "
            "all\n");
}

}  // namespace
}  // namespace gradvar::testing::program_image_run_test

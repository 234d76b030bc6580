// The fields that a run's pairs have in closed form, through the real program: followed, evaluated,
// and as the floor of the loss.
#include <cmath>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/npy.h"
#include "io/safetensors.h"
#include "program.h"

namespace gradvar::testing::program_fields_test {
namespace {

using nlohmann::json;

class ProgramFields : public ::testing::Test {
 protected:
  // A run of 20 pairs that are far apart, hardly trained.
  void train(const std::string& words) {
    const Outcome outcome =
        run_gradvar(scratch_, "train --pairs 20 --model mlp:width=8,depth=1 --batch 16 --steps 2 " +
                                  words + " --quiet --out run");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
  Outcome run(const std::string& words) { return run_gradvar(scratch_, words); }
  json answer(const std::string& words) {
    const Outcome outcome = run(words + " --json");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }
  std::string refusal(const std::string& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    return outcome.err;
  }
  // The root mean square distance of points to the run's targets, row by row.
  double distance_to_partners(const std::string& file) {
    const Tensor<double> points = read_npy(scratch_.path(file).string());
    const Tensor<double> x1 =
        SafetensorsFile::read(scratch_.path("run/pairs.safetensors").string()).tensor<double>("x1");
    EXPECT_EQ(points.shape(), x1.shape());
    double sum = 0;
    for (std::int64_t i = 0; i < x1.size(); ++i) sum += std::pow(points[i] - x1[i], 2);
    return std::sqrt(sum / 20);
  }
  ScratchDirectory scratch_;
};

constexpr const char* kFrom =
    " --from run/pairs.safetensors,key=x0 --solver euler:steps=400 --quiet --out p.npy";

// Proposition 2: followed from training sources it ends at their partners.
TEST_F(ProgramFields, TheMemorisingFieldReturnsThePartners) {
  train("--interpolant constant:sigma=0.05");
  ASSERT_EQ(run(std::string("sample --run run --field memorising") + kFrom).status, 0);
  EXPECT_LT(distance_to_partners("p.npy"), 1e-4);
  ASSERT_EQ(run(std::string("sample --run run") + kFrom).status, 0);
  EXPECT_GT(distance_to_partners("p.npy"), 1) << "the network does not";
}

TEST_F(ProgramFields, TheMinimiserMemorisesWithoutNoiseAndGivesTheMeanWithMuch) {
  train("--interpolant linear");
  ASSERT_EQ(run(std::string("sample --run run --field minimiser") + kFrom).status, 0);
  EXPECT_LT(distance_to_partners("p.npy"), 1e-4);
  fs::remove_all(scratch_.path("run"));
  // Noise larger than everything: all pairs are as likely, and v* is their mean displacement.
  train("--interpolant constant:sigma=1000");
  ASSERT_EQ(run(std::string("sample --run run --field minimiser") + kFrom).status, 0);
  const SafetensorsFile pairs =
      SafetensorsFile::read(scratch_.path("run/pairs.safetensors").string());
  const Tensor<double> x0 = pairs.tensor<double>("x0"), x1 = pairs.tensor<double>("x1");
  const Tensor<double> points = read_npy(scratch_.path("p.npy").string());
  for (int k = 0; k < 2; ++k) {
    double mean = 0;
    for (int i = 0; i < 20; ++i) mean += (x1.row(i)[k] - x0.row(i)[k]) / 20;
    for (int i = 0; i < 20; ++i) EXPECT_NEAR(points.row(i)[k] - x0.row(i)[k], mean, 1e-3);
  }
}

TEST_F(ProgramFields, NeedNoCheckpointAndKeepTheirBitsForAnyNumberOfThreads) {
  train("--interpolant constant:sigma=0.3");
  fs::remove_all(scratch_.path("run/checkpoints"));
  const std::string words = "sample --run run --field minimiser --count 300 --quiet ";
  ASSERT_EQ(run(words + "--threads 1 --out a.npy").status, 0);
  ASSERT_EQ(run(words + "--threads 3 --out b.npy").status, 0);
  EXPECT_EQ(scratch_.read("a.npy"), scratch_.read("b.npy"));
}

TEST_F(ProgramFields, EvaluateFollowsThemToo) {
  train("--interpolant linear");
  const json found = answer(
      "evaluate --run run --field memorising --fresh 20 --sets 0 --solver euler:steps=400")[0];
  EXPECT_LT(found["to_training_partner"]["mean"].get<double>(), 1e-4);
  EXPECT_EQ(found["memorised_share"], 1);
  EXPECT_EQ(refusal("evaluate --run run --field memorising --log-likelihood 3"),
            "gradvar: --log-likelihood goes with --field network, found --field memorising: only a "
            "network is differentiated\n");
}

TEST_F(ProgramFields, AreRefusedWhereTheyAreNotDefined) {
  train("--pairing resampled");
  const std::string sample = "sample --run run --count 3 --out p.csv --field ";
  EXPECT_EQ(refusal(sample + "memorising"),
            "gradvar: --field: memorising is not defined here: the run takes new pairs at every "
            "step, expected a run with --pairing fixed\n");
  EXPECT_EQ(refusal(sample + "best"),
            "gradvar: --field is 'best', expected one of network, minimiser, memorising\n");
  EXPECT_EQ(refusal("sample --model mlp --weights w --source gaussian:dim=2 --count 3 --out p.csv "
                    "--field minimiser"),
            "gradvar: --field minimiser goes with --run: it is made of a run's pairs\n");
  fs::remove_all(scratch_.path("run"));
  train("--interpolant bridge-full:sigma=0.5");
  EXPECT_EQ(refusal(sample + "minimiser"),
            "gradvar: --field: minimiser is not defined here: the target of "
            "'bridge-full:sigma=0.5' is infinite at t = 0 and 1, where sampling begins and "
            "ends\n");
  EXPECT_FALSE(scratch_.has("p.csv"));
}

TEST_F(ProgramFields, WithoutNoiseTheFloorIsNothingAndTheExcessTheLoss) {
  train("--interpolant linear");
  const json found = answer("variance --run run");
  EXPECT_EQ(found["loss_floor"]["value"], 0);
  EXPECT_EQ(found["excess"]["value"], found["loss"]);
  EXPECT_EQ(found["excess"]["standard_error"], 0);
  EXPECT_NE(run("variance --run run").out.find("\nloss floor 0, excess over it "),
            std::string::npos);
}

// Loss, floor and excess are measured apart from each other, and add up within their errors.
TEST_F(ProgramFields, WithNoiseFloorAndExcessAddUpToTheLoss) {
  train("--interpolant constant:sigma=2 --learning-rate 0.05");
  const json found = answer("variance --run run --noise-nodes 16");
  const double loss = found["loss"], floor = found["loss_floor"]["value"],
               excess = found["excess"]["value"];
  const double error = std::hypot(found["loss_floor"]["standard_error"].get<double>(),
                                  found["excess"]["standard_error"].get<double>());
  EXPECT_GT(error, 0);
  EXPECT_LT(error, 0.02 * loss);
  EXPECT_NEAR(floor + excess, loss, 4 * error);
  EXPECT_GT(floor, 0.01 * loss) << "the noise hides pairs from each other";
  const Outcome text = run("variance --run run --out v");
  EXPECT_NE(text.out.find("one standard error over draws"), std::string::npos) << text.out;
  const std::string report = scratch_.read("v/report.html");
  EXPECT_NE(report.find("its floor: the least any field has"), std::string::npos);
  EXPECT_NE(report.find("its excess over the floor"), std::string::npos);
}

TEST_F(ProgramFields, PairsThatAreResampledHaveNoFloorHere) {
  train("--pairing resampled --interpolant constant:sigma=0.5");
  const json found = answer("variance --run run");
  EXPECT_EQ(found["loss_floor"], nullptr);
  EXPECT_EQ(found["floor_unknown"],
            "the run takes new pairs at every step, and these are not its law");
  EXPECT_NE(run("variance --run run").out.find("loss floor: not known, the run takes new pairs"),
            std::string::npos);
}

}  // namespace
}  // namespace gradvar::testing::program_fields_test

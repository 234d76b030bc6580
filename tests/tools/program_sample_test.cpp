// gradvar sample and gradvar evaluate through the real program.
#include <algorithm>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/csv.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "program.h"

namespace gradvar::testing::program_sample_test {
namespace {

class ProgramSample : public ::testing::Test {
 protected:
  ProgramSample() {
    EXPECT_EQ(run_gradvar(scratch_,
                          "train --pairs 20 --model mlp:width=8,depth=1 --batch 16 "
                          "--steps 20 --quiet --out run")
                  .status,
              0);
  }
  Outcome sample(const std::string& words) { return run_gradvar(scratch_, "sample " + words); }
  std::string refusal(const std::string& words) {
    const Outcome outcome = sample(words);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  }

  ScratchDirectory scratch_;
};

TEST_F(ProgramSample, ThreeFormatsHoldTheSamePoints) {
  for (const std::string ending : {"csv", "npy", "safetensors"}) {
    const Outcome outcome = sample("--run run --count 5 --solver rk4:steps=3 --out p." + ending);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "5 points to p." + ending + ", 12 field evaluations a point\n");
  }
  const Tensor<double> csv = read_csv(scratch_.path("p.csv").string()).values;
  const Tensor<double> npy = read_npy(scratch_.path("p.npy").string());
  const Tensor<double> safetensors =
      SafetensorsFile::read(scratch_.path("p.safetensors").string()).tensor<double>("x");
  EXPECT_EQ(csv.shape(), (Shape{5, 2}));
  for (std::int64_t i = 0; i < csv.size(); ++i) {
    EXPECT_EQ(csv[i], npy[i]);
    EXPECT_EQ(csv[i], safetensors[i]);
  }
}

TEST_F(ProgramSample, GivenSourcesComeFromThreeFormats) {
  const Tensor<double> points(Shape{2, 2}, std::vector<double>{0, 1, -1, 0.5});
  write_csv(scratch_.path("x.csv").string(), {}, points);
  write_npy(scratch_.path("x.npy").string(), points);
  SafetensorsWriter writer;
  writer.add("points", points);
  writer.write(scratch_.path("x.safetensors").string());
  std::string first;
  for (const std::string ending : {"csv", "npy", "safetensors"}) {
    ASSERT_EQ(sample("--run run --from x." + ending + " --quiet --out p.csv").status, 0);
    const std::string text = scratch_.read("p.csv");
    if (first.empty()) first = text;
    EXPECT_EQ(text, first);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  }
}

TEST_F(ProgramSample, AWeightsFileAndASourceAreARun) {
  ASSERT_EQ(sample("--run run --count 7 --seed 3 --quiet --out a.csv").status, 0);
  ASSERT_EQ(sample("--model mlp:width=8,depth=1 --weights run/weights.safetensors --source "
                   "gaussian:dim=2 --count 7 --seed 3 --quiet --out b.csv")
                .status,
            0);
  EXPECT_EQ(scratch_.read("a.csv"), scratch_.read("b.csv"));
  ASSERT_EQ(sample("--model mlp:width=8,depth=1 --weights run/weights.safetensors --from a.csv "
                   "--quiet --precision f64 --out c.npy")
                .status,
            0);
  EXPECT_EQ(read_npy(scratch_.path("c.npy").string()).shape(), (Shape{7, 2}));
}

TEST_F(ProgramSample, SeedsAndThreadsKeepTheirPromises) {
  ASSERT_EQ(sample("--run run --count 600 --threads 1 --quiet --out a.npy").status, 0);
  ASSERT_EQ(sample("--run run --count 600 --threads 3 --quiet --out b.npy").status, 0);
  ASSERT_EQ(sample("--run run --count 600 --seed 1 --quiet --out c.npy").status, 0);
  EXPECT_EQ(scratch_.read("a.npy"), scratch_.read("b.npy"));
  EXPECT_NE(scratch_.read("a.npy"), scratch_.read("c.npy"));
}

TEST_F(ProgramSample, JsonSaysWhatWasDone) {
  const Outcome outcome = sample("--run run --count 5 --solver euler:steps=4 --json --out p.csv");
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["points"], 5);
  EXPECT_EQ(json["mean_evaluations"], 4);
  EXPECT_EQ(json["out"], "p.csv");
}

TEST_F(ProgramSample, OptionsThatDoNotGoTogetherAreRefused) {
  const std::string model = "--model mlp:width=8,depth=1 --weights run/weights.safetensors ";
  EXPECT_EQ(refusal("--run run --out p.csv"),
            "gradvar: give --count N for new sources or --from FILE for given ones, one of the "
            "two\n");
  EXPECT_EQ(refusal("--run run --count 3 --from x.csv --out p.csv"),
            "gradvar: give --count N for new sources or --from FILE for given ones, one of the "
            "two\n");
  EXPECT_EQ(refusal("--count 3 --out p.csv"),
            "gradvar: give --run DIR, or --model SPEC with --weights FILE\n");
  EXPECT_EQ(refusal("--run run --count 3 --out p.csv " + model),
            "gradvar: give --run DIR, or --model SPEC with --weights FILE\n");
  EXPECT_EQ(refusal("--run run --count 3 --out p.csv --precision f64"),
            "gradvar: --precision goes with --model and --weights: a run has its own\n");
  EXPECT_EQ(refusal("--run run --count 3 --out p.csv --source moons"),
            "gradvar: --source goes with --model and --weights: a run has its own\n");
  EXPECT_EQ(refusal(model + "--from x.csv --source moons --out p.csv"),
            "gradvar: give --source or --from, not both: a file's points need no law\n");
  EXPECT_EQ(refusal(model + "--count 3 --out p.csv"),
            "gradvar: --count needs --source SPEC, to say what to draw from: weights alone do "
            "not\n");
}

TEST_F(ProgramSample, ValuesThatAreWrongAreRefused) {
  EXPECT_EQ(refusal("--run run --count 3 --out p.txt"),
            "gradvar: --out: 'p.txt' should end in .npy, .csv, .safetensors or .png, to say the "
            "format\n");
  EXPECT_EQ(refusal("--run none --count 3 --out p.csv"),
            "gradvar: --run: 'none' is not a run: it holds no run.toml\n");
  EXPECT_EQ(refusal("--run run --count 0 --out p.csv"),
            "gradvar: --count is '0', expected a whole number from 1 to 2147483648\n");
  EXPECT_EQ(refusal("--run run --count 3 --seed -1 --out p.csv"),
            "gradvar: --seed is '-1', expected a whole number from 0 to 9223372036854775807\n");
  EXPECT_EQ(refusal("--run run --count 3 --solver leapfrog --out p.csv"),
            "gradvar: --solver: [solver] 'leapfrog' is no solver, expected euler, midpoint, heun, "
            "rk4 or dopri5\n");
  EXPECT_EQ(refusal("--model mlp:dim=1000000 --weights w --source gaussian:dim=1000000 --count "
                    "2147483648 --out p.csv")
                .substr(0, 65),
            "gradvar: --count: 2147483648 points of 1000000 coordinates take 1");
  EXPECT_EQ(scratch_.names(), std::vector<std::string>{"run"});
}

TEST_F(ProgramSample, SourcesThatDoNotFitAreRefused) {
  scratch_.write("three.csv", "1,2,3\n");
  scratch_.write("bad.csv", "x,y\n1,2\n1,zwei\n");
  EXPECT_EQ(refusal("--run run --from three.csv --out p.csv"),
            "gradvar: --from: a row of 'three.csv' is 3, the model's samples are 2\n");
  EXPECT_EQ(refusal("--run run --from bad.csv --out p.csv"),
            "gradvar: --from: bad.csv:3: column 2 is 'zwei', expected a number\n");
  EXPECT_EQ(refusal("--run run --from run --out p.csv").substr(0, 16), "gradvar: --from:");
}

TEST_F(ProgramSample, AFileOfSeveralTensorsNamesItsOwn) {
  EXPECT_EQ(refusal("--run run --from run/pairs.safetensors --out p.csv"),
            "gradvar: --from: run/pairs.safetensors: the file has 3 tensors, expected one, or "
            "',key=NAME' behind the path with one of optimal, x0, x1\n");
  ASSERT_EQ(sample("--run run --from run/pairs.safetensors,key=x0 --quiet --out a.csv").status, 0);
  ASSERT_EQ(sample("--run run --from safetensors:run/pairs.safetensors,key=x0 --quiet --out b.csv")
                .status,
            0);
  EXPECT_EQ(scratch_.read("a.csv"), scratch_.read("b.csv"));
  EXPECT_EQ(refusal("--run run --from run/pairs.safetensors,key=x0 --out run/pairs.safetensors"),
            "gradvar: --out: cannot write 'run/pairs.safetensors': it is what is read here\n");
}

TEST_F(ProgramSample, WeightsThatAreADeviceAreRefusedAtOnce) {
  EXPECT_EQ(refusal("--model mlp:width=8,depth=1 --weights /dev/zero --source gaussian:dim=2 "
                    "--count 3 --out p.csv"),
            "gradvar: cannot read '/dev/zero': Is a device, expected a regular file or a pipe\n");
}

TEST_F(ProgramSample, APictureNeedsImages) {
  EXPECT_EQ(refusal("--run run --count 3 --out p.png"),
            "gradvar: --out: 'p.png' is a picture, a sample has 2 numbers, expected a square image "
            "of one color or three\n");
}

// From noise to a picture by the U-Net's own command line.
TEST_F(ProgramSample, AUNetDrawsAPicture) {
  const Outcome train = run_gradvar(
      scratch_,
      "train --source gaussian:shape=3x8x8 --target faces:count=4,size=8 --pairs 4 --model "
      "unet:channels=4,mult=1-2,groups=2,attention=4 --steps 2 --batch 2 --monitor-every 0 --quiet "
      "--out faces");
  ASSERT_EQ(train.status, 0) << train.err;
  const Outcome sample =
      run_gradvar(scratch_, "sample --run faces --count 3 --solver euler:steps=2 --out faces.png");
  ASSERT_EQ(sample.status, 0) << sample.err;
  EXPECT_TRUE(scratch_.read("faces.png").starts_with("\x89PNG\r\n"));
}

TEST_F(ProgramSample, ARunWithoutACheckpointSaysSo) {
  fs::remove_all(scratch_.path("run/checkpoints"));
  EXPECT_EQ(refusal("--run run --count 3 --out p.csv"),
            "gradvar: --run: 'run' has no checkpoint yet: train it, or wait for the first one\n");
}

TEST_F(ProgramSample, EvaluateIsATableOrJson) {
  const std::string words = "evaluate --run run --fresh 50 --solver euler:steps=2 heun:steps=2 ";
  const Outcome table = run_gradvar(scratch_, words + "--out e.json");
  ASSERT_EQ(table.status, 0) << table.err;
  EXPECT_TRUE(table.out.starts_with("solver ")) << table.out;
  EXPECT_NE(table.out.find("\nheun:steps=2 "), std::string::npos);
  const Outcome json = run_gradvar(scratch_, words + "--json");
  const auto parsed = nlohmann::json::parse(json.out);
  ASSERT_EQ(parsed.size(), 2u);
  EXPECT_EQ(parsed[1]["mean_evaluations"], 4);
  EXPECT_EQ(parsed, nlohmann::json::parse(scratch_.read("e.json")));
  EXPECT_EQ(run_gradvar(scratch_, words + "--quiet").out, "");
}

TEST_F(ProgramSample, EvaluateKnowsTheLikelihoodOfHeldOutPoints) {
  scratch_.write("test.csv", "4,5\n5,5\n6,4\n");
  const Outcome outcome =
      run_gradvar(scratch_,
                  "evaluate --run run --fresh 20 --sets 2 --solver rk4:steps=4 --held-out test.csv "
                  "--log-likelihood 30 --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out)[0];
  EXPECT_EQ(json["log_likelihood"]["trace"], "exact");
  EXPECT_LT(json["log_likelihood"]["mean"], 0);
  EXPECT_LT(json["log_likelihood"]["low"], json["log_likelihood"]["high"]);
  EXPECT_EQ(json["log_likelihood"]["trace_standard_error"], 0);
  EXPECT_EQ(json["laws"]["energy"]["sets"], 2);
  const auto text = [&](const std::string& words) {
    return run_gradvar(scratch_, "evaluate --run run --fresh 20 --solver rk4:steps=4 " + words).out;
  };
  EXPECT_NE(text("--sets 0 --log-likelihood 30").find("nats a point"), std::string::npos)
      << "what was computed is said";
  const std::string with_sets = text("--sets 2");
  for (const char* row : {"to training partner", "straightness", "memorised, fresh"}) {
    const std::size_t at = with_sets.find(std::string("  ") + row);
    ASSERT_NE(at, std::string::npos) << row;
    EXPECT_NE(with_sets.substr(at, with_sets.find('\n', at) - at).find('['), std::string::npos)
        << row << " has its interval";
  }
  ASSERT_EQ(run_gradvar(scratch_,
                        "train --source moons --target moons --pairs 5 --model "
                        "mlp:width=4,depth=1 --batch 4 --steps 1 --quiet --out moons")
                .status,
            0);
  EXPECT_EQ(
      run_gradvar(scratch_, "evaluate --run moons --log-likelihood 3").err,
      "gradvar: --log-likelihood: the source is 'moons:noise=0.1', expected a Gaussian, whose "
      "density is known\n");
}

TEST_F(ProgramSample, EvaluateRefusesWhatIsWrong) {
  const auto error = [&](const std::string& words) {
    const Outcome outcome = run_gradvar(scratch_, "evaluate " + words);
    EXPECT_EQ(outcome.status, 2);
    return outcome.err;
  };
  EXPECT_EQ(error("--run run --fresh 1"),
            "gradvar: --fresh is '1', expected a whole number from 2 to 100000\n");
  EXPECT_EQ(error("--run run --solver euler:steps=0"),
            "gradvar: --solver: [euler] steps is 0, expected 1 to 10000000\n");
  EXPECT_EQ(error("--run run --held-out gaussian:dim=7"),
            "gradvar: --held-out: samples of shape 7, expected 2 as the run's\n");
  EXPECT_EQ(error("--run run --out run/summary.json"),
            "gradvar: --out: cannot write 'run/summary.json': it is what is read here\n");
  EXPECT_EQ(run_gradvar(scratch_, "reproduce gaussian --out run").err.substr(0, 28),
            "gradvar: --out: 'run' holds ");
  EXPECT_EQ(error("--run none"), "gradvar: --run: 'none' is not a run: it holds no run.toml\n");
  EXPECT_EQ(error(""), "gradvar: --run is required\n");
}

}  // namespace
}  // namespace gradvar::testing::program_sample_test

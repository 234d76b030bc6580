// gradvar theory through the real program: the known values, what diverges, and what is refused.
#include <cmath>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "autograd/tensor.h"
#include "io/npy.h"
#include "program.h"

namespace gradvar::testing::program_theory_test {
namespace {

using nlohmann::json;

class ProgramTheory : public ::testing::Test {
 protected:
  json answer(const std::string& words) {
    const Outcome outcome = run_gradvar(scratch_, "theory " + words);
    EXPECT_EQ(outcome.status, 0) << words << ": " << outcome.err;
    EXPECT_EQ(outcome.err, "") << words;
    return json::parse(outcome.out, nullptr, false);
  }
  std::string refusal(const std::string& words) {
    const Outcome outcome = run_gradvar(scratch_, "theory " + words);
    EXPECT_EQ(outcome.status, 2) << words;
    EXPECT_EQ(outcome.out, "") << words;
    return outcome.err;
  }
  void write_matrix(const std::string& name, const Shape& shape,
                    const std::vector<double>& values) {
    write_npy(scratch_.path(name).string(), Tensor<double>(shape, values));
  }
  ScratchDirectory scratch_;
};

double value(const json& from, const char* key) { return from.at(key).get<double>(); }

TEST_F(ProgramTheory, IndependentPairsHave42AndTwoThirds) {
  const json all = answer("gaussian --dim 2 --coupling independent --field optimal");
  EXPECT_NEAR(value(all, "trace"), 128.0 / 3, 1e-10);
  EXPECT_NEAR(value(all, "theta"), 16, 1e-10);
  EXPECT_NEAR(value(all, "Theta"), 80.0 / 3, 1e-10);
  EXPECT_NEAR(value(all, "loss"), 4, 1e-10);
  EXPECT_NEAR(value(all, "mean_squared_norm"), 0, 1e-10);
  EXPECT_EQ(all["divergence"], nullptr);
  EXPECT_EQ(all["singular_times"], json::array());
  EXPECT_FALSE(all.contains("profile"));
}

TEST_F(ProgramTheory, RotatedPairsHaveTheirKnownVariancesWhateverTheMean) {
  for (const char* mean : {"0", "5", "-2.5", "'1,-3'"}) {
    const std::string rest = std::string(" --mean ") + mean;
    EXPECT_NEAR(value(answer("gaussian --angle 60" + rest), "trace"), 86.0 / 3, 1e-9);
    EXPECT_NEAR(value(answer("gaussian --angle 120" + rest), "trace"), 66, 1e-9);
    EXPECT_NEAR(value(answer("gaussian --angle 0" + rest), "trace"), 0, 1e-9);
  }
  EXPECT_NEAR(value(answer("gaussian --angle 60"), "trace"), 86.0 / 3, 1e-10);
  EXPECT_NEAR(value(answer("gaussian --angle 120"), "trace"), 66, 1e-10);
}

TEST_F(ProgramTheory, ThePairsOwnFieldHasNoVariance) {
  const json half = answer("gaussian --angle 180 --field pair");
  EXPECT_NEAR(value(half, "trace"), 0, 1e-12);
  ASSERT_EQ(half["singular_times"].size(), 1u);
  EXPECT_NEAR(half["singular_times"][0].get<double>(), 0.5, 1e-12);
  EXPECT_NEAR(
      value(answer("gaussian --dim 5 --angle 70 --planes all --scale 2 --field pair"), "trace"), 0,
      1e-10);
}

TEST_F(ProgramTheory, SettingsStandBesideTheNumbers) {
  const json settings =
      answer("gaussian --dim 5 --angle 70 --planes all --noise bridge --sigma 0.2 --time 0.1:0.9")
          .at("settings");
  EXPECT_EQ(settings, json::parse(R"({"theory": "gaussian", "dim": 5, "coupling": "rotation",
    "angle": 70.0, "planes": 2, "field": "optimal", "noise": "bridge", "sigma": 0.2, "scale": 1.0,
    "covariance": null, "mean": [0.0, 0.0, 0.0, 0.0, 0.0], "time": [0.1, 0.9]})"));
}

TEST_F(ProgramTheory, ACovarianceFromAFileIsTheTargets) {
  write_matrix("s.npy", {2, 2}, {2.25, 0, 0, 2.25});
  scratch_.write("s.csv", "2.25,0\n0,2.25\n");
  const double by_scale = value(answer("gaussian --angle 60 --scale 1.5"), "trace");
  for (const char* file : {"s.npy", "s.csv"}) {
    const json by_file = answer(std::string("gaussian --angle 60 --covariance ") + file);
    EXPECT_NEAR(value(by_file, "trace"), by_scale, 1e-10);
    EXPECT_EQ(by_file["settings"]["covariance"], file);
    EXPECT_EQ(by_file["settings"]["scale"], nullptr);
  }
  write_matrix("wide.npy", {3, 3}, {2, 1, 0, 1, 2, 0, 0, 0, 1});
  EXPECT_EQ(answer("gaussian --angle 60 --covariance wide.npy")["settings"]["dim"], 3);
}

TEST_F(ProgramTheory, WhatDivergesIsTheWordInfiniteWithTheReason) {
  const json full = answer("gaussian --angle 120 --noise bridge-full --sigma 0.1");
  for (const char* key : {"trace", "theta", "Theta", "loss"}) EXPECT_EQ(full[key], "infinite");
  EXPECT_TRUE(std::isfinite(value(full, "mean_squared_norm")));
  EXPECT_EQ(full["divergence"], "the full bridge target has no finite second moment up to t = 0");
  const json within =
      answer("gaussian --angle 120 --noise bridge-full --sigma 0.1 --time 0.01:0.99");
  EXPECT_GT(value(within, "trace"), 0);
  EXPECT_EQ(within["divergence"], nullptr);
  const json noisy = answer("gaussian --angle 180 --field pair --noise constant --sigma 0.1");
  EXPECT_EQ(noisy["trace"], "infinite");
  EXPECT_TRUE(noisy["mean_squared_norm"].is_null());
  EXPECT_EQ(noisy["divergence"], "the field is singular at t = 0.5 and the coupling is not");
}

TEST_F(ProgramTheory, TheProfileStandsAtTheMiddlesOfItsBinsAndLeavesOutSingularTimes) {
  const json all =
      answer("gaussian --dim 3 --coupling independent --scale 0.3 --time 0.2:1 --per-time 4");
  ASSERT_EQ(all["profile"].size(), 4u);
  for (int i = 0; i < 4; ++i) {
    const json& row = all["profile"][i];
    const double t = 0.2 + 0.2 * (i + 0.5), alpha = 1 - t + 0.3 * t;
    EXPECT_NEAR(value(row, "t"), t, 1e-14);
    EXPECT_NEAR(value(row, "theta"), 24 * 0.09 / std::pow(alpha, 4), 1e-9);
    EXPECT_NEAR(value(row, "loss"), 6 * 0.09 / (alpha * alpha), 1e-10);
    EXPECT_NEAR(value(row, "trace"), value(row, "theta") + value(row, "Theta"), 1e-9);
    EXPECT_EQ(row["divergence"], nullptr);
  }
  const json half = answer("gaussian --angle 180 --field pair --per-time 3")["profile"];
  EXPECT_EQ(half[1]["t"], 0.5);
  EXPECT_EQ(half[1]["trace"], nullptr);
  EXPECT_EQ(half[1]["divergence"], "[gaussian theory] the field is singular at t = 0.5");
  EXPECT_NEAR(value(half[0], "trace"), 0, 1e-12);
}

TEST_F(ProgramTheory, ThePhaseBoundaryIsWhereThePaperHasIt) {
  const json constant = answer("phase-boundary --angle 120 --noise constant");
  EXPECT_NEAR(value(constant, "sigma"), 0.3234, 5.1e-5);
  EXPECT_EQ(constant["reason"], nullptr);
  EXPECT_NEAR(value(answer("phase-boundary --angle 120 --noise bridge"), "sigma"), 0.6802, 5.1e-5);
  const json none = answer("phase-boundary --coupling optimal --noise bridge");
  EXPECT_EQ(none["sigma"], nullptr);
  EXPECT_EQ(none["reason"], "the coupling is optimal: the fields are one");
}

TEST_F(ProgramTheory, TheAnswerIsAlsoWrittenToAFile) {
  const Outcome outcome = run_gradvar(scratch_, "theory gaussian --angle 60 --out a.json");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(scratch_.read("a.json"), outcome.out);
}

TEST_F(ProgramTheory, QuietAndJsonAreHeard) {
  const std::string words = "theory gaussian --angle 60 --out a.json ";
  EXPECT_EQ(run_gradvar(scratch_, words + "--quiet").out, "");
  EXPECT_EQ(run_gradvar(scratch_, words + "--json").out, scratch_.read("a.json"));
  EXPECT_EQ(run_gradvar(scratch_, words + "--quiet --json").out, scratch_.read("a.json"));
}

// A thousand took 44 seconds, without a word.
TEST_F(ProgramTheory, ManyDimensionsInPlanesAreAsTwo) {
  const json many = answer("gaussian --dim 400 --angle 120 --planes all --scale 0.5");
  const json plane = answer("gaussian --dim 2 --angle 120 --scale 0.5");
  for (const char* key : {"theta", "mean_squared_norm", "loss"}) {
    EXPECT_NEAR(value(many, key), 200 * value(plane, key), 1e-10 * value(many, key)) << key;
  }
  EXPECT_EQ(many["settings"]["planes"], 200);
}

TEST_F(ProgramTheory, HelpSaysWhatADivergingNumberIs) {
  const Outcome outcome = run_gradvar(scratch_, "theory --help");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find("\"infinite\""), std::string::npos);
  EXPECT_NE(outcome.out.find("  gradvar theory gaussian --"), std::string::npos);
}

TEST_F(ProgramTheory, TheoriesThatAreNotThereAreNamed) {
  EXPECT_EQ(refusal(""), "gradvar: expected a theory, gaussian or phase-boundary\n");
  EXPECT_EQ(refusal("gausian --angle 3"),
            "gradvar: the theory 'gausian' is unknown, expected gaussian or phase-boundary\n");
  EXPECT_TRUE(refusal("gaussian --agle 3")
                  .starts_with("gradvar: unknown option '--agle', did you mean '--angle'?"));
}

TEST_F(ProgramTheory, WhatIsReadIsNotWrittenOver) {
  scratch_.write("s.csv", "2,0\n0,1\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --covariance s.csv --out s.csv"),
            "gradvar: --out: cannot write 's.csv': it is what is read here\n");
  EXPECT_EQ(scratch_.read("s.csv"), "2,0\n0,1\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --mean 1e7"),
            "gradvar: --mean: '1e7' has a number that is not finite or beyond 1e6\n");
}

TEST_F(ProgramTheory, NumbersOutsideTheirRangeAreOneSentence) {
  EXPECT_EQ(refusal("gaussian --angle 60 --dim 0"),
            "gradvar: --dim is '0', expected a whole number from 1 to 10000\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --per-time 0"),
            "gradvar: --per-time is '0', expected a whole number from 1 to 100000\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --noise constant --sigma -1"),
            "gradvar: --sigma is '-1', expected a number from 0 to 1e6\n");
  EXPECT_EQ(refusal("gaussian --angle sixty"),
            "gradvar: --angle is 'sixty', expected a number of degrees from -1e6 to 1e6\n");
  EXPECT_EQ(refusal("gaussian --angle nan"),
            "gradvar: --angle is 'nan', expected a number of degrees from -1e6 to 1e6\n");
  for (const char* scale : {"0", "-1", "1e7", "1e-7"}) {
    EXPECT_EQ(refusal(std::string("gaussian --angle 60 --scale ") + scale),
              std::string("gradvar: --scale is '") + scale +
                  "', expected a standard deviation above 0, from 1e-6 to 1e6\n");
  }
  EXPECT_EQ(refusal("gaussian --angle 60 --planes 2"),
            "gradvar: --planes is '2', expected a whole number from 1 to 1\n");
  for (const char* time : {"0.5", "1:0", "0:2", "-1:1", "0.3:0.3", ":1", "0:x"}) {
    EXPECT_EQ(
        refusal(std::string("gaussian --angle 60 --time ") + time),
        std::string("gradvar: --time is '") + time + "', expected T0:T1 with 0 <= T0 < T1 <= 1\n");
  }
  EXPECT_EQ(refusal("gaussian --angle 60 --mean 1,2,3"),
            "gradvar: --mean: '1,2,3' has 3 numbers, expected 1 or 2 in 2 dimensions\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --mean inf"),
            "gradvar: --mean: 'inf' has a number that is not finite or beyond 1e6\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --noise pink --sigma 1"),
            "gradvar: --noise is 'pink', expected one of none, constant, bridge, bridge-full\n");
}

TEST_F(ProgramTheory, OptionsThatDoNotGoTogetherAreOneSentence) {
  EXPECT_EQ(refusal("gaussian"),
            "gradvar: --angle is required with --coupling rotation; the others are optimal and "
            "independent\n");
  EXPECT_EQ(refusal("gaussian --dim 1 --angle 60"),
            "gradvar: --angle: there is no plane to rotate in with 1 dimension, expected --dim 2 "
            "or more\n");
  EXPECT_EQ(refusal("gaussian --coupling independent --angle 60"),
            "gradvar: --angle goes with --coupling rotation\n");
  EXPECT_EQ(refusal("gaussian --coupling optimal --planes all"),
            "gradvar: --planes goes with --coupling rotation\n");
  EXPECT_EQ(refusal("gaussian --coupling independent --field pair"),
            "gradvar: --field pair is the field of the pairs' own map, and independent pairs have "
            "no map; expected --field optimal with --coupling independent\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --sigma 1"),
            "gradvar: --sigma goes with --noise constant, bridge or bridge-full\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --noise bridge"),
            "gradvar: --sigma is required with --noise bridge\n");
  EXPECT_EQ(refusal("phase-boundary --angle 60"),
            "gradvar: --noise is required, expected constant, bridge or bridge-full\n");
  EXPECT_EQ(refusal("phase-boundary --coupling independent --noise bridge"),
            "gradvar: --coupling is independent, expected rotation: the phase boundary compares "
            "the optimal field with that of the pairs' own map\n");
  EXPECT_EQ(refusal("phase-boundary --angle 60 --noise constant --sigma 1"),
            "gradvar: --sigma goes with 'gradvar theory gaussian'\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --out none/a.json"),
            "gradvar: --out: cannot write 'none/a.json': No such file or directory\n");
}

TEST_F(ProgramTheory, CovariancesThatAreNoneAreNamedByTheirFile) {
  const auto refusal_of = [&](const Shape& shape, const std::vector<double>& values,
                              const std::string& words = "") {
    write_matrix("s.npy", shape, values);
    return refusal("gaussian --angle 60 --covariance s.npy" + words);
  };
  EXPECT_EQ(refusal_of({2, 2}, {1, 0.5, 0.4, 1}),
            "gradvar: --covariance: [s.npy] the covariance is not symmetric: entries (2, 1) and "
            "(1, 2) differ\n");
  EXPECT_TRUE(refusal_of({2, 2}, {1, 2, 2, 1})
                  .starts_with("gradvar: --covariance: [s.npy] the covariance is not positive "
                               "definite: its smallest eigenvalue is -"));
  EXPECT_EQ(refusal_of({2, 3}, {1, 0, 0, 1, 0, 0}),
            "gradvar: --covariance: s.npy: the matrix is 2x3, expected a square one\n");
  EXPECT_EQ(refusal_of({4}, {1, 0, 0, 1}),
            "gradvar: --covariance: s.npy: the matrix is 4, expected a square one\n");
  EXPECT_EQ(refusal_of({2, 2}, {1, 0, 0, 1}, " --dim 3"),
            "gradvar: --covariance: s.npy: the matrix is 2x2, expected 3x3 in 3 dimensions\n");
  EXPECT_EQ(refusal_of({2, 2}, {1, 0, 0, NAN}),
            "gradvar: --covariance: s.npy: a number is not finite\n");
  EXPECT_EQ(refusal_of({2, 2}, {1, 0, 0, 1}, " --scale 2"),
            "gradvar: --scale goes with a target of c^2 I: --covariance gives the whole matrix\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --covariance none.npy"),
            "gradvar: --covariance: cannot read 'none.npy': No such file or directory\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --covariance s.txt"),
            "gradvar: --covariance: 's.txt' is neither a .npy nor a .csv file\n");
  scratch_.write("bad.csv", "1,0\n0,x\n");
  EXPECT_EQ(refusal("gaussian --angle 60 --covariance bad.csv"),
            "gradvar: --covariance: bad.csv:2: column 2 is 'x', expected a number\n");
}

}  // namespace
}  // namespace gradvar::testing::program_theory_test

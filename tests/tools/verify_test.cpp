// `gradvar verify` passes on what there is, and cannot be talked into passing a broken op.

#include <gtest/gtest.h>
#include <sstream>

#include "autograd/op_cases.h"
#include "tests/autograd/broken_ops.h"
#include "tools/verify/loop_difference.h"
#include "tools/verify/model_cases.h"
#include "tools/verify/verification.h"

namespace gradvar::verify_test {
namespace {

using testing::broken_gain;
using testing::Mistake;

GradcheckCase broken(Mistake mistake) {
  return gradcheck_case(
      "broken", {{.name = "x", .sample = {5}}}, {{.name = "g", .shape = {5}}},
      [mistake](auto& tape, auto x, auto p) { return broken_gain(tape, x[0], p[0], mistake); },
      [](auto x, auto p) {
        std::vector<double> y;
        for (std::size_t i = 0; i < 5; ++i) y.push_back(3 * x[0][i] * p[0][i]);
        return y;
      });
}

std::string printed(std::span<const VerificationRow> rows) {
  std::ostringstream out;
  print_verification(out, rows);
  return out.str();
}

TEST(Verification, FindsEverythingThereIsExact) {
  const std::vector<VerificationRow> rows = verify_everything();
  EXPECT_TRUE(all_within(rows)) << printed(rows);
  EXPECT_GE(rows.size(), op_cases().size() + model_cases().size() + 7);
  EXPECT_EQ(printed(rows).find("WRONG"), std::string::npos);
  EXPECT_EQ(to_json(rows)["pass"], true);
}

TEST(Verification, AsksEveryQuestionOfEveryOpAndModel) {
  for (const VerificationRow& row : verify_everything()) {
    // A U-Net's output is held against PyTorch's (bench/peers/torch_unet.py): it has no closed
    // form.
    EXPECT_EQ(row.closed_form.has_value(), !row.what.starts_with("unet")) << row.what;
    if (row.group == "facts") continue;
    EXPECT_TRUE(row.finite_difference.has_value() && row.loop_f64.has_value() &&
                row.loop_f32.has_value())
        << row.what;
  }
}

TEST(Verification, AWorkingOpIsExactAndEachMistakeIsWrongInItsColumn) {
  EXPECT_TRUE(verify_case("ops", broken(Mistake::kNone)).within());
  const auto row = [](Mistake mistake) { return verify_case("ops", broken(mistake)); };
  EXPECT_FALSE(row(Mistake::kFlippedSign).finite_difference->within());
  EXPECT_FALSE(row(Mistake::kForgetsAFactor).finite_difference->within());
  EXPECT_FALSE(row(Mistake::kWrongValue).closed_form->within());
  const VerificationRow averaged = row(Mistake::kAveragesParameter);
  EXPECT_FALSE(averaged.loop_f64->within());
  EXPECT_FALSE(averaged.loop_f32->within());
  EXPECT_TRUE(averaged.closed_form->within());
}

TEST(Verification, NamesWhatIsWrongInTheTableAndInJson) {
  const std::vector<VerificationRow> rows = {verify_case("ops", broken(Mistake::kNone)),
                                             verify_case("ops", broken(Mistake::kFlippedSign))};
  EXPECT_FALSE(all_within(rows));
  const std::string table = printed(rows);
  EXPECT_NE(table.find("exact"), std::string::npos);
  EXPECT_NE(table.find("WRONG, f64 fd: broken: gradient of input x, element "), std::string::npos)
      << table;
  const nlohmann::json json = to_json(rows);
  EXPECT_EQ(json["pass"], false);
  EXPECT_EQ(json["rows"][0]["pass"], true);
  EXPECT_EQ(json["rows"][1]["pass"], false);
  EXPECT_NEAR(json["rows"][1]["finite_difference"]["relative"].get<double>(), 2, 1e-6);
}

TEST(LoopDifference, SeesAGradientThatDependsOnThePlaceInTheBatch) {
  const LoopSetup setup{.batch = 6, .lanes = 2, .weighted = true};
  EXPECT_LE(loop_difference<double>(broken(Mistake::kNone), setup).relative, 1e-12);
  EXPECT_GT(loop_difference<double>(broken(Mistake::kHalvesOneParameter), setup).relative, 0.01);
  EXPECT_GT(loop_difference<float>(broken(Mistake::kAveragesParameter), setup).relative, 0.01);
}

TEST(ModelCases, ReferencesNeedTheActivationTheyName) {
  // The plain loop of one activation must not pass for another.
  std::vector<GradcheckCase> cases = model_cases();
  std::swap(cases[1].reference, cases[2].reference);
  EXPECT_GT(forward_difference<double>(cases[1]).relative, 1e-3);
}

}  // namespace
}  // namespace gradvar::verify_test

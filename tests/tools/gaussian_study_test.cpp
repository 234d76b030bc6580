// The gaussian study: its own little mathematics, and what small runs of its topics say.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "tests/io/scratch_directory.h"
#include "tools/studies/gaussian/lines.h"
#include "tools/studies/gaussian/sampling.h"
#include "tools/studies/gaussian/topic.h"

namespace gradvar::gaussian::gaussian_study_test {
namespace {

using gradvar::testing::ScratchDirectory;
using report::Verdict;

TEST(Lines, ChiHasItsKnownProbabilities) {
  EXPECT_EQ(chi_probability(0.3, 0), 1);
  EXPECT_EQ(chi_probability(0, 3), 0);
  EXPECT_NEAR(chi_probability(1, 1), std::erf(std::sqrt(0.5)), 1e-14);
  EXPECT_NEAR(chi_probability(1, 2), 1 - std::exp(-0.5), 1e-14);
  EXPECT_NEAR(chi_probability(40, 3), 1, 1e-12);
  // |z|^d / (2^(d/2) Gamma(d/2 + 1)) when small.
  EXPECT_NEAR(chi_probability(1e-3, 9) * 945 * std::sqrt(std::acos(-1.0) / 2) / 1e-27, 1, 1e-5);
}

TEST(Lines, ComeNearestWhereTheyShould) {
  const std::vector<double> p = {0, 0}, q = {2, 2}, r = {0, 2}, s = {2, 0}, beside = {2, 4};
  const LinePair crossing{p, q, r, s};
  EXPECT_TRUE(segments_cross(crossing));
  EXPECT_NEAR(nearest_at_one_time(crossing).distance, 0, 1e-15);
  EXPECT_TRUE(nearest_at_one_time(crossing).inside);
  EXPECT_NEAR(nearest_at_any_times(crossing), 0, 1e-15);
  // They run side by side, and cross no more.
  const LinePair parallel{p, q, r, beside};
  EXPECT_FALSE(segments_cross(parallel));
  EXPECT_NEAR(nearest_at_one_time(parallel).distance, 2, 1e-15);
  EXPECT_FALSE(nearest_at_one_time(parallel).inside);
  EXPECT_NEAR(nearest_at_any_times(parallel), std::sqrt(2), 1e-15);
  // Curves cross where the two points are not at one time.
  const std::vector<double> a = {-1, 0}, b = {9, 0}, c = {0, -9}, e = {0, 1};
  EXPECT_TRUE(segments_cross({a, b, c, e}));
  EXPECT_NEAR(nearest_at_any_times({a, b, c, e}), 0, 1e-15);
  EXPECT_GT(nearest_at_one_time({a, b, c, e}).distance, 1);
}

TEST(Sampling, IsTheSameForTheSameSeedAndNearTheClosedForm) {
  const GaussianSetting setting = rotated(2, 60);
  EXPECT_EQ(sample_moments(setting, 100, 3).trace(), sample_moments(setting, 100, 3).trace());
  EXPECT_NE(sample_moments(setting, 100, 3).trace(), sample_moments(setting, 100, 4).trace());
  EXPECT_NEAR(sample_moments(setting, 100'000, 0).trace(), 86.0 / 3, 1);
  EXPECT_NEAR(sample_moments(setting, 20'000, 0, 0.5).loss, 2, 0.1);
}

TEST(Agreement, CountsWhatLiesOutside) {
  const Spread near{{9, 10, 11, 10}};
  EXPECT_TRUE(agreement({{10.2, near}, {9.9, near}}).holds());
  const Agreement wrong = agreement({{10.2, near}, {20, near}});
  EXPECT_EQ(wrong.inside, 1);
  EXPECT_FALSE(wrong.holds());
  EXPECT_NEAR(wrong.farthest, 10 / std::sqrt(2.0 / 3 / 4), 1e-9);
  const Agreement vague = agreement({{10.2, Spread{{5, 15}}}});
  EXPECT_EQ(vague.inside, 1);
  EXPECT_FALSE(vague.holds()) << "two batches hold anything: " << vague.text();
}

std::vector<Statement> say(const Topic& topic) {
  const Preset small{
      .seeds = 4, .samples = 400, .angle_step = 60, .line_pairs = 2000, .sources = 20};
  const ScratchDirectory directory;
  const std::vector<Statement> said = topic.statements(
      small, run_tasks(topic.tasks(small), directory.path(), 2, ProgressMode::kSilent));
  for (const Statement& s : said) EXPECT_TRUE(s.rule.starts_with("Shown when ")) << s.claim;
  return said;
}

TEST(GaussianTopics, WhatIsExactIsShownOnFewSamplesToo) {
  for (const auto& make : {make_proposition_1, make_meeting, make_over_time, make_lemma_2}) {
    for (const Statement& statement : say(*make())) {
      EXPECT_EQ(statement.verdict, Verdict::kShown) << statement.claim << "\n"
                                                    << statement.measured;
    }
  }
}

TEST(GaussianTopics, TheMemorisingFieldReturnsPairsUnlessItIsAskedWhereAllLinesMeet) {
  const std::vector<Statement> said = say(*make_proposition_2());
  ASSERT_EQ(said.size(), 3u);
  EXPECT_EQ(said[0].verdict, Verdict::kShown) << said[0].measured;
  EXPECT_EQ(said[1].verdict, Verdict::kPartly) << said[1].measured;
  EXPECT_EQ(said[2].verdict, Verdict::kShown) << said[2].measured;
  EXPECT_NE(said[2].measured.find("singular at t = 0.5"), std::string::npos) << said[2].measured;
}

// Figure 4 holds from sigma* on and not below it, which is "partly" for each kind of noise.
TEST(GaussianTopics, FiguresAndTheirVerdicts) {
  using enum Verdict;
  const auto verdicts = [](const auto& make) {
    std::vector<Verdict> list;
    for (const Statement& statement : say(*make())) list.push_back(statement.verdict);
    return list;
  };
  EXPECT_EQ(verdicts(make_figure_4), (std::vector{kPartly, kPartly, kShown}));
  EXPECT_EQ(verdicts(make_figure_5), (std::vector{kShown}));
  EXPECT_EQ(verdicts(make_phase), (std::vector{kShown}));
  EXPECT_EQ(verdicts(make_dimension), (std::vector{kShown}));
}

TEST(GaussianTopics, AnIntervalNeedsTwoBatches) {
  EXPECT_EQ(preset_of({.preset = "quick", .seeds = 1}).seeds, 2);
  EXPECT_EQ(preset_of({.preset = "quick", .seeds = 5}).seeds, 5);
  EXPECT_GT(preset_of({.preset = "full"}).samples, preset_of({.preset = "quick"}).samples);
}

}  // namespace
}  // namespace gradvar::gaussian::gaussian_study_test

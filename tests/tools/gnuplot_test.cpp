#include <cmath>
#include <gtest/gtest.h>

#include "tests/io/scratch_directory.h"
#include "tools/report/figure.h"
#include "tools/report/process.h"
#include "tools/report/scale.h"

namespace gradvar::report::gnuplot_test {
namespace {

using testing::ScratchDirectory;

bool has_text(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// One panel of everything a figure can hold.
Figure everything() {
  Panel panel;
  panel.title = "*d* = 3 & more_or_less";
  panel.x = {"time *t*", "s"};
  panel.y = {"σ_{max} {it's}"};
  panel.y.logarithmic = true;
  panel.series = {
      heat_map("", {0, 1, 2}, {1, 2, 4}, {1, 2, 3, 4}),
      line("a_line", role::kNoNoise, {0, 1}, {1, 2}, 1),
      band("a band", role::kNoise, {0, 1}, {1, 2}, {1, 1}, {2, 3}),
      points("points", role::kSource, {0.5}, {1}),
      error_bars("bars", role::kTarget, {0.5}, {2}, {1}, {3}),
      segments("segments", role::kFloor.with_opacity(0.5), {0, 1}, {1, 2}, {1, 2}, {3, 4}),
      arrows("arrows", role::kExact, {0}, {1}, {1}, {2}),
      bars("boxes", role::kOptimalField, {0, 1}, {1, 1}, {0.5, 1.5}, {2, 3})};
  panel.references = {{false, 2, "floor"}, {true, 1, "crossing"}};
  panel.notes = {{1, 2, "a {note}"}};
  Figure figure;
  figure.panels = {panel};
  return figure;
}

TEST(GnuplotScript, MentionsEverySeriesAndItsRows) {
  const std::string script = figure_script(everything(), "all");
  for (const char* label : {"'a\\_line'", "'a band'", "'points'", "'bars'", "'segments'",
                            "'arrows'", "'boxes'", "'floor'", "'crossing'", "'a \\{note\\}'"}) {
    EXPECT_TRUE(has_text(script, label)) << label;
  }
  for (int series = 1; series <= 8; ++series) {
    EXPECT_TRUE(has_text(script, "pick(1," + std::to_string(series) + ")")) << series;
  }
}

TEST(GnuplotScript, WritesUnitsAndEscapesLabels) {
  const std::string script = figure_script(everything(), "all");
  EXPECT_TRUE(has_text(script, "set xlabel 'time {/:Italic t} [s]'"));
  EXPECT_TRUE(has_text(script, "set ylabel 'σ_{max} \\{it''s\\}'"));
  EXPECT_TRUE(has_text(script, "'{/:Bold {/:Italic d} = 3 \\& more\\_or\\_less}'"));
}

TEST(GnuplotScript, KeepsTheColourOfARole) {
  const std::string script = figure_script(everything(), "all");
  EXPECT_TRUE(has_text(script, "lc rgb '#000072b2' lw 2 dt solid"));
  EXPECT_TRUE(has_text(script, "lc rgb '#00d55e00' lw 2 dt (8,4)"));
  EXPECT_TRUE(has_text(script, "lc rgb '#80808080' lw 2 dt (2,4) notitle"));  // half seen
}

// The fakes of figure_test.cpp accept anything; where there is a gnuplot, it must accept this.
TEST(GnuplotScript, IsAcceptedByGnuplotWhereThereIsOne) {
  const ScratchDirectory directory;
  Figure figure = everything();
  figure.panels.push_back({});  // an empty panel still has axes
  figure.columns = 2;
  const WrittenFigure written = write_figure(figure, directory.path(), "all");
  EXPECT_EQ(written.problem, find_program("gnuplot") ? "" : "gnuplot is not installed");
}

TEST(GnuplotScript, SharesOneLegendBetweenPanelsWithTheSameLabels) {
  Figure figure;
  figure.columns = 2;
  Panel panel;
  panel.series = {line("a", {}, {0, 1}, {0, 1})};
  figure.panels = {panel, panel};
  const std::string shared = figure_script(figure, "f");
  EXPECT_TRUE(has_text(shared, "set key at screen 0.5"));
  EXPECT_TRUE(has_text(shared, "unset key"));
  figure.panels[1].series[0].label = "b";
  EXPECT_FALSE(has_text(figure_script(figure, "f"), "set key at screen"));
}

TEST(GnuplotScript, LeavesOutAReferenceOutsideTheRangeAskedFor) {
  Figure figure = everything();
  figure.panels[0].y.high = 1.5;
  EXPECT_FALSE(has_text(figure_script(figure, "f"), "'floor'"));
}

TEST(Scale, IncludesReferencesAndNotes) {
  Panel panel;
  panel.series = {line("", {}, {0, 1}, {2, 4})};
  panel.references = {{false, 10, ""}};
  panel.notes = {{3, 5, "note"}};
  EXPECT_EQ(x_range(panel).high, 3);
  EXPECT_NEAR(y_range(panel).high, 10.4, 1e-12);
  EXPECT_NEAR(y_range(panel).low, 1.6, 1e-12);
}

TEST(Scale, SkipsWhatAnAxisCannotShow) {
  Panel panel;
  panel.y.logarithmic = true;
  panel.series = {line("", {}, {0, 1, 2, 3}, {-1, 0, std::nan(""), 2})};
  EXPECT_NEAR(y_range(panel).low, 2.0 / 3, 1e-12);
  EXPECT_NEAR(y_range(panel).high, 6, 1e-12);
}

TEST(Scale, HasARangeWithoutData) {
  Panel panel;
  EXPECT_EQ(x_range(panel).low, 0);
  EXPECT_EQ(x_range(panel).high, 1);
  panel.x.logarithmic = true;
  EXPECT_EQ(x_range(panel).high, 10);
}

TEST(Scale, ShowsASizeFromZero) {
  Panel panel;
  panel.series = {points("", {}, {0, 10}, {0, 10})};
  EXPECT_EQ(y_range(panel).low, 0);
  EXPECT_NEAR(x_range(panel).high, 10.4, 1e-12);
}

TEST(Scale, CentresDivergingColoursOnZero) {
  Panel panel;
  panel.series = {heat_map("", {0, 1, 2}, {0, 1}, {-1, 3})};
  EXPECT_EQ(heat_range(panel).low, -1);
  panel.heat_colours = HeatColours::kDiverging;
  EXPECT_EQ(heat_range(panel).low, -3);
  EXPECT_EQ(heat_range(panel).high, 3);
}

TEST(Scale, PutsTicksOfALogarithmicAxisAtOneTwoFive) {
  const std::vector<double> ticks = log_ticks({0.15, 12});
  ASSERT_EQ(ticks.size(), 6u);
  const std::vector<double> expected = {0.2, 0.5, 1, 2, 5, 10};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(ticks[i], expected[i], 1e-12);
  EXPECT_GE(log_ticks({1.2, 3.5}).size(), 3u);
}

// The label of "random partner" stood on the curves that reach it at the end of training.
TEST(Scale, FindsAPlaceForALabelWhereNoCurveIs) {
  const auto position = [](const std::vector<double>& y, const std::vector<double>& high) {
    Panel panel;
    panel.x.logarithmic = panel.y.logarithmic = true;
    panel.series = {band("", role::kNoise, {1, 10, 100, 1000}, y, y, high)};
    panel.references = {{false, 1, "random partner"}};
    return clear_position(panel, 1);
  };
  EXPECT_EQ(position({1, 0.3, 0.1, 0.01}, {1, 0.3, 0.1, 0.01}), 0.98) << "the usual place";
  EXPECT_LT(position({0.01, 0.1, 0.5, 2}, {0.01, 0.1, 0.5, 2}), 0.9) << "a curve rises there";
  EXPECT_LT(position({0.01, 0.01, 1.1, 1.1}, {0.01, 0.01, 1.1, 1.1}), 0.5)
      << "only the left is free";
  EXPECT_LT(position({0.01, 0.01, 0.01, 0.01}, {0.01, 0.01, 0.01, 30}), 0.9) << "a band counts";
}

TEST(Palette, GivesANoiseLevelOneStyle) {
  EXPECT_EQ(noise_style(0).colour, role::kNoNoise.colour);
  EXPECT_EQ(noise_style(0.05).colour, role::kNoise.colour);
  EXPECT_EQ(noise_style(0.2).colour, role::kStrongNoise.colour);
  for (int a = 0; a < 14; ++a) {
    for (int b = 0; b < a; ++b) {
      const Style one = series_style(a), other = series_style(b);
      EXPECT_FALSE(one.colour == other.colour && one.marker == other.marker) << a << " and " << b;
    }
  }
  EXPECT_EQ(series_style(14).colour, series_style(0).colour);
  EXPECT_EQ(series_style(-1).colour, series_style(13).colour);
}

TEST(Palette, CountsTransparencyFromOpaque) {
  EXPECT_EQ(gnuplot_colour(Colour::kBlue), "#000072b2");
  EXPECT_EQ(gnuplot_colour(Colour::kBlue, 0), "#ff0072b2");
  EXPECT_EQ(gnuplot_colour(Colour::kBlue, 2), "#000072b2");
}

}  // namespace
}  // namespace gradvar::report::gnuplot_test

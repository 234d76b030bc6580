// What write_figure() leaves behind, with gnuplot, without it, and with one that fails. A small
// shell script plays gnuplot, so that the tests say the same on a machine that has none.
#include "tools/report/figure.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>

#include "io/atomic_file.h"
#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"
#include "tools/report/process.h"

namespace gradvar::report::figure_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

// $PATH for the length of a test.
class PathIs {
 public:
  explicit PathIs(const std::string& path) : old_(std::getenv("PATH")) {
    setenv("PATH", path.c_str(), 1);
  }
  ~PathIs() { setenv("PATH", old_.c_str(), 1); }
  PathIs(const PathIs&) = delete;
  PathIs& operator=(const PathIs&) = delete;

 private:
  std::string old_;
};

void write_fake_gnuplot(const ScratchDirectory& directory, const std::string& body) {
  const std::string path = directory / "gnuplot";
  write_file(path, "#!/bin/sh\n" + body);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

Figure two_series() {
  Panel panel;
  panel.x = {"training step"};
  panel.y = {"loss"};
  panel.series = {line("plain, \"quoted\"", role::kNoNoise, {1, 2}, {0.5, 0.25}),
                  band("*σ* = 0.05", role::kNoise, {1, 2}, {1, std::nan("")}, {0.1, 0.2}, {2, 3})};
  Figure figure;
  figure.panels = {panel};
  return figure;
}

TEST(Figure, DataFileIsTidyAndHasOnlyTheColumnsInUse) {
  EXPECT_EQ(figure_csv(two_series()),
            "panel,series,x,y,low,high,label\n"
            "1,1,1,0.5,,,\"plain, \"\"quoted\"\"\"\n"
            "1,1,2,0.25,,,\"plain, \"\"quoted\"\"\"\n"
            "1,2,1,1,0.1,2,σ = 0.05\n"
            "1,2,2,nan,0.2,3,σ = 0.05\n");
}

TEST(Figure, DataFileNumbersPanels) {
  Figure figure;
  figure.panels.resize(2);
  figure.panels[1].series = {segments("s", {}, {0}, {1}, {2}, {3})};
  EXPECT_EQ(figure_csv(figure), "panel,series,x,y,x2,y2,label\n2,1,0,1,2,3,s\n");
}

TEST(Figure, HeatMapCellsFollowTheEdges) {
  const Series map = heat_map("", {0, 1, 3}, {10, 20}, {7, 8});
  EXPECT_EQ(map.x, (std::vector<double>{0, 1}));
  EXPECT_EQ(map.x2, (std::vector<double>{1, 3}));
  EXPECT_EQ(map.y, (std::vector<double>{10, 10}));
  EXPECT_EQ(map.y2, (std::vector<double>{20, 20}));
  EXPECT_EQ(map.value, (std::vector<double>{7, 8}));
}

TEST(Figure, RefusesWhatDoesNotFit) {
  EXPECT_EQ(error_of([] { (void)figure_csv({}); }),
            "[figure] there is no panel, expected at least one");
  Figure figure = two_series();
  figure.columns = 0;
  EXPECT_EQ(error_of([&] { (void)figure_csv(figure); }),
            "[figure] columns is 0, expected at least 1");
  figure = two_series();
  figure.panels[0].series[1].low.pop_back();
  EXPECT_EQ(error_of([&] { (void)figure_csv(figure); }),
            "[figure] series '*σ* = 0.05' has 1 values of low, expected 2");
  EXPECT_EQ(error_of([] {
              (void)heat_map("", {0, 1}, {0, 1}, {1, 2});
            }),
            "[heat_map] there are 2 values for 2 y edges and 2 x edges; expected one for each cell "
            "between them");
  const ScratchDirectory directory;
  EXPECT_EQ(error_of([&] { (void)write_figure(two_series(), directory.path(), "../x"); }),
            "[figure] name is '../x', expected letters, digits, - and _");
  EXPECT_EQ(directory.count(), 0);
}

TEST(Figure, KeepsDataAndScriptWithoutGnuplot) {
  const ScratchDirectory directory;
  const PathIs empty("");
  const WrittenFigure written = write_figure(two_series(), directory / "figures", "loss");
  EXPECT_FALSE(written.drawn);
  EXPECT_EQ(written.problem, "gnuplot is not installed");
  EXPECT_EQ(read_file(written.data.string()), figure_csv(two_series()));
  EXPECT_EQ(read_file(written.script.string()), figure_script(two_series(), "loss"));
  EXPECT_FALSE(std::filesystem::exists(written.picture));
}

TEST(Figure, RunsGnuplotInItsDirectoryWithoutTheUsersSettings) {
  const ScratchDirectory directory;
  write_fake_gnuplot(directory, "echo \"$@\" > loss.svg\n");
  const PathIs fake(directory.path());
  const WrittenFigure written = write_figure(two_series(), directory / "figures", "loss");
  EXPECT_TRUE(written.drawn) << written.problem;
  EXPECT_EQ(read_file(written.picture.string()), "-d loss.gp\n");
}

TEST(Figure, SaysWhatGnuplotSaidAndLeavesNoPicture) {
  const ScratchDirectory directory;
  write_file(directory / "loss.svg", "of an earlier run");
  write_fake_gnuplot(directory,
                     "echo half > loss.svg; echo 'plot x' >&2; echo '  line 3: no such color' >&2;"
                     " exit 2\n");
  const PathIs fake(directory.path());
  const WrittenFigure written = write_figure(two_series(), directory.path(), "loss");
  EXPECT_FALSE(written.drawn);
  EXPECT_EQ(written.problem, "gnuplot ended with status 2: line 3: no such color");
  EXPECT_FALSE(std::filesystem::exists(written.picture));
}

TEST(Figure, GivesUpOnAGnuplotThatHangs) {
  const ScratchDirectory directory;
  write_fake_gnuplot(directory, "while :; do :; done\n");
  const PathIs fake(directory.path());
  const WrittenFigure written = write_figure(two_series(), directory.path(), "loss", 0.125);
  EXPECT_FALSE(written.drawn);
  EXPECT_EQ(written.problem, "gnuplot did not finish within 0.125 seconds");
}

TEST(Figure, CallsAPictureThatWasNotMadeAFailure) {
  const ScratchDirectory directory;
  write_fake_gnuplot(directory, "exit 0\n");
  const PathIs fake(directory.path());
  EXPECT_EQ(write_figure(two_series(), directory.path(), "loss").problem,
            "gnuplot ended with status 0");
}

TEST(Process, FindsOnlyExecutableFiles) {
  const ScratchDirectory directory;
  write_file(directory / "plain", "x");
  std::filesystem::create_directory(directory / "folder");
  write_fake_gnuplot(directory, "exit 0\n");
  const PathIs path("/nonexistent::" + directory.path());
  EXPECT_EQ(find_program("gnuplot"), std::filesystem::path(directory / "gnuplot"));
  EXPECT_EQ(find_program("plain"), std::nullopt);
  EXPECT_EQ(find_program("folder"), std::nullopt);
}

TEST(Process, PassesArgumentsAsTheyAre) {
  const ScratchDirectory directory;
  write_fake_gnuplot(directory, "printf '%s|' \"$@\"; exit 3\n");
  const ProgramResult result =
      run_program(directory / "gnuplot", {"a b", "$HOME", ""}, directory.path(), 20);
  EXPECT_EQ(result.output, "a b|$HOME||");
  EXPECT_EQ(result.status, 3);
  EXPECT_FALSE(result.timed_out);
}

TEST(Process, ReportsAProgramThatIsNotThere) {
  EXPECT_EQ(run_program("/nonexistent/program", {}, "", 20).status, 127);
}

}  // namespace
}  // namespace gradvar::report::figure_test

#include "tools/report/html.h"

#include <gtest/gtest.h>
#include <set>

#include "io/atomic_file.h"
#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::report::html_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

bool has_text(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A figure as write_figure() leaves it, with a picture like gnuplot's.
WrittenFigure drawn(const ScratchDirectory& directory, const std::string& name, int width) {
  WrittenFigure figure{name,
                       directory / (name + ".csv"),
                       directory / (name + ".gp"),
                       directory / (name + ".svg"),
                       true,
                       ""};
  write_file(figure.picture.string(),
             "<?xml version=\"1.0\"?><svg width=\"" + std::to_string(width) +
                 "\"><defs><path id='gpPt1'/></defs><g id=\"plot\"><use xlink:href='#gpPt1'/></g>"
                 "</svg>");
  return figure;
}

TEST(Report, EscapesEveryText) {
  Report report("<b>title</b>", "<i>");
  report.lead("<lead>");
  report.section("<section>");
  report.subsection("<sub>");
  report.paragraph("<p1>");
  report.list({"<item>"});
  report.code("*a* <code>");
  report.definitions({{"<term>", "<value>"}});
  report.table("t", {{{"<head>", Align::kLeft, "<unit>"}}, {{"<cell>"}}},
               {"<caption>", "<seeds>", "<spread>", "<command>"});
  const std::string html = report.html();
  for (const char* word : {"lead", "section", "sub", "p1", "item", "term", "value", "head", "unit",
                           "cell", "caption", "seeds", "spread", "command"}) {
    EXPECT_TRUE(has_text(html, std::string("&lt;") + word + "&gt;")) << word;
  }
  EXPECT_TRUE(has_text(html, "<title>&lt;b&gt;title&lt;/b&gt;</title>"));
  EXPECT_TRUE(has_text(html, "<pre><code>*a* &lt;code&gt;</code></pre>"));
}

TEST(Report, NumbersSectionsAndListsThem) {
  Report report("T");
  report.section("One");
  report.subsection("Inner");
  report.section("Two");
  const std::string html = report.html();
  EXPECT_TRUE(has_text(html, "<h3 id=\"section-1.1\"><span class=\"n\">1.1</span>Inner</h3>"));
  EXPECT_TRUE(has_text(html, "<a href=\"#section-2\">Two</a></li>\n</ol></nav>"));
  EXPECT_TRUE(has_text(html, "<a href=\"#section-1\">One</a>\n<ol>\n<li>"));
}

TEST(Report, RefersToFiguresAndTablesBeforeAndAfter) {
  const ScratchDirectory directory;
  Report report("T");
  report.lead("see [[loss]]");
  report.figure(drawn(directory, "first", 600), {"first"});
  report.figure(drawn(directory, "loss", 600), {"after [[mmd]]"});
  report.table("mmd", {{{"a"}}, {{"1"}}}, {"numbers"});
  const std::string html = report.html();
  EXPECT_TRUE(has_text(html, "see <a href=\"#loss\">Figure\u00a02</a>"));
  EXPECT_TRUE(has_text(html, "after <a href=\"#mmd\">Table\u00a01</a>"));
}

TEST(Report, HasEveryIdOnceAndNeedsNothingElse) {
  const ScratchDirectory directory;
  Report report("T");
  report.section("S");
  report.figure(drawn(directory, "a", 600), {"a"});
  report.figure(drawn(directory, "b", 600), {"b"});
  const std::string html = report.html();
  std::set<std::string> ids;
  for (std::size_t at = 0; (at = html.find(" id=", at)) != std::string::npos; ++at) {
    const std::size_t end = html.find(html[at + 4], at + 5);
    EXPECT_TRUE(ids.insert(html.substr(at + 5, end - at - 5)).second) << html.substr(at, end - at);
  }
  EXPECT_EQ(ids, (std::set<std::string>{"section-1", "a", "a-gpPt1", "a-plot", "b", "b-gpPt1",
                                        "b-plot"}));
  EXPECT_FALSE(has_text(html, "<?xml"));
  EXPECT_FALSE(has_text(html, "<script"));
  EXPECT_FALSE(has_text(html, "<link"));
  EXPECT_FALSE(has_text(html, "@import"));
}

TEST(Report, LetsAWideFigureStandOutOfTheText) {
  const ScratchDirectory directory;
  Report report("T");
  report.figure(drawn(directory, "narrow", 660), {"n"});
  report.figure(drawn(directory, "broad", 940), {"b"});
  const std::string html = report.html();
  EXPECT_TRUE(has_text(html, "<figure id=\"narrow\">"));
  EXPECT_TRUE(has_text(html, "<figure class=\"wide\" id=\"broad\">"));
}

TEST(Report, NamesTheDataOfAFigureThatWasNotDrawn) {
  Report report("T");
  report.figure(
      {"loss", "x/loss.csv", "x/loss.gp", "x/loss.svg", false, "gnuplot is not installed"},
      {"The loss"});
  EXPECT_TRUE(has_text(report.html(),
                       "The picture was not drawn: gnuplot is not installed. Its numbers are in "
                       "<code>loss.csv</code>; <code>gnuplot loss.gp</code> draws it."));
}

TEST(Report, SaysAVerdictInWords) {
  Report report("T");
  report.table("t",
               {{{"claim", Align::kLeft}, {"value"}, {"verdict", Align::kCentre}},
                {{"group"},
                 {"a", best("1"), Verdict::kShown},
                 {"b", "2", Verdict::kPartly},
                 {"c", "3", Verdict::kNotShown}}},
               {"c"});
  const std::string html = report.html();
  EXPECT_TRUE(has_text(html, "<td colspan=\"3\">group</td>"));
  EXPECT_TRUE(has_text(html,
                       "<td class=\"right\"><span class=\"best\">1</span></td><td "
                       "class=\"centre\"><span class=\"verdict shown\">shown</span></td>"));
  EXPECT_TRUE(has_text(html, "<span class=\"verdict partly\">partly</span>"));
  EXPECT_TRUE(has_text(html, "<span class=\"verdict not-shown\">not shown</span>"));
}

TEST(Report, RefusesWhatDoesNotFit) {
  Report report("T");
  EXPECT_EQ(error_of([&] { report.subsection("S"); }),
            "[report] subsection 'S' stands before the first section");
  const Table bad{{{"a"}, {"b"}, {"c"}}, {{"1", "2"}}};
  EXPECT_EQ(error_of([&] { report.table("t", bad, {"c"}); }),
            "[report] row 1 of table 't' has 2 cells, expected 3");
  const Table good{{{"a"}}, {}};
  report.table("t", good, {"c"});
  EXPECT_EQ(error_of([&] { report.table("t", good, {"c"}); }),
            "[report] there are two figures or tables named 't', expected one");
  report.paragraph("[[nowhere]]");
  EXPECT_EQ(error_of([&] { (void)report.html(); }),
            "[report] text refers to [[nowhere]], expected the name of a figure or table");
}

TEST(Report, ShowsTheMachineLiterally) {
  Machine machine;
  machine.processor = "A*B*C <x>";
  Report report("T");
  report.machine(machine);
  EXPECT_TRUE(has_text(report.html(), "<dt>Processor</dt><dd>A*B*C &lt;x&gt;</dd>"));
}

TEST(Report, WritesOneFile) {
  const ScratchDirectory directory;
  Report report("T");
  report.write(directory / "report.html");
  EXPECT_EQ(read_file(directory / "report.html"), report.html());
  EXPECT_EQ(directory.count(), 1);
}

}  // namespace
}  // namespace gradvar::report::html_test

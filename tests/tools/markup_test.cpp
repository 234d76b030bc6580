#include "tools/report/markup.h"

#include <gtest/gtest.h>

namespace gradvar::report::markup_test {
namespace {

TEST(Markup, EscapesHtmlInPlainText) {
  EXPECT_EQ(escape_html("a < b & c > \"d\" 'e'"),
            "a &lt; b &amp; c &gt; &quot;d&quot; &#39;e&#39;");
  EXPECT_EQ(html_from_markup("<script>x_y</script>"), "&lt;script&gt;x_y&lt;/script&gt;");
  EXPECT_EQ(escape_html(""), "");
}

TEST(Markup, DropsControlCharactersThatCouldForgeALink) {
  EXPECT_EQ(escape_html(std::string("a\x01"
                                    "b\x7f"
                                    "c\td\n")),
            "abc\td\n");
}

TEST(Markup, RendersEachSignAsHtml) {
  EXPECT_EQ(html_from_markup("`a<b` **c** *d* x_{t} y^{2}"),
            "<code>a&lt;b</code> <strong>c</strong> <em>d</em> x<sub>t</sub> y<sup>2</sup>");
  EXPECT_EQ(html_from_markup("see [[fig-1]]"),
            "see \x01"
            "fig-1\x01");
}

TEST(Markup, NestsSigns) {
  EXPECT_EQ(html_from_markup("**a *b* c_{*t*}**"),
            "<strong>a <em>b</em> c<sub><em>t</em></sub></strong>");
  EXPECT_EQ(html_from_markup("*a **b** c*"), "<em>a <strong>b</strong> c</em>");
}

TEST(Markup, LeavesSignsWithoutPartnerAsText) {
  EXPECT_EQ(html_from_markup("2 * 3"), "2 * 3");
  EXPECT_EQ(html_from_markup("a_b `c x_{t"), "a_b `c x_{t");
  EXPECT_EQ(html_from_markup("**"), "**");
  EXPECT_EQ(html_from_markup("[[not a name]]"), "[[not a name]]");
}

TEST(Markup, TakesABackslashAsEscape) {
  EXPECT_EQ(html_from_markup("\\*a\\* \\[1\\] C:\\dir"), "*a* [1] C:\\dir");
}

TEST(Markup, LiteralTextComesBackUnchanged) {
  const std::string nasty = "*a* `b` c_{d} [[e]] \\f ^{g} **";
  EXPECT_EQ(plain_from_markup(literal(nasty)), nasty);
  EXPECT_EQ(plain_from_markup("`" + literal("a`b") + "`"), "a`b");
}

TEST(Markup, EscapesGnuplotsOwnSigns) {
  EXPECT_EQ(gnuplot_from_markup("a_b^c@d&e~f{g}"), "'a\\_b\\^c\\@d\\&e\\~f\\{g\\}'");
  EXPECT_EQ(gnuplot_from_markup("the paper's C:\\x"), "'the paper''s C:\\\\x'");
  EXPECT_EQ(gnuplot_from_markup("two\nlines"), "'two lines'");
}

TEST(Markup, RendersEachSignForGnuplot) {
  EXPECT_EQ(gnuplot_from_markup("*x*_{1} **b** `c_d` e^{2}"),
            "'{/:Italic x}_{1} {/:Bold b} c\\_d e^{2}'");
}

TEST(Markup, PlainTextHasNoSigns) {
  EXPECT_EQ(plain_from_markup("*x*_{1} **b** `c_d` 10^{−3}"), "x1 b c_d 10^−3");
}

}  // namespace
}  // namespace gradvar::report::markup_test

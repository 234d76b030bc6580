#include "tools/report/svg.h"

#include <gtest/gtest.h>

#include "tests/io/error_of.h"

namespace gradvar::report::svg_test {
namespace {

using testing::error_of;

constexpr const char* kPicture =
    "<?xml version=\"1.0\"?>\n<!-- made --><svg width=\"4\">\n<title>Gnuplot</title><desc>d</desc>"
    "<defs><circle id='gpPt0'/><use xlink:href='#gpPt0' id='gpPt1'/></defs>"
    "<g id=\"plot_1\" clip-path=\"url(#clip)\"><title>s</title></g><g id=\"plot_1\"/></svg>\n";

TEST(InlineSvg, KeepsTheElementAloneAndGivesIdsAPrefix) {
  EXPECT_EQ(inline_svg(kPicture, "fig", "a < b"),
            "<svg role=\"img\" aria-label=\"a &lt; b\" width=\"4\">\n"
            "<defs><circle id='fig-gpPt0'/><use xlink:href='#fig-gpPt0' id='fig-gpPt1'/></defs>"
            "<g id=\"fig-plot_1\" clip-path=\"url(#fig-clip)\"></g><g id=\"fig-plot_1-2\"/></svg>");
}

TEST(InlineSvg, RefusesWhatIsNoPicture) {
  EXPECT_EQ(error_of([] { (void)inline_svg("<html></html>", "f", ""); }),
            "[inline_svg] the file holds no <svg> element");
  EXPECT_EQ(error_of([] { (void)inline_svg("<svg><script>x</script></svg>", "f", ""); }),
            "[inline_svg] the picture carries a script, expected shapes and text only");
}

}  // namespace
}  // namespace gradvar::report::svg_test

// What a U-Net's spec says, and what it refuses.

#include <gtest/gtest.h>

#include "nn/unet.h"
#include "tests/nn/helpers.h"
#include "tests/nn/unets.h"

namespace gradvar::unet_options_test {
namespace {

using testing::other;
using testing::refusal;
using testing::small;

TEST(UNetOptions, SpecsReadBack) {
  EXPECT_EQ(UNetOptions{.size = 32}.spec(),
            "unet:size=32,colors=3,channels=32,mult=1-2-2,blocks=1,attention=16,heads=1");
  UNetOptions all = other();
  all.dropout = 0.1;
  all.attention = {};
  EXPECT_EQ(all.spec(),
            "unet:size=8,colors=2,channels=4,mult=1-1.5-2,blocks=1,attention=none,heads=1,"
            "head-channels=2,scale-shift=true,updown=true,dropout=0.1,groups=2");
  for (const UNetOptions& options : {small(), other(), all}) {
    EXPECT_EQ(UNetOptions::parse(options.spec()).spec(), options.spec());
  }
}

TEST(UNetOptions, RefusesBadOptions) {
  const auto parse = [](const std::string& keys) {
    return refusal([&] { (void)UNetOptions::parse("unet:" + keys); });
  };
  EXPECT_EQ(parse("channels=32"), "[unet] the key size is missing");
  EXPECT_EQ(parse("size=0"), "[unet] size is 0, expected 1 to 1000000");
  EXPECT_EQ(parse("size=30"),
            "[unet] size is 30, expected a multiple of 4, as mult has 3 levels and each but the "
            "last halves it");
  EXPECT_EQ(parse("size=32,channels=48"),
            "[unet] the number of channels is 48 at level 0 of mult, expected a multiple of "
            "groups=32 (every norm has so many groups)");
  EXPECT_EQ(parse("size=32,heads=3"),
            "[unet] the number of channels is 64 at level 1 of mult, expected a multiple of "
            "heads=3");
  EXPECT_EQ(parse("size=32,head-channels=5"),
            "[unet] the number of channels is 64 at level 1 of mult, expected a multiple of "
            "head-channels=5");
  EXPECT_EQ(parse("size=32,mult=1-x"),
            "[unet] mult is '1-x', expected numbers above 0 joined by '-', such as 1-2-2");
  EXPECT_EQ(parse("size=32,mult=1--2"),
            "[unet] mult is '1--2', expected numbers above 0 joined by '-', such as 1-2-2");
  EXPECT_EQ(parse("size=32,attention=1.5"),
            "[unet] attention is '1.5', expected whole numbers of pixels joined by '-', or none");
  EXPECT_EQ(parse("size=32,dropout=1"), "[unet] dropout is 1, expected 0 or more and less than 1");
  EXPECT_EQ(parse("size=32,blocks=0"), "[unet] blocks is 0, expected 1 to 1000");
}

}  // namespace
}  // namespace gradvar::unet_options_test

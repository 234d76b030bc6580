#include "tools/partner_grid.h"

#include <gtest/gtest.h>

#include "tests/io/error_of.h"

namespace gradvar::partner_grid_test {
namespace {

using testing::error_of;

std::string refusal_of(const Problem& problem, std::int64_t count) {
  return error_of([&] { check_partner_grid(problem, count); });
}

TEST(PartnerGrid, IsRefusedBeforeItsPairsAreFollowed) {
  const std::string pixel = "gaussian:shape=1x1x1";
  const Problem optimal({.source = pixel, .target = pixel, .pairs = 16000});
  EXPECT_EQ(refusal_of(optimal, 15000), "no error");
  EXPECT_EQ(refusal_of(optimal, 16000),
            "--pairs: [png] a grid of 519 x 519999 pixels, expected 268435456 or fewer in all");
  EXPECT_EQ(refusal_of(optimal, 16001), "--pairs is 16001, the run has 16000 pairs");
  // Without optimal partners a line is shorter, and so a picture may have more of them.
  const Problem without({.source = "gaussian:dim=1", .target = "mixture:dim=1", .pairs = 6000});
  EXPECT_EQ(refusal_of(without, 6000), "no error");
}

}  // namespace
}  // namespace gradvar::partner_grid_test

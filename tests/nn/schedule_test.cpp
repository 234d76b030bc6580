// Schedules against their formulas at the places where they turn.

#include "nn/schedule.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "tests/nn/helpers.h"

namespace gradvar::schedule_test {
namespace {

using testing::refusal;

TEST(Schedule, IsConstantByDefault) {
  const Schedule schedule;
  for (const std::uint64_t k : {0, 1, 1000000}) EXPECT_EQ(schedule.rate(k), 1e-3);
}

TEST(Schedule, WarmUpRisesFromTheFirstStepToThePeak) {
  const Schedule schedule{.peak = 2.0, .warmup = 4};
  EXPECT_EQ(schedule.rate(0), 0.5);
  EXPECT_EQ(schedule.rate(1), 1.0);
  EXPECT_EQ(schedule.rate(3), 2.0);
  EXPECT_EQ(schedule.rate(4), 2.0);
  EXPECT_EQ(schedule.rate(400), 2.0);
}

TEST(Schedule, CosineGoesFromPeakToFloorAndStaysThere) {
  const Schedule schedule{
      .kind = Schedule::Kind::cosine, .peak = 1.0, .warmup = 2, .steps = 10, .floor = 0.2};
  EXPECT_EQ(schedule.rate(0), 0.5);
  EXPECT_EQ(schedule.rate(2), 1.0);
  EXPECT_NEAR(schedule.rate(4), 0.2 + 0.8 * (1 + std::sqrt(0.5)) / 2, 1e-15);
  EXPECT_NEAR(schedule.rate(6), 0.6, 1e-15);
  EXPECT_GT(schedule.rate(9), 0.2);
  EXPECT_EQ(schedule.rate(10), 0.2);
  EXPECT_EQ(schedule.rate(11), 0.2);
}

TEST(Schedule, SpecsReadBack) {
  EXPECT_EQ(Schedule{}.spec(), "constant:rate=0.001,warmup=0");
  const std::string cosine = "cosine:rate=2e-04,warmup=100,steps=10000,floor=1e-06";
  EXPECT_EQ(Schedule::parse(cosine).spec(), cosine);
  EXPECT_EQ(Schedule::parse("constant:warmup=5").spec(), "constant:rate=0.001,warmup=5");
  EXPECT_EQ(Schedule::parse("cosine:steps=7").rate(7), 0);
}

TEST(Schedule, RefusesWhatMakesNoSense) {
  const auto parse = [](const char* spec) {
    return refusal([spec] { (void)Schedule::parse(spec); });
  };
  EXPECT_EQ(parse("linear"), "[schedule] the name is 'linear', expected constant or cosine");
  EXPECT_EQ(parse("constant:rate=-1"),
            "[schedule] rate is -1, expected a finite number of 0 or more");
  EXPECT_EQ(parse("constant:rate=inf"), "[constant] rate is 'inf', expected a finite number");
  EXPECT_EQ(parse("constant:warmup=-1"), "[schedule] warmup is -1 steps, expected 0 or more");
  EXPECT_EQ(parse("cosine"), "[cosine] the key steps is missing");
  EXPECT_EQ(parse("cosine:steps=5,warmup=5"),
            "[schedule] steps is 5, expected more than the 5 steps of warm-up");
  EXPECT_EQ(parse("cosine:steps=5,floor=1"), "[schedule] floor is 1, expected 0 to the rate 0.001");
  EXPECT_EQ(parse("cosine:steps=5,floor=nan"), "[cosine] floor is 'nan', expected a finite number");
  EXPECT_EQ(parse("constant:steps=5"),
            "[constant] unknown key 'steps', expected only keys of: rate, warmup");
}

}  // namespace
}  // namespace gradvar::schedule_test

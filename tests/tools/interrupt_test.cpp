#include "tools/interrupt.h"

#include <gtest/gtest.h>

namespace gradvar::interrupt_test {
namespace {

TEST(Interrupt, FirstSignalSetsTheFlag) {
  const InterruptGuard guard(false);
  EXPECT_FALSE(interrupt_requested());
  EXPECT_EQ(interrupt_status(), 0);
  raise(SIGINT);
  EXPECT_TRUE(interrupt_requested());
  EXPECT_EQ(interrupt_status(), 130);
}

TEST(Interrupt, ANewGuardForgetsAnOldSignal) {
  {
    const InterruptGuard guard(false);
    raise(SIGTERM);
    EXPECT_EQ(interrupt_status(), 143);
  }
  const InterruptGuard guard(false);
  EXPECT_FALSE(interrupt_requested());
}

TEST(Interrupt, ANestedGuardKeepsTheSignalAndTheHandler) {
  const InterruptGuard outer(false);
  raise(SIGINT);
  { const InterruptGuard inner(false); }
  EXPECT_TRUE(interrupt_requested());
  struct sigaction now {};
  sigaction(SIGINT, nullptr, &now);
  EXPECT_NE(now.sa_handler, SIG_DFL);
}

TEST(Interrupt, BringsBackTheOldHandlers) {
  struct sigaction before {};
  sigaction(SIGTERM, nullptr, &before);
  {
    const InterruptGuard guard(false);
    struct sigaction now {};
    sigaction(SIGTERM, nullptr, &now);
    EXPECT_NE(now.sa_handler, before.sa_handler);
  }
  struct sigaction after {};
  sigaction(SIGTERM, nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
}

TEST(InterruptDeathTest, SecondSignalEndsTheProgramAtOnce) {
  const auto two_signals = [](int signal) {
    const InterruptGuard guard(true);
    raise(signal);
    raise(signal);
  };
  EXPECT_EXIT(two_signals(SIGINT), ::testing::ExitedWithCode(130), "stopping after this step");
  EXPECT_EXIT(two_signals(SIGTERM), ::testing::ExitedWithCode(143), "stopping after this step");
}

}  // namespace
}  // namespace gradvar::interrupt_test

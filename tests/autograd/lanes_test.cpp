#include "autograd/lanes.h"

#include <gtest/gtest.h>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/autograd/refusal_of.h"

namespace gradvar::lanes_test {
namespace {

using testing::refusal_of;

TEST(LanePool, RunsEveryTaskOnceOnAnyNumberOfThreads) {
  for (const int threads : {1, 2, 3, 8}) {
    LanePool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const int tasks : {0, 1, 2, 7, 100}) {
      std::vector<int> runs(tasks);
      pool.run(tasks, [&](int i) { ++runs[i]; });
      EXPECT_EQ(runs, std::vector<int>(tasks, 1)) << threads << " threads, " << tasks << " tasks";
    }
  }
}

TEST(LanePool, ReturnsOnlyWhenAllTasksAreDone) {
  LanePool pool(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<int> numbers(5);
    pool.run(5, [&](int i) { numbers[i] = i + round; });
    ASSERT_EQ(std::accumulate(numbers.begin(), numbers.end(), 0), 10 + 5 * round);
  }
}

TEST(LanePool, WakesWorkersThatHaveGoneToSleep) {
  LanePool pool(2);
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::vector<int> runs(4);
    pool.run(4, [&](int i) { ++runs[i]; });
    EXPECT_EQ(runs, std::vector<int>(4, 1));
  }
}

TEST(LanePool, ThrowsTheExceptionOfTheLowestTaskAfterAllHaveRun) {
  for (const int threads : {1, 3}) {
    LanePool pool(threads);
    for (int round = 0; round < 50; ++round) {
      std::vector<int> runs(9);
      std::string message;
      try {
        pool.run(9, [&](int i) {
          ++runs[i];
          if (i % 3 == 2) throw std::runtime_error("task " + std::to_string(i));
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      EXPECT_EQ(message, "task 2");
      EXPECT_EQ(runs, std::vector<int>(9, 1));
    }
  }
}

TEST(LanePool, IsAsGoodAsNewAfterAnException) {
  LanePool pool(2);
  EXPECT_THROW(pool.run(2, [](int) { throw std::runtime_error("no"); }), std::runtime_error);
  std::vector<int> runs(4);
  EXPECT_NO_THROW(pool.run(4, [&](int i) { ++runs[i]; }));
  EXPECT_EQ(runs, std::vector<int>(4, 1));
}

TEST(LanePool, CutsARangeIntoPiecesThatMeet) {
  for (const std::int64_t size : {0, 1, 5, 23, 1000}) {
    for (const int parts : {1, 2, 3, 7, 40}) {
      std::int64_t at = 0;
      for (int i = 0; i < parts; ++i) {
        const LanePool::Range range = LanePool::piece(size, parts, i);
        EXPECT_EQ(range.begin, at);
        const std::int64_t count = range.end - range.begin;
        EXPECT_GE(count, size / parts);
        EXPECT_LE(count, (size + parts - 1) / parts);
        at = range.end;
      }
      EXPECT_EQ(at, size);
    }
  }
}

TEST(LanePool, RefusesAnAbsurdNumberOfThreads) {
  EXPECT_EQ(refusal_of([] { LanePool pool(0); }),
            "[lanes] 0 threads asked for, expected 1 to 1024");
  EXPECT_EQ(refusal_of([] { LanePool pool(1025); }),
            "[lanes] 1025 threads asked for, expected 1 to 1024");
}

}  // namespace
}  // namespace gradvar::lanes_test

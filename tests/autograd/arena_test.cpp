#include "autograd/arena.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

namespace gradvar::arena_test {
namespace {

bool aligned(const void* p) { return reinterpret_cast<std::uintptr_t>(p) % kAlignment == 0; }

TEST(Arena, HandsOutAlignedMemoryThatDoesNotOverlap) {
  Arena arena;
  std::vector<std::pair<char*, std::int64_t>> pieces;
  for (const std::int64_t size : {1, 63, 64, 65, 100000, 3, 1 << 20, 7}) {
    char* piece = arena.allocate<char>(size);
    EXPECT_TRUE(aligned(piece));
    std::memset(piece, static_cast<int>(pieces.size()), size);
    pieces.emplace_back(piece, size);
  }
  for (std::size_t k = 0; k < pieces.size(); ++k) {
    const auto [piece, size] = pieces[k];
    EXPECT_TRUE(
        std::all_of(piece, piece + size, [k](char c) { return c == static_cast<char>(k); }));
  }
}

TEST(Arena, GivesDifferentMemoryForNothing) {
  Arena arena;
  EXPECT_NE(arena.allocate<double>(0), arena.allocate<double>(0));
}

TEST(Arena, AllocatesNothingInTheSteadyState) {
  Arena arena;
  const auto step = [&arena] {
    double* first = arena.allocate<double>(1000);
    for (int i = 0; i < 50; ++i) (void)arena.allocate<double>(5000);
    return first;
  };
  step();
  arena.reset();
  const std::size_t held = arena.held_bytes();
  const double* first = step();
  const std::size_t used = arena.used_bytes();
  for (int round = 0; round < 3; ++round) {
    arena.reset();
    EXPECT_EQ(arena.used_bytes(), 0u);
    EXPECT_EQ(step(), first) << "after joining its blocks, every step gets the same memory";
    EXPECT_EQ(arena.held_bytes(), held);
    EXPECT_EQ(arena.used_bytes(), used);
  }
}

TEST(Arena, AfterJoiningItHoldsWhatWasInUseAtMost) {
  Arena arena;
  const auto step = [&arena] {
    (void)arena.allocate<char>(100 << 10);
    {
      const ArenaScope scope(arena);
      for (int i = 0; i < 2; ++i) (void)arena.allocate<char>(150 << 10);
    }
    (void)arena.allocate<char>(70 << 10);
  };
  step();
  EXPECT_GT(arena.held_bytes(), std::size_t{400} << 10);
  arena.reset();
  EXPECT_EQ(arena.held_bytes(), std::size_t{400} << 10);
  step();
  EXPECT_EQ(arena.held_bytes(), std::size_t{400} << 10) << "the most was not enough";
}

TEST(Arena, GrowsByDoublingSoThatBlocksStayFew) {
  Arena arena;
  for (int i = 0; i < 1000; ++i) (void)arena.allocate<char>(10000);
  EXPECT_LE(arena.held_bytes(), 4 * arena.used_bytes());
}

TEST(Arena, AScopeGivesBackWhatItTook) {
  Arena arena;
  const char* kept = arena.allocate<char>(10);
  const std::size_t used = arena.used_bytes();
  const char* scratch = nullptr;
  {
    const ArenaScope scope(arena);
    scratch = arena.allocate<char>(100);
    (void)arena.allocate<char>(1 << 20);  // in a block of its own
  }
  EXPECT_EQ(arena.used_bytes(), used);
  EXPECT_EQ(arena.allocate<char>(100), scratch);
  EXPECT_NE(kept, scratch);
}

TEST(Arena, AScopeOfAnEmptyArenaLeavesItEmpty) {
  Arena arena;
  {
    const ArenaScope scope(arena);
    (void)arena.allocate<char>(1 << 18);
  }
  EXPECT_EQ(arena.used_bytes(), 0u);
  EXPECT_GE(arena.held_bytes(), std::size_t{1} << 18);
}

TEST(Arena, ReusesTheBlocksBehindAMark) {
  Arena arena;
  (void)arena.allocate<char>(1 << 16);
  std::size_t held = 0;
  for (int round = 0; round < 5; ++round) {
    const ArenaScope scope(arena);
    (void)arena.allocate<char>(1 << 18);
    if (round == 0) held = arena.held_bytes();
    EXPECT_EQ(arena.held_bytes(), held);
  }
}

}  // namespace
}  // namespace gradvar::arena_test

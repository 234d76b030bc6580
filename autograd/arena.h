// arena: memory that is handed out in order and taken back all at once.
//
// A step's values, adjoints and ops live here. reset() keeps the memory and, when the last round
// needed several blocks, takes one as large as what was in use at most instead, so that a step like
// the one before allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "autograd/tensor.h"

namespace gradvar {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // count objects of T, uninitialised, 64-byte aligned. T must be trivially destructible.
  template <class T>
  [[nodiscard]] T* allocate(std::int64_t count) {
    return static_cast<T*>(allocate_bytes(static_cast<std::size_t>(count) * sizeof(T)));
  }
  void reset();

  // A place to come back to: everything allocated after mark() is given back by rewind().
  struct Mark {
    std::size_t block;
    std::size_t used;
  };
  [[nodiscard]] Mark mark() const {
    return {current_, blocks_.empty() ? 0 : blocks_[current_].used};
  }
  void rewind(Mark mark);

  // Bytes in use, the most that were since the last reset, and bytes held from the system.
  [[nodiscard]] std::size_t used_bytes() const { return in_use_; }
  [[nodiscard]] std::size_t most_used_bytes() const { return most_in_use_; }
  [[nodiscard]] std::size_t held_bytes() const;

 private:
  struct Block {
    std::byte* memory;
    std::size_t size;
    std::size_t used;
  };
  void* allocate_bytes(std::size_t bytes);

  std::vector<Block> blocks_;
  std::size_t current_ = 0;
  std::size_t in_use_ = 0, most_in_use_ = 0;  // bytes, since the last reset
};

// Scratch memory for the length of a C++ scope.
class ArenaScope {
 public:
  explicit ArenaScope(Arena& arena) : arena_(arena), mark_(arena.mark()) {}
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;
  ~ArenaScope() { arena_.rewind(mark_); }

 private:
  Arena& arena_;
  Arena::Mark mark_;
};

}  // namespace gradvar

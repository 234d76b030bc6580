#include "autograd/arena.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace gradvar {

namespace {

constexpr std::size_t kFirstBlock = std::size_t{1} << 16;

std::size_t whole_lines(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::byte* take(std::size_t bytes) {
  void* memory = std::aligned_alloc(kAlignment, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<std::byte*>(memory);
}

}  // namespace

Arena::~Arena() {
  for (Block& block : blocks_) std::free(block.memory);
}

void* Arena::allocate_bytes(std::size_t bytes) {
  bytes = std::max(whole_lines(bytes), kAlignment);
  while (current_ < blocks_.size() && blocks_[current_].size - blocks_[current_].used < bytes) {
    if (current_ + 1 == blocks_.size()) break;
    ++current_;
  }
  if (blocks_.empty() || blocks_[current_].size - blocks_[current_].used < bytes) {
    const std::size_t size = std::max({bytes, kFirstBlock, held_bytes()});
    blocks_.push_back({take(size), size, 0});
    current_ = blocks_.size() - 1;
  }
  Block& block = blocks_[current_];
  std::byte* memory = block.memory + block.used;
  block.used += bytes;
  in_use_ += bytes;
  most_in_use_ = std::max(most_in_use_, in_use_);
  return memory;
}

void Arena::reset() {
  if (blocks_.size() > 1) {
    const std::size_t total = most_in_use_;
    for (Block& block : blocks_) std::free(block.memory);
    blocks_.clear();
    blocks_.push_back({take(total), total, 0});
  }
  for (Block& block : blocks_) block.used = 0;
  current_ = 0;
  in_use_ = most_in_use_ = 0;
}

void Arena::rewind(Mark mark) {
  for (std::size_t i = mark.block + 1; i < blocks_.size(); ++i) blocks_[i].used = 0;
  if (!blocks_.empty()) blocks_[mark.block].used = mark.used;
  current_ = mark.block;
  in_use_ = 0;
  for (const Block& block : blocks_) in_use_ += block.used;
}

std::size_t Arena::held_bytes() const {
  std::size_t held = 0;
  for (const Block& block : blocks_) held += block.size;
  return held;
}

}  // namespace gradvar

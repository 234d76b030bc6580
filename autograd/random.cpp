#include "autograd/random.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

namespace gradvar {

namespace {

// Multipliers and Weyl constants of Philox4x32 (SC 2011, section 5.2 and table 2).
constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;  // golden ratio
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;  // sqrt(3) - 1
constexpr int kRounds = 10;

// The middle of the k-th of 2^32 equal intervals of (0, 1).
double unit(std::uint32_t word) { return (static_cast<double>(word) + 0.5) * 0x1p-32; }

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

RandomStream::RandomStream(std::uint64_t seed, Purpose purpose) {
  // A 64-bit seed and a purpose do not fit a 64-bit key, so one block hashes them into it.
  const auto hashed =
      philox4x32({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                  static_cast<std::uint32_t>(purpose), 0},
                 {0, 0});
  key_ = {hashed[0], hashed[1]};
}

std::array<std::uint32_t, 4> RandomStream::block(std::uint64_t step, std::uint32_t sample,
                                                 std::uint32_t draw) const {
  return philox4x32(
      {draw, sample, static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32)},
      key_);
}

double RandomStream::uniform(std::uint64_t step, std::uint32_t sample) const {
  return unit(block(step, sample, 0)[0]);
}

std::uint32_t RandomStream::below(std::uint32_t n, std::uint64_t step, std::uint32_t sample) const {
  assert(n > 0);
  const std::uint32_t reject_below = static_cast<std::uint32_t>(-n) % n;  // 2^32 mod n
  for (std::uint32_t draw = 0;; ++draw) {
    for (const std::uint32_t word : block(step, sample, draw)) {
      const std::uint64_t product = std::uint64_t{word} * n;
      if (static_cast<std::uint32_t>(product) >= reject_below) return product >> 32;
    }
  }
}

template <class Real>
void RandomStream::uniforms(std::uint64_t step, std::uint32_t sample, std::span<Real> out) const {
  const Real below_one = 1 - std::numeric_limits<Real>::epsilon() / 2;
  for (std::size_t i = 0; i < out.size(); i += 4) {
    const auto words = block(step, sample, static_cast<std::uint32_t>(i / 4));
    for (std::size_t j = i; j < std::min(i + 4, out.size()); ++j) {
      // The last 128 of the 2^32 intervals would round to 1 in f32.
      out[j] = std::min(static_cast<Real>(unit(words[j - i])), below_one);
    }
  }
}

template <class Real>
void RandomStream::normals(std::uint64_t step, std::uint32_t sample, std::span<Real> out) const {
  for (std::size_t i = 0; i < out.size(); i += 4) {
    const auto words = block(step, sample, static_cast<std::uint32_t>(i / 4));
    for (std::size_t pair = 0; pair < 4 && i + pair < out.size(); pair += 2) {
      const double radius = std::sqrt(-2.0 * std::log(unit(words[pair])));
      const double angle = 2.0 * std::numbers::pi * unit(words[pair + 1]);
      out[i + pair] = static_cast<Real>(radius * std::cos(angle));
      if (i + pair + 1 < out.size()) {
        out[i + pair + 1] = static_cast<Real>(radius * std::sin(angle));
      }
    }
  }
}

void RandomStream::permutation(std::uint64_t step, std::span<std::int64_t> order) const {
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) {
    const std::uint32_t other =
        below(static_cast<std::uint32_t>(i), step, static_cast<std::uint32_t>(i - 1));
    std::swap(order[i - 1], order[other]);
  }
}

template void RandomStream::uniforms(std::uint64_t, std::uint32_t, std::span<float>) const;
template void RandomStream::uniforms(std::uint64_t, std::uint32_t, std::span<double>) const;
template void RandomStream::normals(std::uint64_t, std::uint32_t, std::span<float>) const;
template void RandomStream::normals(std::uint64_t, std::uint32_t, std::span<double>) const;

}  // namespace gradvar

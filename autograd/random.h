// random: numbers that depend on what they are for, not on when they are drawn.
//
// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011) is a bijection of a 128-bit counter under a 64-bit key. Here the key is made from (seed,
// purpose) and the counter is (step, sample, draw): sample 17 of step 900 sees the same noise in
// any batch layout, on any thread, and in a run that was stopped and resumed.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace gradvar {

// One block: four 32-bit words from a counter and a key, ten rounds.
[[nodiscard]] std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                      std::array<std::uint32_t, 2> key);

// What a stream is for. Streams of different purposes never overlap. Values are part of the file
// format of a run: append, never renumber.
enum class Purpose : std::uint32_t {
  kInitialisation = 1,  // weights
  kSource = 2,          // x0 of training pairs
  kTarget = 3,          // x1 of training pairs
  kPairing = 4,         // permutations
  kBatch = 5,           // which pairs a step takes
  kTime = 6,            // t
  kNoise = 7,           // z of the interpolant
  kFreshSource = 8,     // held-out x0
  kFreshTarget = 9,     // held-out x1
  kEvaluation = 10,     // bootstrap, subsampling, kernel-median subsets
  kDirections = 11,     // random projections
  kTest = 12,
  kDropout = 13,  // which elements a dropout layer drops
};

// A family of independent draws for one (seed, purpose).
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Purpose purpose);

  // The block for (step, sample, draw); everything below is made of these.
  [[nodiscard]] std::array<std::uint32_t, 4> block(std::uint64_t step, std::uint32_t sample,
                                                   std::uint32_t draw) const;
  // Uniform in (0, 1), never 0 or 1; 32 bits.
  [[nodiscard]] double uniform(std::uint64_t step, std::uint32_t sample) const;
  // Uniform integer in [0, n), exactly unbiased (Lemire's multiply-and-reject). REQUIRES: n > 0.
  [[nodiscard]] std::uint32_t below(std::uint32_t n, std::uint64_t step,
                                    std::uint32_t sample) const;
  // Fill `out` with draws of one (step, sample): uniforms in (0, 1), or standard normals
  // (Box-Muller in f64 on 32-bit uniforms, so |z| < 6.8), then rounded to Real.
  template <class Real>
  void uniforms(std::uint64_t step, std::uint32_t sample, std::span<Real> out) const;
  template <class Real>
  void normals(std::uint64_t step, std::uint32_t sample, std::span<Real> out) const;
  // A uniformly random order of 0 .. order.size() - 1 (Fisher-Yates over samples as draws).
  void permutation(std::uint64_t step, std::span<std::int64_t> order) const;

 private:
  std::array<std::uint32_t, 2> key_;
};

}  // namespace gradvar

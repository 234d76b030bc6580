// schedule: the learning rate of step k, k = 0, 1, 2, ...
//
//   warm-up    rate (k + 1) / warmup                                        for k < warmup
//   constant   rate
//   cosine     floor + (rate - floor) (1 + cos(pi (k - warmup) / (steps - warmup))) / 2,
//              and floor from step `steps` on
//
// Warm-up counts from one, so that the first step is small and not lost. A schedule is a value: it
// has no state, so a resumed run needs nothing but its spec and k.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gradvar {

struct Schedule {
  enum class Kind { constant, cosine };

  Kind kind = Kind::constant;
  double peak = 1e-3;       // the rate after warm-up
  std::int64_t warmup = 0;  // steps of linear warm-up
  std::int64_t steps = 0;   // cosine: the length of the run, warm-up included
  double floor = 0;         // cosine: where it ends

  // The learning rate of step k, k >= 0.
  [[nodiscard]] double rate(std::uint64_t k) const;

  // Throws std::invalid_argument unless the rate is finite and >= 0, warmup >= 0 and, for a cosine,
  // steps > warmup and 0 <= floor <= rate.
  void validate() const;
  // "constant:rate=0.001,warmup=0" or "cosine:rate=0.001,warmup=100,steps=10000,floor=0".
  [[nodiscard]] std::string spec() const;
  // The reverse. rate may be left out (0.001), and so may warmup and floor (0).
  [[nodiscard]] static Schedule parse(std::string_view spec);
};

}  // namespace gradvar

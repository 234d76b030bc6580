// pair_source: where the pairs of a training step come from.
//
// Fixed pairs are drawn once and kept through training: memorisation needs them. Resampled pairs
// are new at every step. Both give rows by (step, row) alone, so that lanes can draw their own rows
// and a resumed run sees the same batches.
#pragma once

#include <cstdint>
#include <span>

#include "autograd/random.h"
#include "autograd/tensor.h"

namespace gradvar {

template <class Real>
class PairSource {
 public:
  virtual ~PairSource() = default;
  [[nodiscard]] virtual Shape sample_shape() const = 0;
  // Fills x0 and x1 [count, sample...] with rows first .. first + count of the step's batch. Called
  // from several threads at once.
  virtual void draw(std::uint64_t step, std::int64_t first, std::int64_t count, std::span<Real> x0,
                    std::span<Real> x1) const = 0;
};

// N pairs kept for good; every row takes one of them, uniformly and independently.
template <class Real>
class FixedPairs final : public PairSource<Real> {
 public:
  // x0, x1 [N, sample...]. Throws std::invalid_argument when they differ in shape or are empty.
  FixedPairs(const Tensor<double>& x0, const Tensor<double>& x1, std::uint64_t seed);

  [[nodiscard]] Shape sample_shape() const override { return x0_.shape().sample(); }
  void draw(std::uint64_t step, std::int64_t first, std::int64_t count, std::span<Real> x0,
            std::span<Real> x1) const override;

 private:
  Tensor<Real> x0_, x1_;
  RandomStream batch_;
};

}  // namespace gradvar

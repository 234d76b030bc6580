// distribution: where samples come from, on either side of a flow.
//
// A sample is numbered: sample n of step s is one function of (stream, s, n). So a batch drawn in
// two halves is the batch drawn at once, and lanes, threads and resumed runs see the same points.
// All values are f64; a model in f32 rounds them where they enter it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "autograd/random.h"
#include "autograd/tensor.h"

namespace gradvar {

// N(mean, covariance), for the closed forms of exact theory.
struct GaussianLaw {
  Tensor<double> mean;        // [d]
  Tensor<double> covariance;  // [d,d]
};

class Distribution {
 public:
  virtual ~Distribution() = default;

  // The shape of one sample, without the batch: {2}, or {3, 32, 32}.
  [[nodiscard]] virtual Shape sample_shape() const = 0;
  // Fills out [N, sample...] with the samples first_sample .. first_sample + N - 1 of the step.
  // Throws std::invalid_argument when `out` has another sample shape, or a sample's number does not
  // fit 32 bits.
  void draw(const RandomStream& stream, std::uint64_t step, std::int64_t first_sample,
            Tensor<double>& out) const;
  // The same into a new tensor [count, sample...].
  [[nodiscard]] Tensor<double> draw(const RandomStream& stream, std::uint64_t step,
                                    std::int64_t first_sample, std::int64_t count) const;
  // The law, where it is Gaussian.
  [[nodiscard]] virtual std::optional<GaussianLaw> gaussian_law() const { return std::nullopt; }
  // The spec that makes this distribution again, every key written out:
  // "mixture:dim=2,components=8,spread=4,scale=0.5,seed=0".
  [[nodiscard]] virtual std::string spec() const = 0;
  // All points [N, sample...] of a finite set, each as likely as the others; null for the rest.
  [[nodiscard]] virtual const Tensor<double>* points() const { return nullptr; }

 protected:
  // One sample. Everything random comes from (step, sample) of the stream, which is what makes a
  // draw independent of the batch it is in. REQUIRES: out.size() == sample_shape().size().
  virtual void draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                        std::span<double> out) const = 0;
};

}  // namespace gradvar

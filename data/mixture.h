// mixture: equally many samples from each of several Gaussians, in any dimension.
//
//   c_k = spread e_k             the centres, e_k standard normal, drawn once and kept
//   x   = c_k + scale z          k uniform over the components, z standard normal
//
// The centres depend on `seed` alone, not on the seed of a run: every run with the same options
// sees the same target. Centre k is the same for any number of components.
#pragma once

#include "data/distribution.h"

namespace gradvar {

struct MixtureOptions {
  std::int64_t dim = 2;
  std::int64_t components = 8;
  double spread = 4;   // standard deviation of the centres' coordinates
  double scale = 0.5;  // standard deviation within a component
  std::uint64_t seed = 0;
};

class Mixture final : public Distribution {
 public:
  // Throws std::invalid_argument unless dim and components are 1 or more, spread and scale finite,
  // spread 0 or more and scale above 0.
  explicit Mixture(const MixtureOptions& options);

  [[nodiscard]] Shape sample_shape() const override { return Shape{options_.dim}; }
  [[nodiscard]] std::string spec() const override;
  // [components, dim]
  [[nodiscard]] const Tensor<double>& centres() const { return centres_; }

 protected:
  void draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                std::span<double> out) const override;

 private:
  MixtureOptions options_;
  Tensor<double> centres_;
};

}  // namespace gradvar

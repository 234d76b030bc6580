// gaussian: N(mean, covariance).
//
//   x = mean + scale z           independent coordinates
//   x = mean + L z               a full covariance L L^T (Cholesky), z standard normal
#pragma once

#include "data/distribution.h"

namespace gradvar {

struct GaussianOptions {
  Shape shape{2};    // of one sample; d is its size
  double mean = 0;   // of every coordinate
  double scale = 1;  // standard deviation of every coordinate, not its variance
  // d numbers in any shape; takes the place of `mean` unless it is empty.
  Tensor<double> mean_vector{};
  // [d,d], symmetric positive definite; takes the place of `scale` unless it is empty.
  Tensor<double> covariance{};
  // The files those two came from, for spec(); without one, spec() writes the numbers themselves.
  std::string mean_source{};
  std::string covariance_source{};
};

class Gaussian final : public Distribution {
 public:
  // Throws std::invalid_argument for sizes that do not fit, numbers that are not finite, a scale
  // that is not above 0, and a covariance that is not symmetric (to 1e-12 of its largest entry) or
  // not positive definite.
  explicit Gaussian(const GaussianOptions& options);

  [[nodiscard]] Shape sample_shape() const override { return options_.shape; }
  [[nodiscard]] std::optional<GaussianLaw> gaussian_law() const override;
  // "gaussian:dim=2,mean=0,scale=1"; "gaussian:shape=3x32x32,..." when samples are not vectors;
  // mean and covariance are a path or a quoted list, row by row, where they are not one number.
  [[nodiscard]] std::string spec() const override;

 protected:
  void draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                std::span<double> out) const override;

 private:
  GaussianOptions options_;
  Tensor<double> cholesky_;  // L [d,d], lower; empty without a covariance
};

}  // namespace gradvar

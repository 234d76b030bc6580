// planar: the usual toy densities of the plane.
//
// Formulas in the comments: z is a standard normal pair, u uniform in (0,1), all independent. Each
// constructor throws std::invalid_argument for numbers outside what its options say.
#pragma once

#include <array>

#include "data/distribution.h"

namespace gradvar {

// What the densities below share: samples [2], and how one is made from a few random numbers.
class PlanarDistribution : public Distribution {
 public:
  [[nodiscard]] Shape sample_shape() const final { return Shape{2}; }

 protected:
  // The numbers one sample is made of.
  struct Numbers {
    std::array<double, 4> u;  // uniform in (0,1)
    std::array<double, 2> z;  // standard normal
  };
  [[nodiscard]] virtual std::array<double, 2> point(const Numbers& numbers) const = 0;

 private:
  void draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                std::span<double> out) const final;
};

// Eight Gaussians on a circle, k = 0..7 equally likely:
//   x = radius (cos a, sin a) + scale z,   a = k pi/4
// The defaults are those of the torchcfm examples: radius 5, variance 0.1.
struct EightGaussiansOptions {
  double radius = 5;                   // above 0
  double scale = 0.31622776601683794;  // standard deviation, 0 or more
};

class EightGaussians final : public PlanarDistribution {
 public:
  explicit EightGaussians(const EightGaussiansOptions& options);
  [[nodiscard]] std::string spec() const override;

 protected:
  [[nodiscard]] std::array<double, 2> point(const Numbers& numbers) const override;

 private:
  EightGaussiansOptions options_;
};

// Two interleaving half circles, equally likely, stretched and moved as in the torchcfm examples:
//   p = (cos a, sin a)  or  (1 - cos a, 1/2 - sin a),   a uniform in (0, pi)
//   x = 3 (p + noise z) - 1
struct MoonsOptions {
  double noise = 0.1;  // standard deviation before the stretch, 0 or more
};

class Moons final : public PlanarDistribution {
 public:
  explicit Moons(const MoonsOptions& options);
  [[nodiscard]] std::string spec() const override;

 protected:
  [[nodiscard]] std::array<double, 2> point(const Numbers& numbers) const override;

 private:
  MoonsOptions options_;
};

// Every second square of a board of 4 x 4 around the origin, uniform: with side 1, x is uniform in
// (-2, 2), and y in the two squares of that column with floor(x) + floor(y) even.
struct CheckerboardOptions {
  double side = 2;  // of a square, above 0; the board spans (-2 side, 2 side)
};

class Checkerboard final : public PlanarDistribution {
 public:
  explicit Checkerboard(const CheckerboardOptions& options);
  [[nodiscard]] std::string spec() const override;

 protected:
  [[nodiscard]] std::array<double, 2> point(const Numbers& numbers) const override;

 private:
  CheckerboardOptions options_;
};

// Bent arms (Johnson et al., "Composing graphical models with neural networks", 2016), k uniform:
//   f = (1 + radial z_1, tangential z_2)
//   x = scale R(a) f,   a = -2 pi k / arms - rate exp(f_1),   R(a) the rotation by a
struct PinwheelOptions {
  std::int64_t arms = 5;  // 1 or more
  double radial = 0.3;    // standard deviations along an arm and across it, 0 or more
  double tangential = 0.1;
  double rate = 0.25;  // how strongly the arms bend
  double scale = 2;    // above 0
};

class Pinwheel final : public PlanarDistribution {
 public:
  explicit Pinwheel(const PinwheelOptions& options);
  [[nodiscard]] std::string spec() const override;

 protected:
  [[nodiscard]] std::array<double, 2> point(const Numbers& numbers) const override;

 private:
  PinwheelOptions options_;
};

// Spirals from the origin outwards, k uniform, denser outside so that arms are evenly filled:
//   x = radius s (cos a, sin a) + noise z,   s = sqrt(u),   a = 2 pi (turns s + k / arms)
struct SpiralOptions {
  std::int64_t arms = 2;  // 1 or more
  double turns = 1.5;
  double radius = 4;   // where the arms end, above 0
  double noise = 0.1;  // standard deviation, 0 or more
};

class Spiral final : public PlanarDistribution {
 public:
  explicit Spiral(const SpiralOptions& options);
  [[nodiscard]] std::string spec() const override;

 protected:
  [[nodiscard]] std::array<double, 2> point(const Numbers& numbers) const override;

 private:
  SpiralOptions options_;
};

}  // namespace gradvar

// interpolant: the point x_t between a pair and the velocity u_t it is trained towards.
//
//   kind            x_t                                       u_t
//   linear          (1-t) x0 + t x1                           x1 - x0
//   constant noise  (1-t) x0 + t x1 + s z                     x1 - x0
//   bridge          (1-t) x0 + t x1 + s sqrt(t(1-t)) z        x1 - x0
//   bridge, full    the same                                  x1 - x0 + gamma'(t) z
//   trigonometric   cos(pi t/2) x0 + sin(pi t/2) x1           its derivative in t
//
// z is standard normal and s is sigma; gamma'(t) = s (1 - 2t) / (2 sqrt(t(1-t))). With the plain
// bridge the target is not the velocity of the path; the full one is, and has no finite second
// moment over (0, 1): gamma' grows like s / (2 sqrt(t)) at the ends.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gradvar {

enum class InterpolantKind { kLinear, kConstantNoise, kBridge, kTrigonometric };
enum class BridgeTarget { kDisplacement, kFull };

struct Interpolant {
  InterpolantKind kind = InterpolantKind::kLinear;
  double sigma = 0;
  BridgeTarget target = BridgeTarget::kDisplacement;

  // Whether z enters: noise of a size above 0.
  [[nodiscard]] bool needs_noise() const { return sigma > 0; }
  // Whether the target has no second moment up to t = 0 and 1, as that of the full bridge: then
  // loss and gradient variance are infinite there for every field.
  [[nodiscard]] bool infinite_at_ends() const {
    return kind == InterpolantKind::kBridge && target == BridgeTarget::kFull && needs_noise();
  }
  // Throws std::invalid_argument unless sigma is finite and 0 or more, and 0 where there is none.
  void validate() const;
  // "linear", "constant:sigma=0.05", "bridge:sigma=0.1", "bridge-full:sigma=0.1",
  // "trigonometric".
  [[nodiscard]] std::string spec() const;
  // The reverse; "bridge:sigma=0.1,target=full" is the same as bridge-full.
  [[nodiscard]] static Interpolant parse(std::string_view spec);

  // x_t = a x0 + b x1 + c z and u_t = da x0 + db x1 + dc z at one time. For a bridge c is NaN
  // outside 0 <= t <= 1, and dc of the full one is infinite at t = 0 and 1.
  struct Coefficients {
    double a, b, c, da, db, dc;
  };
  [[nodiscard]] Coefficients coefficients(double t) const;

  // x_t and u_t [rows, d] from x0, x1 [rows, d], t [rows] and z [rows, d] (empty without noise).
  // Throws std::invalid_argument for sizes that do not fit, for a bridge outside 0 <= t <= 1, and
  // for the full bridge at t = 0 or 1, where its target is infinite, naming the sample.
  template <class Real>
  void interpolate(std::int64_t rows, std::span<const Real> x0, std::span<const Real> x1,
                   std::span<const Real> t, std::span<const Real> z, std::span<Real> x_t,
                   std::span<Real> u_t) const;
};

}  // namespace gradvar

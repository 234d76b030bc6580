#include "flow/interpolant.h"

#include <cmath>
#include <numbers>

#include "autograd/check.h"
#include "io/number_text.h"
#include "io/spec.h"

namespace gradvar {

Interpolant::Coefficients Interpolant::coefficients(double t) const {
  switch (kind) {
    case InterpolantKind::kLinear:
      break;
    case InterpolantKind::kConstantNoise:
      return {1 - t, t, sigma, -1, 1, 0};
    case InterpolantKind::kBridge: {
      const double root = std::sqrt(t * (1 - t));
      const bool full = target == BridgeTarget::kFull && sigma > 0;
      return {1 - t, t, sigma * root, -1, 1, full ? sigma * (1 - 2 * t) / (2 * root) : 0};
    }
    case InterpolantKind::kTrigonometric: {
      const double turn = std::numbers::pi / 2, angle = turn * t;
      return {std::cos(angle),         std::sin(angle),        0,
              -turn * std::sin(angle), turn * std::cos(angle), 0};
    }
  }
  return {1 - t, t, 0, -1, 1, 0};
}

void Interpolant::validate() const {
  check(std::isfinite(sigma) && sigma >= 0, "interpolant",
        "sigma is " + number_text(sigma) + ", expected a finite number of 0 or more");
  const bool has_noise =
      kind == InterpolantKind::kConstantNoise || kind == InterpolantKind::kBridge;
  check(has_noise || sigma == 0, "interpolant",
        "sigma is " + number_text(sigma) + " for an interpolant without noise, expected 0");
}

std::string Interpolant::spec() const {
  switch (kind) {
    case InterpolantKind::kLinear:
      break;
    case InterpolantKind::kConstantNoise:
      return SpecWriter("constant").number("sigma", sigma).text();
    case InterpolantKind::kBridge:
      return SpecWriter(target == BridgeTarget::kFull ? "bridge-full" : "bridge")
          .number("sigma", sigma)
          .text();
    case InterpolantKind::kTrigonometric:
      return "trigonometric";
  }
  return "linear";
}

Interpolant Interpolant::parse(std::string_view text) {
  SpecReader spec(text);
  Interpolant interpolant;
  if (spec.name() == "linear") {
    interpolant.kind = InterpolantKind::kLinear;
  } else if (spec.name() == "constant") {
    interpolant.kind = InterpolantKind::kConstantNoise;
    interpolant.sigma = spec.number("sigma", 0.05);
  } else if (spec.name() == "bridge") {
    interpolant.kind = InterpolantKind::kBridge;
    interpolant.sigma = spec.number("sigma", 0.05);
    if (spec.choice("target", "displacement", {"displacement", "full"}) == "full") {
      interpolant.target = BridgeTarget::kFull;
    }
  } else if (spec.name() == "bridge-full") {
    interpolant.kind = InterpolantKind::kBridge;
    interpolant.sigma = spec.number("sigma", 0.05);
    interpolant.target = BridgeTarget::kFull;
  } else if (spec.name() == "trigonometric") {
    interpolant.kind = InterpolantKind::kTrigonometric;
  } else {
    spec.unknown_name({"linear", "constant", "bridge", "bridge-full", "trigonometric"});
  }
  spec.done();
  interpolant.validate();
  return interpolant;
}

template <class Real>
void Interpolant::interpolate(std::int64_t rows, std::span<const Real> x0, std::span<const Real> x1,
                              std::span<const Real> t, std::span<const Real> z, std::span<Real> x_t,
                              std::span<Real> u_t) const {
  const std::size_t size = x0.size(), z_size = needs_noise() ? size : 0;
  check(static_cast<std::int64_t>(t.size()) == rows && x1.size() == size && x_t.size() == size &&
            u_t.size() == size && (z.size() == z_size || (z_size == 0 && z.size() == size)) &&
            (rows == 0 ? size == 0 : size % static_cast<std::size_t>(rows) == 0),
        "interpolant", [&] {
          return "x0, x1, z have " + std::to_string(size) + ", " + std::to_string(x1.size()) +
                 ", " + std::to_string(z.size()) + " numbers and t has " +
                 std::to_string(t.size()) +
                 ", expected equally many rows, and z where there is noise";
        });
  const std::size_t d = rows == 0 ? 0 : size / static_cast<std::size_t>(rows);
  for (std::size_t n = 0; n < t.size(); ++n) {
    const Coefficients at = coefficients(static_cast<double>(t[n]));
    const auto time_is = [&](const char* expected) {
      return "t of sample " + std::to_string(n) + " is " + number_text(static_cast<double>(t[n])) +
             expected;
    };
    check(std::isfinite(at.dc) || !std::isfinite(at.c), "interpolant", [&] {
      return time_is(", where the full bridge target is infinite; expected 0 < t < 1");
    });
    check(std::isfinite(at.c), "interpolant",
          [&] { return time_is(", expected 0 <= t <= 1 for a bridge"); });
    const auto a = static_cast<Real>(at.a), b = static_cast<Real>(at.b);
    const auto da = static_cast<Real>(at.da), db = static_cast<Real>(at.db);
    for (std::size_t i = n * d; i < (n + 1) * d; ++i) {
      x_t[i] = a * x0[i] + b * x1[i];
      u_t[i] = da * x0[i] + db * x1[i];
    }
    if (z_size == 0) continue;
    const auto c = static_cast<Real>(at.c), dc = static_cast<Real>(at.dc);
    for (std::size_t i = n * d; i < (n + 1) * d; ++i) {
      x_t[i] += c * z[i];
      u_t[i] += dc * z[i];
    }
  }
}

template void Interpolant::interpolate(std::int64_t, std::span<const float>, std::span<const float>,
                                       std::span<const float>, std::span<const float>,
                                       std::span<float>, std::span<float>) const;
template void Interpolant::interpolate(std::int64_t, std::span<const double>,
                                       std::span<const double>, std::span<const double>,
                                       std::span<const double>, std::span<double>,
                                       std::span<double>) const;

}  // namespace gradvar

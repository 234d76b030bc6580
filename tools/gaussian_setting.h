// gaussian_setting: N(0, I) to N(m, S), who is paired with whom, and whose field: what the exact
// theory (flow/gaussian_theory.h) is asked about, by `gradvar theory` and by the gaussian study.
//
//   coupling   a map, x1 = S^1/2 R x0 + m with R a rotation (none: the optimal map), or independent
//   field      that of the optimal map S^1/2 x + m, or that of the pairs' own map (Lemma 1)
#pragma once

#include <cstdint>

#include "flow/affine_map.h"
#include "flow/gaussian_theory.h"
#include "flow/interpolant.h"

namespace gradvar {

enum class GaussianPairs { kRotated, kOptimal, kIndependent };
enum class GaussianField { kOptimal, kPairs };

struct GaussianSetting {
  GaussianMoments target;  // N(m, S); its size is the dimension
  GaussianPairs pairs = GaussianPairs::kOptimal;
  double angle = 0;         // degrees
  std::int64_t planes = 1;  // rotated: the first so many of (1,2), (3,4), ...
  GaussianField field = GaussianField::kOptimal;
  Interpolant interpolant = {};

  [[nodiscard]] std::int64_t dim() const { return target.mean.size(); }
  [[nodiscard]] GaussianMoments source() const;
  [[nodiscard]] AffineMap optimal() const;
  // The pairs' own map. Throws std::invalid_argument for independent pairs, which have none, and
  // when there is no such plane.
  [[nodiscard]] AffineMap map() const;
  // The map whose field it is.
  [[nodiscard]] AffineMap field_map() const;
  [[nodiscard]] GaussianCoupling coupling() const;
  [[nodiscard]] GaussianTheory theory() const;
};

// N(0, I), and N(0, c^2 I).
[[nodiscard]] GaussianMoments isotropic_gaussian(std::int64_t dim, double scale = 1);

}  // namespace gradvar

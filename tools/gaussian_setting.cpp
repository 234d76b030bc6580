#include "tools/gaussian_setting.h"

#include "autograd/check.h"

namespace gradvar {

GaussianMoments isotropic_gaussian(std::int64_t dim, double scale) {
  GaussianMoments law{Tensor<double>(Shape{dim}), Tensor<double>(Shape{dim, dim})};
  for (std::int64_t i = 0; i < dim; ++i) law.covariance[i * dim + i] = scale * scale;
  return law;
}

GaussianMoments GaussianSetting::source() const { return isotropic_gaussian(dim()); }

AffineMap GaussianSetting::optimal() const { return optimal_map(source(), target); }

AffineMap GaussianSetting::map() const {
  check(pairs != GaussianPairs::kIndependent, "coupling", "independent pairs have no map");
  if (pairs == GaussianPairs::kOptimal) return optimal();
  return rotated_map(source(), target, rotation_matrix(dim(), angle, planes));
}

AffineMap GaussianSetting::field_map() const {
  return field == GaussianField::kPairs ? map() : optimal();
}

GaussianCoupling GaussianSetting::coupling() const {
  if (pairs == GaussianPairs::kIndependent) return GaussianCoupling::independent(source(), target);
  return GaussianCoupling::mapped(source(), map());
}

GaussianTheory GaussianSetting::theory() const { return {coupling(), field_map(), interpolant}; }

}  // namespace gradvar

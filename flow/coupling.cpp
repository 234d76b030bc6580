#include "flow/coupling.h"

#include <utility>
#include <vector>

#include "autograd/check.h"
#include "flow/distances.h"

namespace gradvar {

Tensor<double> Coupling::sources(const Tensor<double>&) const {
  fail("coupling", "'" + spec() + "' makes its pairs from sources, not from targets");
}

Tensor<double> IndependentCoupling::partners(const Tensor<double>& x0, Tensor<double> targets,
                                             const RandomStream&) const {
  check_same_shape("independent", "the source set", x0.shape(), "the target set", targets.shape());
  return targets;
}

Tensor<double> PermutationCoupling::partners(const Tensor<double>& x0, Tensor<double> targets,
                                             const RandomStream& stream) const {
  check_same_shape("permutation", "the source set", x0.shape(), "the target set", targets.shape());
  std::vector<std::int64_t> order(static_cast<std::size_t>(targets.rows()));
  stream.permutation(0, order);
  return select_rows(targets, order);
}

MapCoupling::MapCoupling(AffineMap map, std::string spec)
    : map_(std::move(map)), spec_(std::move(spec)) {
  const std::int64_t d = map_.dim();
  check(d >= 1 && map_.matrix.shape() == Shape({d, d}), "affine",
        "the matrix is " + map_.matrix.shape().to_string() + ", the offset has " +
            std::to_string(d) + " entries: expected a square matrix of as many rows");
}

Tensor<double> MapCoupling::partners(const Tensor<double>& x0, Tensor<double>,
                                     const RandomStream&) const {
  return map_.apply(x0);
}

}  // namespace gradvar
